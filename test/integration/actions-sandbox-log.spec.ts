import { EngineError } from '../../src/actions/sandbox/engine.js'
import { Sandbox } from '../../src/actions/sandbox/sandbox.js'
import { eventually } from '../support/eventually.js'
import { expectHealthy, handler, jobOf, LIMITS, programOf } from '../support/sandbox.js'

let told: [level: string, message: string, detail: object][]
let sandbox: Sandbox
const hearing =
  (level: string) =>
  (message: string, detail: object): number =>
    told.push([level, message, detail])
const hear = { log: hearing('log'), warn: hearing('warn'), error: hearing('error') }
beforeEach(() => {
  told = []
  sandbox = new Sandbox(LIMITS, hear)
})
afterEach(() => sandbox.close())

describe('the operator hears', () => {
  it('why no Action can run on this machine', async () => {
    const reason = new EngineError('the Actions engine is not installed')
    const without = new Sandbox(LIMITS, hear, () => Promise.reject(reason))
    expect(await without.run(programOf(handler('')), jobOf(), performance.now() + 1000)).toEqual({ kind: 'unavailable' })
    expect(told[0]).toEqual(['error', 'no Action can run', { err: reason }])
    without.close()
  })

  it('once, what is around the engine', async () => {
    await expectHealthy(sandbox)
    await expectHealthy(sandbox)
    expect(told).toEqual([['log', 'Actions run here', { layer: await sandbox.layer() }]])
  })

  it('of a runner that died, and how', async () => {
    await expectHealthy(sandbox)
    const [runnerPid] = sandbox.pids
    process.kill(runnerPid!, 'SIGKILL')
    await eventually(() => told.length > 1)
    expect(told.slice(1)).toEqual([['warn', 'a runner of an Action died', { runnerPid, program: expect.any(String), how: 'SIGKILL' }]])
  })

  it('nothing of a runner that is not needed any more', async () => {
    await expectHealthy(sandbox)
    sandbox.retire(new Set())
    await eventually(() => sandbox.pids.length === 0)
    expect(told).toHaveLength(1)
  })
})
