import type { Job, Program } from '../../src/actions/sandbox/runner-process.js'
import type { RunOutcome } from '../../src/actions/sandbox/program-pool.js'
import { Sandbox, type SandboxLimits } from '../../src/actions/sandbox/sandbox.js'

let made = 0

/** An Action's text as a program; `body` is that of its handler. */
export const programOf = (code: string, over: Partial<Program> = {}): Program => ({
  id: `program-${++made}`,
  trigger: 'post-login',
  code,
  bundle: undefined,
  secrets: {},
  allowedHosts: [],
  ...over,
})

export const handler = (body: string): string => `exports.onExecutePostLogin = async (event, api) => { ${body} }`

export const LIMITS: SandboxLimits = { memoryMb: 256, poolSize: 2, network: { mode: 'deny', allowedHosts: [], privateTargets: false } }

export const aSandbox = (over: Partial<SandboxLimits> = {}): Sandbox => new Sandbox({ ...LIMITS, ...over })

export const jobOf = (event: object = {}, over: Partial<Job> = {}): Job => ({
  entrypoint: 'onExecutePostLogin',
  event: { request: { query: {}, body: {}, geoip: {} }, user: { user_id: 'auth0|ada' }, transaction: { metadata: {} }, ...event },
  context: { refreshTokenMetadata: {}, cache: {}, commands: 0 },
  ...over,
})

/** Runs a handler's body and answers what became of it. */
export const runBody = (sandbox: Sandbox, body: string, { withinMs = 30_000, event = {}, program = {} }: RunOptions = {}): Promise<RunOutcome> =>
  sandbox.run(programOf(handler(body), program), jobOf(event), performance.now() + withinMs)

interface RunOptions {
  readonly withinMs?: number
  readonly event?: object
  readonly program?: Partial<Program>
}

/** The claims that an execution asked for, by name. */
export function claimsOf(outcome: RunOutcome): Record<string, unknown> {
  if (outcome.kind !== 'done' || outcome.report.error) throw new Error(`the Action did not do it: ${JSON.stringify(outcome)}`)
  return Object.fromEntries(outcome.report.commands.flatMap((command) => (command.type === 'claim' ? [[command.key, command.value]] : [])))
}

/** The sandbox does its work. */
export async function expectHealthy(sandbox: Sandbox): Promise<void> {
  expect(claimsOf(await runBody(sandbox, `api.idToken.setCustomClaim('fine', 1)`))).toEqual({ fine: 1 })
}
