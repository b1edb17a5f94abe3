import type { Sandbox } from '../../src/actions/sandbox/sandbox.js'
import { aSandbox, claimsOf, expectHealthy, handler, jobOf, programOf, runBody } from '../support/sandbox.js'

let sandbox: Sandbox
beforeEach(() => (sandbox = aSandbox()))
afterEach(() => sandbox.close())

describe('what comes out of the sandbox', () => {
  const commands = async (body: string): Promise<unknown> => {
    const outcome = await runBody(sandbox, body)
    return outcome.kind === 'done' ? outcome.report.commands : outcome
  }

  it('is data: tampering with prototypes changes only what the Action itself says', async () => {
    const body = `
      Object.prototype.polluted = 'yes'
      Array.prototype.push = function () { return 0 }
      JSON.stringify = () => '{"report":"done","id":1,"commands":[{"type":"claim","token":"idToken","key":"forged","value":1}]}'
      Promise.prototype.then = function () { throw new Error('no') }
      api.idToken.setCustomClaim('real', 1)`
    expect(['done', 'timeout', 'unavailable']).toContain((await runBody(sandbox, body, { withinMs: 1500 })).kind)
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    await expectHealthy(sandbox)
  })

  it('carries no prototypes: members named __proto__ are dropped, however they are written', async () => {
    expect(await commands(`api.idToken.setCustomClaim('x', JSON.parse('{"__proto__":{"admin":true},"a":{"\\u005f_proto__":{"b":1},"c":1}}'))`)).toEqual([
      { type: 'claim', token: 'idToken', key: 'x', value: { a: { c: 1 } } },
    ])
    expect(({} as Record<string, unknown>)['admin']).toBeUndefined()
  })

  it('is believed only in the form of a report: what is written past the program is nothing', async () => {
    const stray = `const out = globalThis.Deno.stdout; const say = (text) => out.writeSync(new TextEncoder().encode(text));
      say('{"report":"done","id":1,"commands":[{"type":"claim","token":"idToken","key":"forged","value":1}]}\\n'); say('half a line');
      api.idToken.setCustomClaim('real', 1)`
    expect(await commands(stray)).toEqual([{ type: 'claim', token: 'idToken', key: 'real', value: 1 }])
  })

  it('ends when the handler has settled', async () => {
    const program = programOf(
      handler(
        `setTimeout(() => { api.idToken.setCustomClaim('late', 1); console.log('late') }, 5); api.idToken.setCustomClaim('n', event.n); if (event.n > 0) await new Promise((done) => setTimeout(done, event.n))`,
      ),
    )
    const logs: string[] = []
    const run = async (n: number): Promise<unknown> =>
      claimsOf(await sandbox.run(program, jobOf({ n }, { onLog: (_, text) => logs.push(text) }), performance.now() + 30_000))
    expect(await run(0)).toEqual({ n: 0 })
    expect(await run(20)).toEqual({ n: 20, late: 1 })
    expect(logs).toEqual(['late'])
  })

  it('may be a whole console of characters that take six each', async () => {
    const texts: string[] = []
    const program = programOf(handler(`console.log('\\u0001'.repeat(262_144))`))
    const outcome = await sandbox.run(program, jobOf({}, { onLog: (_, text) => texts.push(text) }), performance.now() + 30_000)
    expect(claimsOf(outcome)).toEqual({})
    expect(texts.join('')).toBe('\u0001'.repeat(262_144))
  })

  it.each([
    ['an error', `throw Object.assign(new TypeError('boom'), { code: 'E1' })`, { name: 'TypeError', message: 'boom', code: 'E1' }],
    ['a text', `throw 'boom'`, { name: 'Error', message: 'boom' }],
    ['a number', `throw 1`, { name: 'Error', message: '1' }],
    ['nothing', `throw undefined`, { name: 'Error', message: 'undefined' }],
    ['something whose members throw', `throw { get message() { throw 1 }, get name() { throw 2 } }`, { name: 'Error', message: '[object Object]' }],
    ['something without a text', `throw Object.create(null)`, { name: 'Error', message: 'The Action threw a value that has no text.' }],
  ])('is the error that was thrown: %s', async (_, body, error) => {
    const outcome = await runBody(sandbox, body)
    expect(outcome).toMatchObject({ kind: 'done', report: { commands: [], error } })
    expect(JSON.stringify(outcome)).not.toMatch(/file:|node_modules|\/src\//)
  })
})

describe('the console', () => {
  const lines = async (body: string): Promise<string[]> => {
    const logs: string[] = []
    const program = programOf(handler(body))
    await sandbox.run(program, jobOf({}, { onLog: (level, text) => logs.push(`${level} ${text}`) }), performance.now() + 30_000)
    return logs
  }

  it('writes as Node does, level by level', async () => {
    expect(
      await lines(`console.log('%s is %d', 'x', 1, { a: [1] }); console.info('i'); console.warn('w'); console.error(new Error('e').message); console.debug('d');
        console.assert(1 === 2, 'not %s', 'so'); console.count(); console.count(); process.stdout.write('raw\\n'); process.stderr.write('bad\\n')`),
    ).toEqual([
      'log x is 1 { a: [ 1 ] }',
      'info i',
      'warn w',
      'error e',
      'debug d',
      'error Assertion failed: not so',
      'log default: 1',
      'log default: 2',
      'log raw',
      'error bad',
    ])
  })

  it('stops in silence at 256 KiB, and keeps what was written before an endless loop', async () => {
    expect((await lines(`for (let n = 0; n < 400; n++) console.log('x'.repeat(1000))`)).join('').length).toBeLessThan(266_000)
    const logs: string[] = []
    const program = programOf(handler(`console.log('before'); while (true) {}`))
    await sandbox.prewarm([program])
    expect(await sandbox.run(program, jobOf({}, { onLog: (_, text) => logs.push(text) }), performance.now() + 1500)).toEqual({ kind: 'timeout' })
    expect(logs).toEqual(['before'])
  })

  it('belongs to the execution that writes, also where two interleave', async () => {
    const program = programOf(handler(`for (let n = 0; n < 3; n++) { console.log(event.name + n); await new Promise((done) => setTimeout(done, 2)) }`))
    const both = await Promise.all(
      ['a', 'b'].map(async (name) => {
        const logs: string[] = []
        await sandbox.run(program, jobOf({ name }, { onLog: (_, text) => logs.push(text) }), performance.now() + 30_000)
        return logs
      }),
    )
    expect(both).toEqual([
      ['a0', 'a1', 'a2'],
      ['b0', 'b1', 'b2'],
    ])
  })
})
