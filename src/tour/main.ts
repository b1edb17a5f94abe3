import { randomBytes } from 'node:crypto'
import { loadConfig } from '../config.js'
import { Caller } from './caller.js'
import { clearUp, setUp } from './chapter-set-up.js'
import { logIn } from './chapter-login.js'
import { useTokens } from './chapter-tokens.js'
import { readLog, verifyLog } from './chapter-log.js'
import { managementCredentials } from './management-credentials.js'
import { Narrator, NotAsTold } from './narrator.js'

/** Plays a real life against the running service and tells it; the exit code says whether all went as told. */
async function main(): Promise<number> {
  const narrator = new Narrator((text) => process.stdout.write(text))
  try {
    const { issuer } = loadConfig()
    process.stdout.write(`A tour of Evergrant at ${issuer}, in requests (→) and answers (←).\n`)
    const caller = new Caller(issuer, narrator)
    // What a run makes bears its own mark, so that runs never meet.
    const scene = await setUp(narrator, caller, await managementCredentials(), randomBytes(4).toString('hex'))
    const login = await logIn(narrator, caller, scene)
    await useTokens(narrator, caller, scene, login)
    await readLog(narrator, caller, scene)
    await clearUp(narrator, caller, scene)
    await verifyLog(narrator)
    process.stdout.write('\nEverything went as told.\n')
    return 0
  } catch (error) {
    process.stderr.write(`\n${error instanceof NotAsTold ? 'Not as told' : 'The tour cannot go on'}: ${reason(error)}\n`)
    return 1
  }
}

/** What fetch throws says little; its cause says that nobody listens. */
function reason(error: unknown): string {
  const { message, cause } = error as { message: string; cause?: { code?: string; message?: string } }
  if (cause?.code === 'ECONNREFUSED') return 'nobody listens there; npm start starts the service'
  return cause?.message ? `${message}: ${cause.message}` : message
}

process.exitCode = await main()
