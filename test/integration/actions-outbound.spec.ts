import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import type { Program } from '../../src/actions/sandbox/runner-process.js'
import type { Sandbox } from '../../src/actions/sandbox/sandbox.js'
import { aSandbox, claimsOf, handler, jobOf, programOf } from '../support/sandbox.js'

const MOST = 5_000_000
const TOO_LARGE = 'The response is larger than 5 MB, which is the most that an Action may receive.'

let server: Server
let base: string
let crowd: { inside: number; most: number; came: number; answers: (() => void)[] }
const routes: Record<string, (res: ServerResponse, bytes: number, req: IncomingMessage) => void> = {
  /** Answers nobody before 16 are inside, then one a turn, so that whoever comes too early is seen. */
  '/crowd': (res) => {
    crowd.most = Math.max(crowd.most, ++crowd.inside)
    crowd.answers.push(() => {
      crowd.inside--
      res.end('fine')
    })
    if (++crowd.came !== 16) return
    const next = (): void => {
      crowd.answers.shift()?.()
      if (crowd.came < 40 || crowd.answers.length > 0) setImmediate(next)
    }
    setImmediate(next)
  },
  '/declared': (res, bytes) => res.writeHead(200, { 'content-length': bytes }).end(Buffer.alloc(bytes)),
  '/chunked': (res, bytes) => {
    res.write(Buffer.alloc(bytes - 1))
    res.end('x')
  },
  '/gzip': (res, bytes) => res.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(bytes))),
  '/broken': (res) => {
    res.writeHead(200, { 'content-length': 10 }).write('half')
    setImmediate(() => res.destroy())
  },
  '/refused': (res) => res.destroy(),
  '/silent': () => undefined,
  '/half': (res) => void res.write('half'),
  '/moved': (res) => res.writeHead(302, { location: '/thing' }).end('elsewhere'),
  '/thing': (res) => res.writeHead(201, { 'content-type': 'application/json', 'set-cookie': ['a=1', 'b=2'] }).end('{"a":[1]}'),
  '/empty': (res) => res.writeHead(204).end(),
  '/echo': (res, _, req) => req.pipe(res),
}

beforeAll(async () => {
  server = createServer((req, res) => {
    const { pathname, search } = new URL(req.url!, 'http://localhost')
    routes[pathname]!(res, Number(search.slice(1)), req)
  })
  await new Promise<void>((done) => server.listen(0, done))
  base = `http://localhost:${(server.address() as { port: number }).port}`
})
afterAll(() => {
  server.closeAllConnections()
  return new Promise((done) => server.close(done))
})

let sandbox: Sandbox
beforeEach(() => {
  crowd = { inside: 0, most: 0, came: 0, answers: [] }
  sandbox = aSandbox({ poolSize: 1, network: { mode: 'deny', allowedHosts: [], privateTargets: true } })
})
afterEach(() => sandbox.close())

/** An Action with both ways to the network that its packages take: each answers the text, or throws. */
const program = (body: string): Program =>
  programOf(
    `const http = require('http'), base = '${base}'
    const ways = {
      fetch: async (path) => (await fetch(base + path)).text(),
      http: (path) => new Promise((done, fail) => http.get(base + path, async (res) => {
        let text = ''
        try { for await (const part of res) text += part.toString('latin1'); done(text) } catch (error) { fail(error) }
      }).on('error', fail)),
    }
    ${handler(body)}`,
    { allowedHosts: [new URL(base).host] },
  )
/** What the Action makes the claim `out`. */
async function outOf(body: string | Program, event: object = {}): Promise<unknown> {
  const outcome = await sandbox.run(typeof body === 'string' ? program(body) : body, jobOf(event), performance.now() + 30_000)
  return claimsOf(outcome)['out']
}
const out = (value: string): string => `api.idToken.setCustomClaim('out', ${value})`

