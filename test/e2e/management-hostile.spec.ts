import { connect } from 'node:net'
import { PATH_METADATA, METHOD_METADATA } from '@nestjs/common/constants.js'
import { RequestMethod } from '@nestjs/common'
import { ModulesContainer } from '@nestjs/core'
import { type Json, startApp, type TestApp } from '../support/app.js'

let service: TestApp
let token: string
let users: string
beforeAll(async () => {
  service = await startApp()
  token = await service.managementToken()
  users = (await service.api('GET', 'users')).body[0].user_id
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
  // The console of Actions never ends.
  if (res.headers.get('content-type') === 'text/event-stream') return { status: res.status, text: '', json: await res.body!.cancel() }
  const text = await res.text()
  const isJson = res.headers.get('content-type')?.startsWith('application/json') ?? false
  return { status: res.status, text, json: isJson ? JSON.parse(text) : undefined }
}

const deep = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`
const BODIES: readonly (readonly [string, string])[] = [
  ['null', 'null'],
  ['a number', '0'],
  ['a text', '"x"'],
  ['a list', '[]'],
  ['a list of lists', '[[[[]]]]'],
  ['an empty object', '{}'],
  ['broken JSON', '{"name":'],
  ['not JSON at all', '<xml/>'],
  ['a prototype', '{"name":"x","__proto__":{"is_system":true}}'],
  ['a constructor', '{"name":"x","constructor":{"prototype":{"x":1}}}'],
  ['toString', '{"name":"x","toString":"y","hasOwnProperty":1,"valueOf":null}'],
  ['a zero byte', '{"name":"a\\u0000b","identifier":"a\\u0000b"}'],
  ['half a character', '{"name":"\\ud800","identifier":"\\ud800"}'],
  ['half a character in a name', '{"name":"x","client_metadata":{"\\udc00":"x"}}'],
  ['a number beyond all', '{"name":"x","token_lifetime":1e999,"identifier":"x"}'],
  ['a deep object', deep(2000)],
  ['a deep list', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
  ['many members', `{${Array.from({ length: 5000 }, (_, n) => `"m${n}":1`).join(',')}}`],
  ['wrong types all over', '{"name":[],"identifier":{},"ids":{},"user_id":[],"scope":"x","refresh_token":[],"flags":[],"connection":1,"email":{}}'],
  ['SQL', `{"name":"'; drop table clients; --","identifier":"' or 1=1 --"}`],
  ['right to left', '{"name":"\\u202Eevil","identifier":"\\u202Eevil"}'],
]

interface Route {
  readonly method: string
  readonly path: string
}
function routes(): Route[] {
  const controllers = [...service.app.get(ModulesContainer).values()].flatMap((module) => [...module.controllers.values()])
  return controllers.flatMap(({ metatype }) => {
    const prefix = String(Reflect.getMetadata(PATH_METADATA, metatype as object) ?? '')
    if (!prefix.startsWith('api/v2')) return []
    const prototype = (metatype as { prototype: Record<string, object> }).prototype
    return Object.getOwnPropertyNames(prototype).flatMap((name) => {
      const method = name === 'constructor' ? undefined : (Reflect.getMetadata(METHOD_METADATA, prototype[name]!) as number | undefined)
      if (method === undefined || RequestMethod[method] === 'ALL') return []
      const path = `${prefix}/${String(Reflect.getMetadata(PATH_METADATA, prototype[name]!))}`.replace(/^api\/v2\//, '').replace(/\/+$/, '')
      return [{ method: RequestMethod[method]!, path }]
    })
  })
}

/** Eight requests under way, as the busiest deploy tool has. */
async function atOnce<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  for (let n = 0; n < items.length; n += 8) await Promise.all(items.slice(n, n + 8).map(work))
}

const isClean = (status: number, json: Json): boolean =>
  status >= 200 && status < 500 && (status < 400 || (json.statusCode === status && typeof json.error === 'string' && typeof json.message === 'string'))

describe('every route that writes', () => {
  it.each(BODIES)('answers %s cleanly', async (_, body) => {
    const unclean: unknown[] = []
    // Rotating the keys under this test's token is no part of it.
    const writing = routes().filter(({ method, path }) => method !== 'GET' && path !== 'keys/signing/rotate')
    await atOnce(writing, async ({ method, path }) => {
      const { status, json } = await send(method, path.replace(/:\w+/g, 'none'), body)
      if (!isClean(status, json)) unclean.push({ method, path, status, json })
    })
    expect(unclean).toEqual([])
  })
})

describe('every route with an id', () => {
  it.each([
    ['a zero byte', '%00'],
    ['a broken escape', '%E0%A4%A'],
    ['a lonely percent', '%'],
    ['bytes that are no text', '%ff%fe'],
    ['a path upwards', '..%2f..%2fetc%2fpasswd'],
    ['SQL', `%27%20or%201%3D1--`],
    ['a very long id', 'x'.repeat(7000)],
    ['an id too long for the service', 'x'.repeat(9000)],
    ['a prototype', '__proto__'],
    ['an emoji', '%F0%9F%98%80'],
    ['a space', '%20'],
  ])('answers %s cleanly', async (_, id) => {
    const unclean: unknown[] = []
    const byId = routes().filter(({ path }) => path.includes(':'))
    await atOnce(byId, async ({ method, path }) => {
      const { status, text } = await raw(`${method} /api/v2/${path.replace(/:\w+/g, id)} HTTP/1.1`)
      const body = text.slice(text.indexOf('\r\n\r\n') + 4)
      const json: unknown = body.startsWith('{') ? JSON.parse(body) : undefined
      if (!isClean(status, json ?? { statusCode: status, error: '', message: '' })) unclean.push({ method, path, status, body })
    })
    expect(unclean).toEqual([])
  })
})

describe('every list', () => {
  it.each([
    'page=-1',
    'page=99999999999999999999',
    'per_page=abc',
    'per_page=0',
    'per_page=101',
    'take=0',
    'take=-5',
    'take=1e9',
    'from=x',
    'from=%00',
    'from=eyJ.eyJ',
    'from=WyJhIiwxXQ.AAAAAAAAAAAAAAAAAAAAAA',
    `from=WyJhIiwxXQ.${'%C3%A9'.repeat(22)}`,
    'include_totals=yes',
    'page=1&page=2',
    'fields=%00',
    'fields=__proto__,constructor',
    'q=%28%28%28%28',
    'q=%00',
    `q=${'%28'.repeat(2000)}`,
    'sort=x:y',
    'sort=%27;drop',
    '__proto__=x&constructor=y',
    'page[a]=1&per_page[]=2',
    '%ff=%fe',
    'unknown=1&b&=c&&',
  ])('answers ?%s cleanly', async (query) => {
    const unclean: unknown[] = []
    await atOnce(
      routes().filter(({ method }) => method === 'GET'),
      async ({ path }) => {
        const { status, json } = await send('GET', `${path.replace(/users\/:\w+/, `users/${encodeURIComponent(users)}`).replace(/:\w+/g, 'none')}?${query}`)
        if (!isClean(status, json)) unclean.push({ path, status, json })
      },
    )
    expect(unclean).toEqual([])
  })
})

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

  it('may be a form, and nothing else but JSON', async () => {
    const form = await send('POST', 'clients', 'name=By+form&description=d', 'application/x-www-form-urlencoded')
    expect(form).toMatchObject({ status: 201, json: { name: 'By form', description: 'd' } })
    expect(await send('POST', 'clients', 'name: x', 'text/plain')).toMatchObject({ status: 415 })
    expect((await send('PATCH', `clients/${form.json.client_id}`, '{"name":"y"}', 'application/json; charset=utf-8')).status).toBe(200)
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
      const { rows } = await limited.pool.query(`select data from events where type = 'RateLimited'`)
      expect(rows).toEqual([{ data: { bucket: 'management' } }])
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
