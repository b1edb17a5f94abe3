import type { Sandbox } from '../../src/actions/sandbox/sandbox.js'
import { eventually } from '../support/eventually.js'
import { aSandbox, expectHealthy, handler, jobOf, programOf } from '../support/sandbox.js'

let told: [level: string, message: string, detail: object][]
let sandbox: Sandbox
beforeEach(() => {
  told = []
  const hear =
    (level: string) =>
    (message: string, detail: object): number =>
      told.push([level, message, detail])
  sandbox = aSandbox({}, { log: hear('log'), warn: hear('warn'), error: hear('error') })
})
afterEach(() => sandbox.close())

describe('the operator hears', () => {
  it('why no Action can run on this machine', async () => {
    const arch = Object.getOwnPropertyDescriptor(process, 'arch')!
    Object.defineProperty(process, 'arch', { ...arch, value: 'mips' })
    try {
      expect(await sandbox.run(programOf(handler('')), jobOf(), performance.now() + 1000)).toEqual({ kind: 'unavailable' })
    } finally {
      Object.defineProperty(process, 'arch', arch)
    }
    const reason = expect.stringMatching(/^the Actions engine @deno\/\S*mips\S* is not installed/) as string
    expect(told[0]).toEqual(['error', 'no Action can run', { err: expect.objectContaining({ message: reason }) as object }])
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
