import { connect } from 'node:net'
import { startApp, type TestApp } from '../support/app.js'

let service: TestApp
let token: string
beforeAll(async () => {
  service = await startApp()
  token = await service.managementToken()
})
afterAll(() => service.close())

/** Status and body of a request that is sent as written; fetch would repair some of them. */
function raw(head: string, body: Buffer | string = ''): Promise<{ status: number; text: string }> {
  const { port } = new URL(service.url)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), 'localhost')
    let text = ''
    socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
    socket.on('error', reject).on('close', () => resolve({ status: Number(text.split(' ')[1]), text }))
    const fixed = Buffer.from(
      `${head}\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n`,
    )
    socket.write(Buffer.concat([fixed, Buffer.from(body)]))
  })
}

const send = async (method: string, path: string, body?: string | Buffer, contentType = 'application/json') => {
  const res = await fetch(`${service.url}api/v2/${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body !== undefined && { 'content-type': contentType }) },
    ...(body !== undefined && { body: new Uint8Array(Buffer.from(body)) }),
  })
  const text = await res.text()
  const isJson = res.headers.get('content-type')?.startsWith('application/json') ?? false
  return { status: res.status, text, json: isJson ? JSON.parse(text) : undefined }
}

describe('a body', () => {
  it('of more than a megabyte is 413 and not read', async () => {
    const message = 'Payload content length greater than maximum allowed: 1048576'
    expect(await send('POST', 'clients', Buffer.alloc(1_048_577, 'x'))).toMatchObject({ status: 413, json: { statusCode: 413, message } })
    const { status } = await raw('POST /api/v2/clients HTTP/1.1\r\nContent-Type: application/json', Buffer.alloc(3_000_000, 'x'))
    expect(status).toBe(413)
  })

  it('of just a megabyte is read', async () => {
    const filler = JSON.stringify({ name: 'x', nonsense: '' })
    expect(await send('POST', 'clients', filler.replace('""', `"${'x'.repeat(1_048_576 - filler.length)}"`))).toMatchObject({
      status: 400,
      json: { message: `Payload validation error: 'Additional properties not allowed: nonsense'.` },
    })
  })

  it('with very many members is refused, wherever they are', async () => {
    const members = (n: number): string => `{${Array.from({ length: n }, (_, m) => `"m${m}":1`).join(',')}}`
    const form = Array.from({ length: 120_000 }, (_, n) => `m${n}`).join('&')
    expect(await send('PATCH', 'users/auth0%7Cx', `{"user_metadata":${members(90_000)}}`)).toMatchObject({
      status: 400,
      json: { message: `Payload validation error: 'Too many properties defined (90000), maximum 5000' on property user_metadata.`, errorCode: 'invalid_body' },
    })
    expect((await send('POST', 'clients', members(90_000))).status).toBe(400)
    expect((await send('POST', 'clients', form, 'application/x-www-form-urlencoded')).status).toBe(400)
    expect((await send('PATCH', 'users/auth0%7Cx', `{"user_metadata":${members(5000)}}`)).status).toBe(404)
  })

  it('may be a form, and nothing else but JSON', async () => {
    const form = await send('POST', 'clients', 'name=By+form&description=d', 'application/x-www-form-urlencoded')
    expect(form).toMatchObject({ status: 201, json: { name: 'By form', description: 'd' } })
    expect(await send('POST', 'clients', 'name: x', 'text/plain')).toMatchObject({ status: 415 })
    expect((await send('PATCH', `clients/${form.json.client_id}`, '{"name":"y"}', 'application/json; charset=utf-8')).status).toBe(200)
  })

  it('says in a form whatever JSON can say in texts: truths, numbers, lists of one', async () => {
    const form = (method: string, path: string, body: string) => send(method, path, body, 'application/x-www-form-urlencoded')
    expect(await form('POST', 'resource-servers', 'identifier=form&name=60&token_lifetime=60&allow_offline_access=true')).toMatchObject({
      status: 201,
      json: { identifier: 'form', name: '60', token_lifetime: 60, allow_offline_access: true },
    })
    expect(await form('PATCH', 'resource-servers/form', 'allow_offline_access=false')).toMatchObject({ status: 200, json: { allow_offline_access: false } })
    expect((await form('POST', 'refresh-tokens/revoke', 'ids=none')).status).toBe(202)
    expect(await form('POST', 'clients', 'name=x&callbacks=https%3A%2F%2Fa.example')).toMatchObject({ status: 201, json: { callbacks: ['https://a.example'] } })
    for (const [body, message] of [
      ['token_lifetime=soon', `'Expected type integer but found type string' on property token_lifetime`],
      ['token_lifetime=1.5', `'Expected type integer but found type number' on property token_lifetime`],
      ['allow_offline_access=yes', `'Expected type boolean but found type string' on property allow_offline_access`],
      ['nonsense=true', `'Additional properties not allowed: nonsense'`],
    ] as const) {
      expect(await form('PATCH', 'resource-servers/form', body)).toMatchObject({ status: 400, json: { message: `Payload validation error: ${message}.` } })
    }
    expect((await send('PATCH', 'resource-servers/form', '{"allow_offline_access":"true"}')).status).toBe(400)
  })

  it('that older SDKs send along with GET and DELETE is ignored', async () => {
    for (const junk of ['null', '{}', '0']) {
      const { status } = await raw('GET /api/v2/tenants/settings HTTP/1.1\r\nContent-Type: application/json', junk)
      expect(status).toBe(200)
      expect((await send('DELETE', 'clients/none', junk)).status).toBe(204)
    }
  })
})

describe('limits', () => {
  it('stand in the headers of every answer, and beyond them is 429 until the window ends', async () => {
    const limited = await startApp({ RATE_LIMITS: 'on', RATE_LIMITS_MANAGEMENT_PER_MINUTE: '5' })
    try {
      const answers = []
      for (let n = 0; n < 7; n++) answers.push(await limited.api('GET', n === 0 ? 'clients/none' : 'tenants/settings'))
      expect(answers.map(({ status }) => status)).toEqual([404, 200, 200, 200, 200, 429, 429])
      expect(answers.map(({ headers }) => headers.get('x-ratelimit-remaining'))).toEqual(['4', '3', '2', '1', '0', '0', '0'])
      expect(answers[0]!.headers.get('x-ratelimit-limit')).toBe('5')
      expect(Number(answers[0]!.headers.get('x-ratelimit-reset'))).toBeGreaterThan(Date.now() / 1000 - 1)
      expect(Number(answers[6]!.headers.get('retry-after'))).toBeGreaterThan(0)
      expect(answers[6]!.body).toEqual({
        statusCode: 429,
        error: 'Too Many Requests',
        message: 'Global limit has been reached',
        errorCode: 'too_many_requests',
      })
      for (const [at, remaining] of [
        ['api/v2/nowhere', '4'],
        ['api/v2', '3'],
      ] as const) {
        const nowhere = await fetch(`${limited.url}${at}`)
        expect([nowhere.status, nowhere.headers.get('x-ratelimit-remaining')]).toEqual([404, remaining])
      }
      const { rows } = await limited.pool.query(`select type, data from events where type like 'RateLimit%' order by type`)
      const told = { bucket: 'management', size: 5, method: 'GET', path: '/api/v2/tenants/settings' }
      expect(rows).toEqual([
        { type: 'RateLimitNear', data: { ...told, usage: 5 } },
        { type: 'RateLimited', data: told },
      ])
    } finally {
      await limited.close()
    }
  })
})

describe('the log of refused writes', () => {
  it('says what was refused and repeats no value', async () => {
    const refused = async () =>
      (await service.pool.query(`select data from events where type = 'ManagementRequestFailed' order by (metadata->>'at') desc limit 1`)).rows[0].data
    await send('POST', 'clients', JSON.stringify({ name: 'x', app_type: 'planted@example.com' }))
    expect(await refused()).toMatchObject({
      operation: 'Create a client',
      status: 400,
      message: `Payload validation error: 'No enum match for' on property app_type.`,
    })
    await send('DELETE', `users/${encodeURIComponent('auth0|planted@example.com')}/refresh-tokens`)
    expect(await refused()).toMatchObject({ path: '/api/v2/users/*/refresh-tokens', status: 404 })
    const { rows } = await service.pool.query(`select type from events where data::text like '%planted@example.com%'`)
    expect(rows).toEqual([])
  })
})
