import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { isPrivateAddress, postOutbound, PrivateTargetError } from './outbound.js'

describe('an address', () => {
  it.each(['127.0.0.1', '10.1.2.3', '172.31.255.255', '192.168.0.1', '169.254.169.254', '100.64.0.1', '0.0.0.0', '255.255.255.255', '224.0.0.1'])(
    '%s is private',
    (address) => {
      expect(isPrivateAddress(address)).toBe(true)
    },
  )
  it.each(['::1', '::', '::ffff:127.0.0.1', '::ffff:7f00:1', 'fd00::1', 'fe80::1', 'fec0::1', '64:ff9b::7f00:1', '2002:7f00:1::'])(
    '%s is private',
    (address) => {
      expect(isPrivateAddress(address)).toBe(true)
    },
  )
  it.each(['8.8.8.8', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '::ffff:8.8.8.8'])('%s is public', (address) => {
    expect(isPrivateAddress(address)).toBe(false)
  })
})

describe('a request to elsewhere', () => {
  let server: Server
  let port: number
  let answer: (status: number) => void
  const seen: string[] = []
  beforeAll(async () => {
    server = createServer((req, res) => {
      seen.push(`${req.method} ${req.url}`)
      answer = (status) => void res.writeHead(status, { Location: '/elsewhere' }).end('x'.repeat(100))
      if (req.url !== '/hangs') answer(Number(req.url!.slice(1)))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    port = (server.address() as AddressInfo).port
  })
  afterAll(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  const post = (host: string, path: string, { allowPrivate = true, timeoutMs = 5000 } = {}): Promise<number> =>
    postOutbound(new URL(`http://${host}:${port}${path}`), { headers: {}, body: 'x', timeoutMs, allowPrivate })

  it('answers the status and follows nothing', async () => {
    expect([await post('127.0.0.1', '/200'), await post('localhost', '/302')]).toEqual([200, 302])
    expect(seen).toEqual(['POST /200', 'POST /302'])
  })

  it('gives up on who does not answer', async () => {
    await expect(post('127.0.0.1', '/hangs', { timeoutMs: 50 })).rejects.toMatchObject({ name: 'AbortError' })
  })

  it('goes to no private address, by whatever name', async () => {
    const before = seen.length
    for (const host of ['127.0.0.1', '[::1]', 'localhost', '2130706433', '0x7f.1', '[::ffff:127.0.0.1]']) {
      await expect(post(host, '/200', { allowPrivate: false })).rejects.toThrow(PrivateTargetError)
    }
    expect(seen).toHaveLength(before)
  })
})
