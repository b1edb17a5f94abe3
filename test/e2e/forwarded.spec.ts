import { type Json, startApp, type TestApp } from '../support/app.js'
import { eventually } from '../support/eventually.js'
import { TEXTS } from '../support/hostile-values.js'
import { send } from '../support/hostile.js'

let service: TestApp
let made = 0
beforeAll(async () => (service = await startApp({ TRUST_PROXY: 'loopback,10.0.0.0/8' })))
afterAll(() => service.close())

/** What the log says of where a request came from. */
async function seen(headers: Record<string, string>, of = service): Promise<[string, string]> {
  const client_id = `unknown-${++made}`
  await fetch(`${of.url}authorize?client_id=${client_id}`, { headers })
  const row: Json = await eventually(async () => (await of.api('GET', `logs?q=client_id:${client_id}`)).body[0])
  return [row.ip, row.hostname]
}

describe('Forwarded (RFC 7239) of a trusted proxy', () => {
  it('says where a request came from, and by which name', async () => {
    expect(await seen({ forwarded: 'for=198.51.100.9;host=evil.example, for="192.0.2.60:4711";host=id.example.com, for=10.0.0.2' })).toEqual([
      '192.0.2.60',
      'id.example.com',
    ])
    expect((await seen({ forwarded: 'for="[2001:db8::17]"' }))[0]).toBe('2001:db8::17')
  })

  it('does not count beside the older headers, which the client cannot have made up', async () => {
    expect((await seen({ forwarded: 'for=198.51.100.9', 'x-forwarded-for': '192.0.2.60' }))[0]).toBe('192.0.2.60')
    expect((await seen({ forwarded: 'for=198.51.100.9', 'x-forwarded-proto': 'https' }))[0]).toMatch(/^(127\.|::1)/)
  })

  it('whatever stands in it harms nothing', async () => {
    const values = [
      ...TEXTS,
      'for=',
      'for="',
      'for=[::1]:x',
      'for=x;host="\\"',
      'for="\\',
      `for=${'1'.repeat(5000)}`,
      `${'for=10.0.0.1,'.repeat(400)}for=10.0.0.1`,
    ]
    for (const forwarded of values.map((value) =>
      Buffer.from(value)
        .toString('latin1')
        .replace(/[\0\r\n]/g, ''),
    )) {
      for (const header of [forwarded, `for="${forwarded.replaceAll('"', '')}";host="${forwarded.replaceAll('"', '')}"`]) {
        const { status } = await send(service, { method: 'GET', path: '/authorize?client_id=x', headers: { forwarded: header } })
        expect(status).toBe(400)
      }
    }
  })
})

it('X-Forwarded-For says an address and nothing else, whatever port the proxy adds', async () => {
  expect((await seen({ 'x-forwarded-for': '192.0.2.60:4711' }))[0]).toBe('192.0.2.60')
  expect((await seen({ 'x-forwarded-for': '198.51.100.9, [2001:db8::17]:443, 10.0.0.2:80' }))[0]).toBe('2001:db8::17')
  expect((await seen({ 'x-forwarded-for': 'unknown, 10.0.0.2' }))[0]).toBe('10.0.0.2')
  expect((await seen({ 'x-forwarded-for': 'garbage', forwarded: 'for=192.0.2.60' }))[0]).toMatch(/^(127\.|::1)/)
})

it('Forwarded of anybody else says nothing', async () => {
  const strict = await startApp({ TRUST_PROXY: '10.0.0.0/8' })
  try {
    expect((await seen({ forwarded: 'for=192.0.2.60;host=id.example.com' }, strict))[0]).toMatch(/^(127\.|::1)/)
  } finally {
    await strict.close()
  }
})
