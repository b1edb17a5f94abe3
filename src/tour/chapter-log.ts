import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Caller } from './caller.js'
import type { Scene } from './chapter-set-up.js'
import { type Narrator, told } from './narrator.js'

/** What must stand in the log by now, in this order, and what each means. */
const STORY: readonly (readonly [code: string, meaning: string])[] = [
  ['fp', 'wrong password'],
  ['s', 'logged in'],
  ['seacft', 'code exchanged'],
  ['sertft', 'rotated'],
  ['sertft', 'retried'],
  ['sertft', 'rotated again'],
  ['ferrt', 'a spent token came back: everything of that login revoked'],
  ['fertft', 'the newest token, refused'],
  ['ssa', 'single sign-on'],
  ['seacft', 'code exchanged'],
  ['srrt', 'token handed back'],
  ['fertft', 'and refused from then on'],
]

export async function readLog(narrator: Narrator, caller: Caller, scene: Scene): Promise<void> {
  narrator.chapter('The security team reads the log')
  narrator.step('All that the app did, in order, as Auth0’s log events; a SIEM would follow the same log by checkpoints.')
  const { json: rows } = await caller.call<{ type: string; date: string; user_name: string; ip: string }[]>({
    method: 'GET',
    path: `api/v2/logs?q=${encodeURIComponent(`client_id:"${scene.clientId}"`)}&sort=log_id:1&fields=type,date,user_name,ip,details`,
    headers: scene.authorization,
    expected: 200,
  })
  const found = rows.map(({ type }) => type).join(' ')
  const expected = STORY.map(([code]) => code).join(' ')
  told(found === expected, `the log says ${found} instead of ${expected}`)
  for (const [n, { type, date, user_name: name, ip }] of rows.entries()) {
    narrator.remark(`${date.slice(11, 23)}  ${type.padEnd(7)} ${name || '–'} from ${ip || '–'}: ${STORY[n]![1]}`)
    told(!JSON.stringify(rows[n]).includes(scene.password), 'no secret stands in the log')
  }
}

export async function verifyLog(narrator: Narrator): Promise<void> {
  narrator.chapter('Nobody has to believe it')
  narrator.step('Every event is hashed into its stream and sealed under a signature; evergrant verify recomputes all of it.')
  const cli = fileURLToPath(new URL('../cli/main.js', import.meta.url))
  narrator.remark('→ evergrant verify')
  const { code, output } = await run(process.execPath, [cli, 'verify'])
  narrator.remark(`← ${output.trim()}`)
  told(code === 0, 'the log is intact')
}

function run(command: string, args: readonly string[]): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text))
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, output }))
  })
}
