import { existsSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import type { Report } from '../../src/actions/runner/frames.js'
import { findEngine } from '../../src/actions/sandbox/engine.js'
import type { RunOutcome } from '../../src/actions/sandbox/program-pool.js'
import type { Sandbox } from '../../src/actions/sandbox/sandbox.js'
import { eventually } from '../support/eventually.js'
import { aSandbox, claimsOf, expectHealthy, handler, jobOf, programOf, runBody } from '../support/sandbox.js'
import { isAlive } from '../support/service.js'

let sandbox: Sandbox
beforeEach(() => (sandbox = aSandbox()))
afterEach(() => sandbox.close())

describe('what an Action cannot reach', () => {
  /** Would be there if a program had run. */
  const TRACE = path.join(os.tmpdir(), `evergrant-trace-${process.pid}`)
  /** Each expression is tried inside; what it throws, or that it did not, comes out as a claim. */
  const REFUSED: Record<string, readonly [expression: string, refusal: RegExp]> = {
    'a file': [`require('fs').readFileSync('/etc/passwd', 'utf8')`, /Requires read access/],
    'whether a file is there': [`require('fs').existsSync('/etc/passwd')`, /Requires read access|false/],
    'a file by a promise': [`await require('fs/promises').readFile('/etc/hostname')`, /Requires read access/],
    'a folder': [`require('fs').readdirSync('/')`, /Requires read access/],
    'a new file': [`require('fs').writeFileSync('/tmp/evil', 'x')`, /Requires write access/],
    'a file by import': [`await Function("return import('file:///etc/' + 'passwd')")()`, /Requires read access|import callback/],
    'a file by fetch': [`await fetch('file:///etc/passwd')`, /Requires read access/],
    'a file by a module loader': [`require('module').createRequire('file:///etc/')('./passwd')`, /Requires read access/],
    'a database file': [`new (require('sqlite').DatabaseSync)('/tmp/evil.db')`, /Requires read access/],
    'the memory of processes': [`require('fs').readFileSync('/proc/self/environ')`, /Requires read access/],
    'another program': [
      `await new Promise((resolve, reject) => require('child_process').spawn('/bin/true').on('error', reject).on('exit', resolve))`,
      /Requires (env|run) access/,
    ],
    'the environment of its process': [`globalThis.Deno.env.set('ALL_PROXY', 'socks5://localhost:1080')`, /Requires env access/],
    'another program by a shell': [`require('child_process').execSync('touch ${TRACE}')`, /Command failed|Requires (env|run) access/],
    'another program by the engine': [`new (globalThis.Deno.Command)('/bin/true').outputSync()`, /Requires run access/],
    'a native library': [`process.dlopen({ exports: {} }, '/lib/x86_64-linux-gnu/libc.so.6')`, /Requires ffi access/],
    'a signal to the service': [`globalThis.Deno.kill(globalThis.Deno.ppid, 'SIGTERM')`, /Requires run access/],
    'the machine’s name': [`require('os').hostname()`, /Requires sys access/],
    'the machine’s addresses': [`require('os').networkInterfaces()`, /Requires sys access/],
    'the account it runs as': [`require('os').userInfo()`, /Requires sys access/],
    'a server of its own': [
      `await new Promise((resolve, reject) => require('net').createServer().on('error', reject).listen(0, resolve))`,
      /Requires net access/,
    ],
    'loopback by fetch': [`await fetch('http://127.0.0.1:18080/')`, /Requires net access/],
    'loopback by its name': [`await fetch('http://localhost:18080/')`, /Requires net access/],
    'the metadata address': [`await fetch('http://169.254.169.254/latest/meta-data/')`, /Requires net access/],
    'a private address': [`await fetch('http://10.0.0.1/')`, /Requires net access/],
    'a public address': [`await fetch('https://example.com/')`, /Requires net access/],
    'a socket': [
      `await new Promise((resolve, reject) => require('net').connect(1, '127.0.0.1').on('error', reject).on('connect', resolve))`,
      /Requires net access/,
    ],
    'node:http': [`await new Promise((resolve, reject) => require('http').get('http://127.0.0.1:18080/', resolve).on('error', reject))`, /Requires net access/],
    'a web socket': [
      `await new Promise((resolve, reject) => { const s = new WebSocket('ws://127.0.0.1:18080'); s.onerror = (e) => reject(e.error); s.onopen = resolve })`,
      /Requires net access/,
    ],
    'a unix socket': [
      `await new Promise((resolve, reject) => require('net').connect('/var/run/docker.sock').on('error', reject).on('connect', resolve))`,
      /Requires (read|net) access/,
    ],
    'a name server': [`await require('dns').promises.resolve4('example.com')`, /UNKNOWN|EPERM|Requires net access|REFUSED/],
    'code from the web': [`await Function("return import('https://example.com/x.js')")()`, /Requires import access|import callback/],
    'a package from the web': [`await Function("return import('npm:lodash')")()`, /no-npm|import callback/],
    'an inspector': [`require('inspector')`, /Cannot find module 'inspector'/],
    threads: [`require('worker_threads')`, /Cannot find module 'worker_threads'/],
    clusters: [`require('node:cluster')`, /Cannot find module 'node:cluster'/],
    'a file by a thread of the engine': [
      `await new Promise((resolve, reject) => { const W = process.getBuiltinModule('worker_threads').Worker; const w = new W("const p = require('worker_threads').parentPort; try { p.postMessage(require('fs').readFileSync('/etc/passwd', 'utf8')) } catch (e) { p.postMessage(e.message) }", { eval: true }); w.on('message', (m) => reject(new Error(m))); w.on('error', reject) })`,
      /Requires read access/,
    ],
    'a package that is not declared': [`require('left-pad')`, /Cannot find module 'left-pad'/],
    'the end of its process': [`process.exit(0)`, /cannot end its process/],
    'more permissions': [`(await globalThis.Deno.permissions.request({ name: 'read' })).state`, /denied/],
  }

  it('is refused, with a healthy service after it', async () => {
    const tries = Object.entries(REFUSED).map(
      ([name, [expression]]) =>
        `out[${JSON.stringify(name)}] = await (async () => { try { return 'DONE ' + String(${expression}) } catch (e) { return String(e && (e.message ?? e)) + String(e?.cause?.message ?? '') } })();`,
    )
    const outcome = await runBody(sandbox, `const out = {}; ${tries.join('\n')} api.idToken.setCustomClaim('out', out)`, { withinMs: 40_000 })
    const { out } = claimsOf(outcome) as { out: Record<string, string> }
    for (const [name, [, refusal]] of Object.entries(REFUSED)) expect({ name, answer: out[name] }).toEqual({ name, answer: expect.stringMatching(refusal) })
    expect(existsSync(TRACE)).toBe(false)
    await expectHealthy(sandbox)
  })

  it('is the environment of the service: the Action sees an empty one', async () => {
    process.env['A_SECRET_OF_THE_SERVICE'] = 'x'
    const outcome = await runBody(
      sandbox,
      `api.idToken.setCustomClaim('env', [Object.keys(process.env), typeof process.env.PATH, process.env.A_SECRET_OF_THE_SERVICE ?? 'none', process.cwd()])`,
    )
    expect(claimsOf(outcome)['env']).toEqual([[], 'undefined', 'none', '/'])
  })

  it('is another Action: each has a process of its own, under a user of its own where the machine allows it', async () => {
    const pids = async (body: string): Promise<unknown> => claimsOf(await runBody(sandbox, body))['pid']
    const [one, two] = [
      await pids(`api.idToken.setCustomClaim('pid', globalThis.Deno.pid)`),
      await pids(`api.idToken.setCustomClaim('pid', globalThis.Deno.pid)`),
    ]
    expect(one).not.toBe(two)
    expect(await sandbox.layer()).toBe(process.platform !== 'linux' ? 'none' : process.getuid?.() === 0 ? 'own user' : 'no new privileges')
  })
})

const LOOP = 'while (true) {}'
const BOMBS = {
  'on the heap': `const all = []; while (true) all.push(new Array(1000).fill(Math.random()))`,
  'of buffers': `const all = []; while (true) all.push(new Uint8Array(16 * 1024 * 1024).fill(1))`,
  'of buffers, a little at a time': `const all = []; while (true) { all.push(Buffer.alloc(8 * 1024 * 1024, 1)); await new Promise((done) => setTimeout(done, 1)) }`,
  'in a thread of its own': `const W = process.getBuiltinModule('worker_threads').Worker; new W("const a = []; while (true) a.push(new Uint8Array(1e7).fill(1))", { eval: true }); await new Promise(() => {})`,
}

describe('an Action that takes too much', () => {
  it.each([
    ['an endless loop', LOOP],
    ['an endless chain of promises', 'for (;;) await null'],
    ['a promise that never settles', 'await new Promise(() => {})'],
    ['a regular expression that does not end', `/^(a+)+$/.test('a'.repeat(60) + 'b')`],
    ['a loop at load', undefined],
  ])('of time, by %s, is stopped at its deadline, and the next one works', async (_, body) => {
    const program = programOf(body === undefined ? LOOP : handler(body))
    await sandbox.prewarm([program])
    expect(await sandbox.run(program, jobOf(), performance.now() + 500)).toEqual({ kind: 'timeout' })
    await expectHealthy(sandbox)
  })

  it.each(Object.entries(BOMBS))('of memory %s is ended, and the next one works', async (_, body) => {
    expect(await runBody(sandbox, body, { withinMs: 40_000 })).toEqual({ kind: 'memory' })
    await expectHealthy(sandbox)
  })

  it('of memory takes nobody along: what ran beside it in the same process is run again', async () => {
    const program = programOf(
      handler(`if (event.bomb) { ${BOMBS['on the heap']} } await new Promise((done) => setTimeout(done, 20)); api.idToken.setCustomClaim('n', event.n)`),
    )
    const deadline = performance.now() + 50_000
    const healthyOnes = Array.from({ length: 20 }, (_, n) => sandbox.run(program, jobOf({ n }), deadline))
    const bomb = sandbox.run(program, jobOf({ bomb: true }), deadline)
    expect((await Promise.all(healthyOnes)).map((outcome) => claimsOf(outcome)['n'])).toEqual(Array.from({ length: 20 }, (_, n) => n))
    expect(await bomb).toEqual({ kind: 'memory' })
  })

  it('of time does not hold up those who stand behind it: they get another runner of the same Action', async () => {
    const program = programOf(handler(`if (event.loop) { ${LOOP} } api.idToken.setCustomClaim('n', event.n)`))
    await sandbox.prewarm([program])
    const finished: string[] = []
    const loop = sandbox.run(program, jobOf({ loop: true }), performance.now() + 600_000).then(({ kind }) => finished.push(kind))
    const others = await Promise.all(Array.from({ length: 40 }, (_, n) => sandbox.run(program, jobOf({ n }), performance.now() + 30_000)))
    expect(others.map((outcome) => claimsOf(outcome)['n'])).toEqual(Array.from({ length: 40 }, (_, n) => n))
    expect(finished).toEqual([])
    sandbox.close()
    await loop
  })

  it('of the answer’s size hears of it', async () => {
    expect(await runBody(sandbox, `api.idToken.setCustomClaim('big', 'x'.repeat(2_000_000))`)).toMatchObject({
      kind: 'done',
      report: { commands: [], error: { message: 'What an execution asks for cannot exceed 1 MB.' } },
    })
  })

  it('of what it writes past its answers is ended', async () => {
    const flood = `const out = globalThis.Deno.stdout; for (let n = 0; n < 40; n++) out.writeSync(new Uint8Array(65_536).fill(120))`
    expect(await runBody(sandbox, `${flood}; await new Promise(() => {})`)).toEqual({ kind: 'unavailable' })
    await expectHealthy(sandbox)
  })

  it('of commands hears of it', async () => {
    const outcome = await runBody(sandbox, `for (let n = 0; n < 3000; n++) api.idToken.setCustomClaim('n', n)`)
    expect(outcome).toMatchObject({ kind: 'done', report: { commands: [], error: { message: 'An execution cannot give more than 2000 commands.' } } })
  })
})

describe('a runner', () => {
  it('has several jobs in line, and begins the next one when the one before has ended or waits', async () => {
    const program = programOf(`const order = []
      exports.onExecutePostLogin = async (event, api) => {
        order.push('begin ' + event.n)
        if (event.waits) await new Promise((done) => setTimeout(done, 100))
        order.push('end ' + event.n)
        api.idToken.setCustomClaim('seen', [...order])
      }`)
    await sandbox.prewarm([program])
    const deadline = performance.now() + 30_000
    const [, , last] = await Promise.all([{ n: 1 }, { n: 2, waits: true }, { n: 3 }].map((event) => sandbox.run(program, jobOf(event), deadline)))
    expect(sandbox.pids).toHaveLength(1)
    expect(claimsOf(last!)['seen']).toEqual(['begin 1', 'end 1', 'begin 2', 'begin 3', 'end 3'])
  })

  it('that is killed costs one execution at most and is replaced within a second', async () => {
    const program = programOf(handler(`await new Promise((done) => setTimeout(done, event.ms)); api.idToken.setCustomClaim('pid', globalThis.Deno.pid)`))
    const run = async (ms: number): Promise<number> => claimsOf(await sandbox.run(program, jobOf({ ms }), performance.now() + 30_000))['pid'] as number
    const first = await run(1)
    process.kill(first, 'SIGKILL')
    await eventually(() => !sandbox.pids.includes(first))
    const second = await eventually(() => sandbox.pids[0])
    expect(await run(1)).toBe(second)
    // Killed in the middle of one that cannot have had an effect outside: it is done again.
    const under = run(300)
    process.kill(second, 'SIGKILL')
    expect(await under).not.toBe(second)
  })

  it('is one for a version, whose state lives from call to call, and another for the next version', async () => {
    const code = `let n = 0; exports.onExecutePostLogin = async (event, api) => { n++; api.idToken.setCustomClaim('n', n) }`
    const count = async (program: Parameters<Sandbox['run']>[0]): Promise<unknown> =>
      claimsOf(await sandbox.run(program, jobOf(), performance.now() + 30_000))['n']
    const [one, two] = [programOf(code), programOf(code)]
    expect([await count(one), await count(one), await count(one), await count(two)]).toEqual([1, 2, 3, 1])
  })

  it('goes when its program is retired, after what it was doing', async () => {
    const program = programOf(handler(`await new Promise((done) => setTimeout(done, 200)); api.idToken.setCustomClaim('done', 1)`))
    const run = sandbox.run(program, jobOf(), performance.now() + 30_000)
    const [pid] = await eventually(() => sandbox.pids.length > 0 && sandbox.pids)
    sandbox.retire(new Set())
    expect(claimsOf(await run)).toEqual({ done: 1 })
    await eventually(() => !isAlive(pid!))
  })

  it('is gone when the sandbox is closed, even from the middle of a loop', async () => {
    const program = programOf(handler(LOOP))
    await sandbox.prewarm([program])
    const loop = sandbox.run(program, jobOf(), performance.now() + 40_000)
    const { pids } = sandbox
    expect(pids).toHaveLength(1)
    sandbox.close()
    expect(await loop).toEqual({ kind: 'unavailable' })
    for (const pid of pids) await eventually(() => !isAlive(pid))
    expect(await runBody(sandbox, '')).toEqual({ kind: 'unavailable' })
  })

  it('is not waited for any more when the sandbox is closed', async () => {
    const run = runBody(sandbox, '', { withinMs: 40_000 })
    await eventually(() => sandbox.pids.length > 0)
    sandbox.close()
    await eventually(() => sandbox.pids.length === 0)
    expect(await Promise.race([run, Promise.resolve('it waits')])).toEqual({ kind: 'unavailable' })
  })

  it('stands still when it has answered, where it has no network, and goes on with the next execution', async () => {
    const body = `
      const before = globalThis.went === true
      setTimeout(() => (globalThis.went = true), 0)
      if (event.wait) await new Promise((done) => setTimeout(done, 1))
      api.idToken.setCustomClaim('went', [before, globalThis.went === true])`
    const program = programOf(handler(body))
    const run = (event: object): Promise<RunOutcome> => sandbox.run(program, jobOf(event), performance.now() + 30_000)
    expect(claimsOf(await run({}))).toEqual({ went: [false, false] })
    // The time that a process takes to start is enough for the timer.
    await expectHealthy(sandbox)
    expect(claimsOf(await run({ wait: true }))).toEqual({ went: [false, true] })
    expect(claimsOf(await run({}))).toEqual({ went: [true, true] })
  })

  it('says that it is there when it comes to the next in line after a silence, however that came about', async () => {
    const child = (await findEngine()).start([])
    const code = handler(`if (event.leaves) setImmediate(() => { const end = Date.now() + 20; while (Date.now() < end); })`)
    const { entrypoint, context } = jobOf()
    const orders = [
      { order: 'load', mark: '', code, secrets: {}, trigger: 'post-login', network: false },
      { order: 'run', id: 1, entrypoint, event: jobOf({ leaves: true }).event, context },
      { order: 'run', id: 2, entrypoint, event: jobOf().event, context },
    ]
    child.stdin!.end(orders.map((order) => `${JSON.stringify(order)}\n`).join(''))
    const reports = (await text(child.stdout!)).trim().split('\n')
    expect(reports.map((line) => (JSON.parse(line) as Report).report)).toEqual(['loaded', 'done', 'pong', 'done'])
  })

  it('that works on when it has answered, as one with a network may, is ended', async () => {
    const code = handler(`setInterval(() => { const end = Date.now() + 90; while (Date.now() < end); }, 100); api.idToken.setCustomClaim('n', 1)`)
    const program = programOf(code, { allowedHosts: ['203.0.113.1'] })
    await sandbox.run(program, jobOf(), performance.now() + 30_000)
    const [busy] = sandbox.pids
    await eventually(() => !sandbox.pids.includes(busy!), 30_000)
  })

  it('is not there until something runs', () => {
    expect(sandbox.pids).toEqual([])
  })
})