describe('of requests at once', () => {
  it.each([
    ['fetch', 40, 0],
    ['node:http', 0, 40],
    ['both', 20, 20],
  ])('by %s, 16 are under way and the others wait', async (_, fetches, gets) => {
    const texts = await outOf(
      `${out(`await Promise.all([
      ...Array.from({ length: ${fetches} }, () => ways.fetch('/crowd')), ...Array.from({ length: ${gets} }, () => ways.http('/crowd')) ])`)}`,
    )
    expect(texts).toEqual(Array(40).fill('fine'))
    expect(crowd).toMatchObject({ came: 40, most: 16 })
  })

  it('those that nobody reads, that failed or were given up keep no place', async () => {
    const twenty = (attempt: string): string => `for (let n = 0; n < 20; n++) await (${attempt})().catch(() => undefined)`
    const body = `
      ${twenty(`() => fetch(base + '/declared?100000')`)}
      ${twenty(`() => new Promise((done) => http.get(base + '/declared?100000', done))`)}
      ${twenty(`async () => http.get(base + '/declared?100000')`)}
      ${twenty(`async () => (await fetch(base + '/half')).body.cancel()`)}
      ${twenty(`() => new Promise((done) => http.get(base + '/half', (res) => done(res.destroy())))`)}
      for (const way of [ways.fetch, ways.http]) {
        ${twenty(`() => way('/broken')`)}
        ${twenty(`() => way('/refused')`)}
        ${twenty(`() => way('/chunked?${MOST + 1}')`)}
      }
      ${twenty(`() => fetch('nonsense:')`)}
      ${twenty(`async () => http.get({ host: 'localhost', port: 65536 })`)}
      ${twenty(`() => { const stop = new AbortController(), asked = fetch(base + '/silent', { signal: stop.signal }); stop.abort(); return asked }`)}
      ${twenty(`() => new Promise((done) => { const asked = http.get(base + '/silent', { timeout: 1 }).on('error', done).on('timeout', () => asked.destroy(new Error('late'))) })`)}
      ${out(`[await ways.fetch('/thing'), await ways.http('/thing')]`)}`
    expect(await outOf(body)).toEqual(['{"a":[1]}', '{"a":[1]}'])
  })

  it('those that wait can be given up, and those after them come in', async () => {
    const body = `
      const all = new AbortController(), one = new AbortController()
      const hanging = Array.from({ length: 16 }, () => fetch(base + '/silent', { signal: all.signal }).catch((e) => e.name))
      const waiting = [fetch(base + '/thing', { signal: one.signal }), fetch(new Request(base + '/thing', { signal: one.signal }))].map((p) => p.catch((e) => e.message))
      const get = new Promise((done) => http.get(base + '/thing', { signal: one.signal }).on('error', (e) => done(e.name)))
      const last = [ways.fetch('/thing'), ways.http('/thing')]
      one.abort(new Error('mine'))
      const given = await Promise.all(waiting)
      all.abort()
      ${out(`[given, await get, await Promise.all(last), [...new Set(await Promise.all(hanging))]]`)}`
    expect(await outOf(body)).toEqual([['mine', 'mine'], 'AbortError', ['{"a":[1]}', '{"a":[1]}'], ['AbortError']])
  })

  it('what an execution leaves behind holds up none after it', async () => {
    const action =
      program(`if (event.leave) for (let n = 0; n < 20; n++) { fetch(base + '/silent').catch(() => undefined); http.get(base + '/silent').on('error', () => undefined) }
      else ${out(`[await ways.fetch('/thing'), await ways.http('/thing')]`)}`)
    await outOf(action, { leave: true })
    const { pids } = sandbox
    expect(await outOf(action)).toEqual(['{"a":[1]}', '{"a":[1]}'])
    expect(sandbox.pids).toEqual(pids)
  })

  it.each(['/silent', '/half'])('one whose answer does not come (%s) ends with the execution', async (path) => {
    for (const way of ['fetch', 'http']) {
      const action = program(`await ways.${way}('${path}')`)
      await sandbox.prewarm([action])
      expect(await sandbox.run(action, jobOf(), performance.now() + 500)).toEqual({ kind: 'timeout' })
    }
  })
})

describe('of an answer', () => {
  it.each(['/declared', '/chunked', '/gzip'])('5 MB come, and a byte more is an error that the Action can catch (%s)', async (path) => {
    const sizes = `await Promise.all(Object.entries(ways).map(async ([way, read]) => [way, (await read('${path}?${MOST}')).length, await read('${path}?${MOST + 1}').catch((e) => e.message)]))`
    const found = Object.fromEntries(((await outOf(out(sizes))) as [string, number, unknown][]).map(([way, ...of]) => [way, of]))
    expect(found['fetch']).toEqual([MOST, TOO_LARGE])
    // What is compressed node:http leaves to who asked for it.
    if (path !== '/gzip') expect(found['http']).toEqual([MOST, TOO_LARGE])
  })

  it('is the platform’s in everything else', async () => {
    const body = `
      const res = await fetch(base + '/moved'), copy = res.clone(), twice = copy.clone()
      const [left, right] = twice.body.tee()
      const text = async (stream) => new Response(stream).text()
      const byob = (await fetch(base + '/thing')).body.getReader({ mode: 'byob' })
      const first = await byob.read(new Uint8Array(4)), rest = await byob.read(new Uint8Array(100)), end = await byob.read(new Uint8Array(1))
      const form = new FormData(); form.set('x', 'y')
      const empty = await fetch(base + '/empty'), echo = await fetch(base + '/echo', { method: 'POST', body: 'sent' }), copied = echo.clone()
      let parts = ''; for await (const part of (await fetch(base + '/thing')).body.pipeThrough(new TextDecoderStream())) parts += part
      ${out(`{
        made: [res instanceof Response, copy instanceof Response, Object.prototype.toString.call(res), fetch.name, typeof res.headers.getSetCookie],
        head: [res.status, res.statusText, res.ok, res.url === base + '/thing', res.redirected, res.headers.getSetCookie(), copy.url === res.url, copy.status],
        bodies: [await res.json(), res.bodyUsed, await copy.text(), await text(left), await text(right), parts],
        used: await res.text().catch((e) => e.name),
        byob: [first.value.length, rest.value.length, end.done],
        empty: [empty.status, empty.body, await empty.text()], echo: await echo.text(),
        again: [await new Response(copied.body, copied).text(), (await fetch('data:text/plain,x').then((r) => r.text()))],
        manual: (await fetch(base + '/moved', { redirect: 'manual' })).status, refused: await fetch(base + '/moved', { redirect: 'error' }).catch((e) => e.name),
        gone: await fetch(base + '/thing', { signal: AbortSignal.abort() }).catch((e) => e.name),
      }`)}`
    expect(await outOf(body)).toEqual({
      made: [true, true, '[object Response]', 'fetch', 'function'],
      head: [201, 'Created', true, true, true, ['a=1', 'b=2'], true, 201],
      bodies: [{ a: [1] }, true, '{"a":[1]}', '{"a":[1]}', '{"a":[1]}', '{"a":[1]}'],
      used: 'TypeError',
      byob: [4, 5, true],
      empty: [204, null, ''],
      echo: 'sent',
      again: ['sent', 'x'],
      manual: 302,
      refused: 'TypeError',
      gone: 'AbortError',
    })
  })
})
