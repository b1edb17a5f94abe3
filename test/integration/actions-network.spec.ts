import dns from 'node:dns/promises'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { syncBuiltinESMExports } from 'node:module'
import { createServer as createProxy } from 'node:net'
import { jest } from '@jest/globals'
import { isPrivateAddress, networkFlags } from '../../src/actions/sandbox/network.js'
import type { Sandbox } from '../../src/actions/sandbox/sandbox.js'
import { aSandbox, claimsOf, handler, jobOf, programOf, runBody } from '../support/sandbox.js'

let server: Server
let port: number
let asked: string[] = []
beforeAll(async () => {
  server = createServer((req: IncomingMessage, res) => {
    asked.push(req.url!)
    if (req.url === '/elsewhere') res.writeHead(302, { location: `http://127.0.0.1:${port}/secret` }).end()
    else res.end('reached')
  })
  await new Promise<void>((done) => server.listen(0, done))
  ;({ port } = server.address() as { port: number })
})
afterAll(() => new Promise((done) => server.close(done)))

let sandbox: Sandbox | undefined
beforeEach(() => (asked = []))
afterEach(() => sandbox?.close())

const DENY = { mode: 'deny', allowedHosts: [], privateTargets: false } as const
/** Both ways that Node code takes to the network; a claim for each address with what came of it. */
const visits = (...urls: string[]): string => `
  const out = {}
  for (const url of ${JSON.stringify(urls)}) {
    out[url] = await fetch(url).then((res) => res.text(), (e) => e.message + ' ' + (e.cause?.message ?? ''))
    out['http ' + url] = await new Promise((done) => require('http').get(url, (res) => res.resume().on('end', () => done('reached ' + res.statusCode))).on('error', (e) => done(e.message)))
  }
  api.idToken.setCustomClaim('out', out)`
const answers = async (body: string, allowedHosts: string[] = []): Promise<Record<string, string>> =>
  claimsOf(await runBody(sandbox!, body, { program: { allowedHosts } }))['out'] as Record<string, string>

describe('X5: the network', () => {
  it('is closed to an Action that allows no host', async () => {
    sandbox = aSandbox()
    const found = await answers(visits(`http://127.0.0.1:${port}/`, `http://localhost:${port}/`))
    for (const [url, answer] of Object.entries(found)) expect({ url, answer }).toEqual({ url, answer: expect.stringMatching(/Requires net access|EPERM/) })
    expect(asked).toEqual([])
  })

  it('opened to all public addresses still leads to none that is private, however it is written or named', async () => {
    sandbox = aSandbox({ network: { ...DENY, mode: 'open' } })
    const loopback = ['127.0.0.1', 'localhost', '2130706433', '0x7f.1', '[::1]', '[::ffff:127.0.0.1]', '0.0.0.0'].map((host) => `http://${host}:${port}/`)
    const found = await answers(
      visits(...loopback, 'http://169.254.169.254/latest/meta-data/', 'http://10.0.0.1/', 'http://192.168.0.1/', 'http://172.16.0.1/'),
    )
    for (const [url, answer] of Object.entries(found)) expect({ url, answer }).toEqual({ url, answer: expect.stringMatching(/Requires net access/) })
    expect(asked).toEqual([])
  })

  it('is open to the host that the Action allows, and to no other place that this one sends it to', async () => {
    sandbox = aSandbox({ network: { ...DENY, privateTargets: true } })
    const found = await answers(visits(`http://localhost:${port}/`, `http://localhost:${port}/elsewhere`, `http://127.0.0.1:${port}/`), [`localhost:${port}`])
    expect(found[`http://localhost:${port}/`]).toBe('reached')
    expect(found[`http http://localhost:${port}/`]).toBe('reached 200')
    expect(found[`http://localhost:${port}/elsewhere`]).toMatch(/Requires net access/)
    expect(found[`http://127.0.0.1:${port}/`]).toMatch(/Requires net access/)
    expect(asked).not.toContain('/secret')
  })

  it.each(['socks5', 'http'])('is not gone around by a proxy (%s) that an Action names in its environment', async (scheme) => {
    sandbox = aSandbox()
    const proxy = createProxy().on('connection', (socket) => socket.destroy())
    let connections = 0
    proxy.on('connection', () => connections++)
    await new Promise<void>((done) => proxy.listen(0, done))
    const address = `${scheme}://localhost:${(proxy.address() as { port: number }).port}`
    const body = `for (const name of ['ALL_PROXY', 'HTTP_PROXY', 'http_proxy']) process.env[name] = '${address}'
      await Promise.race([fetch('http://203.0.113.5/').catch(() => undefined), new Promise((done) => setTimeout(done, 1000))])
      api.idToken.setCustomClaim('out', { ...process.env })`
    const seen = await answers(body, ['203.0.113.5']).finally(() => proxy.close())
    expect(Object.values(seen)).toEqual([address, address, address])
    expect(connections).toBe(0)
  })

  it('hears once of each execution, also of those that stood behind a slow one', async () => {
    sandbox = aSandbox({ network: { ...DENY, privateTargets: true } })
    const body = `const end = Date.now() + (event.slow ? 400 : 0); while (Date.now() < end); await fetch('http://localhost:${port}/' + event.n)`
    const program = programOf(handler(body), { allowedHosts: [`localhost:${port}`] })
    await sandbox.prewarm([program])
    await Promise.all(Array.from({ length: 8 }, (_, n) => sandbox!.run(program, jobOf({ n, slow: n === 0 }), performance.now() + 30_000)))
    expect(asked.sort()).toEqual(['/0', '/1', '/2', '/3', '/4', '/5', '/6', '/7'])
  })

  it('leaves out an allowed name that leads to a private address', async () => {
    expect(await networkFlags(DENY, [`localhost:${port}`])).toEqual([])
    expect(await networkFlags(DENY, ['10.0.0.1'])).toEqual([])
    expect(await networkFlags(DENY, ['*.example.com', '203.0.113.5:8443'])).toEqual([
      '--allow-net=*.example.com:80,*.example.com:443,203.0.113.5:8443',
      expect.stringMatching(/^--deny-net=0\.0\.0\.0\/8,10\.0\.0\.0\/8,.*\[::1\]/),
    ])
    expect(await networkFlags({ ...DENY, allowedHosts: ['*.example.org:443'] }, [])).toEqual(['--allow-net=*.example.org:443', expect.any(String)])
  })

  it('leaves out an allowed name of which only one address is private', async () => {
    const answers = { 'intranet.example': ['10.0.0.1'], 'both.example': ['203.0.113.5', 'fd00::1'], 'public.example': ['203.0.113.5'] } as Record<
      string,
      string[]
    >
    jest.spyOn(dns, 'lookup').mockImplementation(((name: string) => Promise.resolve(answers[name]!.map((address) => ({ address })))) as never)
    syncBuiltinESMExports()
    try {
      expect(await networkFlags(DENY, Object.keys(answers))).toEqual([
        '--allow-net=public.example:80,public.example:443',
        expect.stringContaining('--deny-net='),
      ])
    } finally {
      jest.restoreAllMocks()
      syncBuiltinESMExports()
    }
  })
})

it.each([
  ['127.0.0.1', true],
  ['10.255.255.255', true],
  ['172.32.0.1', false],
  ['8.8.8.8', false],
  ['::1', true],
  ['::ffff:10.0.0.1', true],
  ['fd00::1', true],
  ['fe80::1', true],
  ['fec0::1', true],
  ['2606:4700::1111', false],
])('the address %s is private: %s', (address, expected) => expect(isPrivateAddress(address)).toBe(expected))
