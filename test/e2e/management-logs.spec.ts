import { randomUUID } from 'node:crypto'
import { Audit } from '../../src/audit/audit.js'
import type { AuditEvent } from '../../src/audit/audit.events.js'
import type { Context } from '../../src/event-store/event.js'
import { PersonKeys } from '../../src/keys/person-keys.js'
import { CreateUser, FindConnection } from '../../src/users/index.js'
import { startApp, type TestApp } from '../support/app.js'

let service: TestApp
beforeAll(async () => {
  service = await startApp()
})
afterAll(() => service.close())

type Log = Record<string, unknown> & { log_id: string; type: string; date: string; description: string; references?: { correlation_id: string } }

const record = (event: AuditEvent, context: Context = {}): Promise<unknown> => service.app.get(Audit).record(event, context)
const signupFailed = (description: string, context: Context = {}): Promise<unknown> => record({ type: 'SignupFailed', data: { description } }, context)
const get = (path: string) => service.api('GET', path)
const search = async (q: string, more = ''): Promise<Log[]> => {
  const { status, body } = await get(`logs?q=${encodeURIComponent(q)}&sort=log_id:1${more}`)
  expect({ status, body }).toMatchObject({ status: 200 })
  return body as Log[]
}
const found = async (q: string): Promise<string[]> => (await search(q)).map(({ description }) => description)

describe('searching the log', () => {
  beforeAll(async () => {
    const asked = { correlationId: 'corr-7', auth0Client: { name: 'auth0.js', version: '9' } }
    await signupFailed('alpha one', { clientId: 'searched', hostname: 'a.example.com', connection: 'Username-Password-Authentication', ...asked })
    await signupFailed('alpha two', { clientId: 'searched', organizationId: 'org_1' })
    await signupFailed('beta 100%', { clientId: 'searched', userId: 'auth0|searched' })
    await record({ type: 'LogoutRefused', data: { description: 'gamma_x' } }, { clientId: 'searched' })
  })
  const mine = (q: string): Promise<string[]> => found(`client_id:searched AND (${q})`)

  it.each([
    ['type:fs', ['alpha one', 'alpha two', 'beta 100%']],
    ['type:(flo OR sapi)', ['gamma_x']],
    ['type:(flo OR fs OR sapi)', ['alpha one', 'alpha two', 'beta 100%', 'gamma_x']],
    ['type:(fs OR fs)', ['alpha one', 'alpha two', 'beta 100%']],
    ['type:(flo OR f*)', ['alpha one', 'alpha two', 'beta 100%', 'gamma_x']],
    ['type:fs OR organization_id:org_1', ['alpha one', 'alpha two', 'beta 100%']],
    ['type:(flo OR fs) AND description:("alpha two" OR gamma_x OR none)', ['alpha two', 'gamma_x']],
    ['type:f*', ['alpha one', 'alpha two', 'beta 100%', 'gamma_x']],
    ['NOT type:flo', ['alpha one', 'alpha two', 'beta 100%']],
    ['NOT organization_id:org_1', ['alpha one', 'beta 100%', 'gamma_x']],
    ['description:"alpha one"', ['alpha one']],
    ['description:alpha\\ one', ['alpha one']],
    ['description:alpha', []],
    ['description:ALPHA*', []],
    ['description:*two', ['alpha two']],
    ['description:*100%*', ['beta 100%']],
    ['description:*a_x', ['gamma_x']],
    ['"alpha one"', ['alpha one']],
    ['alpha*', ['alpha one', 'alpha two']],
    ['hostname:a.example.com', ['alpha one']],
    ['user_id:"auth0|searched"', ['beta 100%']],
    ['_exists_:user_id', ['beta 100%']],
    ['connection:Username-Password-Authentication', ['alpha one']],
    ['strategy:auth0 AND strategy_type:database', ['alpha one']],
    ['type:[fl TO fm]', ['gamma_x']],
    ['date:[2020-01 TO *]', ['alpha one', 'alpha two', 'beta 100%', 'gamma_x']],
    ['date:{* TO 2020-01-01}', []],
    ['details.error.message:gamma*', ['gamma_x']],
    ['references.correlation_id:corr-7', ['alpha one']],
    ['auth0_client.name:auth0.js AND auth0_client.version:9', ['alpha one']],
    ['_exists_:auth0_client.name', ['alpha one']],
    ['organization_name:acme OR scope:*', []],
    ['no_such_field:x', []],
    ['type:fs organization_id:org_1', ['alpha one', 'alpha two', 'beta 100%']],
  ])('finds by %s', async (q, expected) => {
    expect(await mine(q)).toEqual(expected)
  })

  it('pages through several values as through one', async () => {
    const pages: string[] = []
    for (let page = 0; page < 3; page++) {
      const rows = await search('client_id:(searched OR nobody) AND type:(flo OR fs)', `&per_page=2&page=${page}`)
      pages.push(rows.map(({ description }) => description).join(', '))
    }
    expect(pages).toEqual(['alpha one, alpha two', 'beta 100%, gamma_x', ''])
  })

  it('finds by scope', async () => {
    await record({ type: 'ClientTokenIssued', data: { scope: 'read:scoped write:scoped', tokenId: 'jti-scoped' } }, { clientId: 'scoped' })
    for (const q of ['scope:"read:scoped write:scoped"', 'scope:read\\:scoped*', 'client_id:scoped AND _exists_:scope']) {
      expect(await search(q)).toMatchObject([{ type: 'seccft', scope: 'read:scoped write:scoped' }])
    }
  })

  it('finds from a log_id on', async () => {
    const [, second] = await search('client_id:searched')
    expect(await mine(`log_id:[${second!.log_id} TO *]`)).toEqual(['alpha two', 'beta 100%', 'gamma_x'])
    expect(await mine(`log_id:{${second!.log_id} TO *]`)).toEqual(['beta 100%', 'gamma_x'])
  })

  it('finds by the day that it happened on', async () => {
    const [{ date }] = (await search('client_id:searched')) as [Log]
    expect(await mine(`date:${date.slice(0, 10)}`)).not.toEqual([])
    expect(await mine(`date:[${date.slice(0, 7)} TO ${date.slice(0, 7)}]`)).not.toEqual([])
    expect(await mine(`date:"${date}"`)).toContain('alpha one')
  })

  it('finds people by their name and by where they were, and by nothing less', async () => {
    const connection = await service.queries.execute(new FindConnection('Username-Password-Authentication'))
    const userId = `auth0|${randomUUID()}`
    await service.commands.execute(
      new CreateUser({ userId, connection: connection!, email: 'Ann.Logged@Example.com', emailVerified: false, password: 'Secret-Pass-1' }, {}),
    )
    const origin = await service.app.get(PersonKeys).seal(userId, { ip: '203.0.113.99', userAgent: 'curl/8.5.0' })
    await signupFailed('by ann', { userId, origin, auth0Client: { name: 'auth0.js' }, correlationId: 'corr-1' })
    for (const q of ['user_name:ann.logged@example.com', 'user_name:"Ann.Logged@example.com"', 'ann.logged@example.com', 'ip:203.0.113.99']) {
      expect(await search(q)).toMatchObject([
        {
          description: 'by ann',
          user_id: userId,
          ip: '203.0.113.99',
          user_agent: 'curl 8.5.0 / Other 0.0.0',
          isMobile: false,
          auth0_client: { name: 'auth0.js' },
          references: { correlation_id: 'corr-1' },
        },
      ])
    }
    for (const q of ['user_name:ann*', 'ip:203.0.113.*', 'user_name:[a TO b]']) {
      expect((await get(`logs?q=${encodeURIComponent(q)}`)).body).toMatchObject({ statusCode: 400, errorCode: 'invalid_query_string' })
    }
    const { body } = await get(`users/${encodeURIComponent(userId)}/logs?include_totals=true`)
    expect(body).toMatchObject({ start: 0, limit: 50, length: 1, total: 1, logs: [{ description: 'by ann' }] })
  })

  it('names nobody after who bears their id now', async () => {
    const body = { connection: 'Username-Password-Authentication', user_id: 'reused', password: 'Secret-Pass-1' }
    const born = async (email: string): Promise<unknown> => (await service.api('POST', 'users', { ...body, email })).status
    const named = async (q: string): Promise<unknown[]> => (await search(q)).map(({ type, description, user_name }) => [type, description, user_name])
    expect(await born('first@example.com')).toBe(201)
    await signupFailed('of the first', { userId: 'auth0|reused' })
    expect(await named('user_name:"first@example.com"')).toEqual([['fs', 'of the first', 'first@example.com']])
    await service.api('DELETE', 'users/auth0%7Creused')
    expect(await born('second@example.com')).toBe(201)
    await signupFailed('of the second', { userId: 'auth0|reused' })
    const second = ['fs', 'of the second', 'second@example.com']
    expect(await named('user_id:"auth0|reused" AND type:(fs OR sdu)')).toEqual([['fs', 'of the first', ''], ['sdu', '', ''], second])
    expect(await named('user_name:"second@example.com"')).toEqual([second])
  })

  it('answers in pages, in the order asked for, with the fields asked for', async () => {
    const page = async (n: number) => (await get(`logs?q=client_id:searched&sort=log_id:1&per_page=3&page=${n}`)).body as Log[]
    expect((await page(0)).map(({ description }) => description)).toEqual(['alpha one', 'alpha two', 'beta 100%'])
    expect((await page(1)).map(({ description }) => description)).toEqual(['gamma_x'])
    expect(await page(2)).toEqual([])
    const { body } = await get('logs?q=client_id:searched&per_page=3&include_totals=true&fields=type,client_id')
    expect(body).toEqual({
      start: 0,
      limit: 3,
      length: 3,
      total: 3,
      logs: [{ type: 'flo', client_id: 'searched' }, ...[1, 2].map(() => ({ type: 'fs', client_id: 'searched' }))],
    })
    expect((await get('logs?q=client_id:searched&fields=details,date&include_fields=false')).body[0]).not.toHaveProperty('details')
    expect((await get('logs?search=client_id:searched')).body).toHaveLength(4)
    expect((await get('logs?q=client_id:searched&search=type:flo')).body).toMatchObject([{ type: 'flo', client_id: 'searched' }])
  })

  it('reaches a thousand rows by pages and no more', async () => {
    expect((await get('logs?per_page=100&page=10')).body).toEqual([])
    expect((await get('logs?per_page=100&page=11')).body).toMatchObject({ statusCode: 400, message: expect.stringContaining('first 1000 records') })
    expect((await get('logs?per_page=0')).body).toEqual([])
  })

  it.each([
    'q=type%3A(fs',
    'q=type%3A',
    'q=name%3A*sa',
    'q=date%3A%5Byesterday%20TO%20*%5D',
    'q=date%3A2026-02-31',
    'q=date%3A2026*',
    'q=a%3Fb',
    'q=%2Btype%3Afs',
    'q=!type%3Afs',
    'q=type%3Afs%20%26%26%20type%3Aflo',
    'q=type%3Afs%20%7C%7C%20type%3Aflo',
    'q=location_info.country_code%3ADE',
    'q=isMobile%3Atrue',
    'q=details.request.ip%3A127.0.0.1',
    'q=details.request.auth.user.name%3Aann*',
    'q=details.body.email%3Aann%40example.com',
    'sort=password:1',
    'sort=date',
    'sort=constructor:1',
    'per_page=101',
    'per_page=-1',
    'page=x',
    'take=0',
    'take=101',
    'from=abc',
    `from=${encodeURIComponent("900'; drop table tenant_logs; --")}`,
    'include_totals=perhaps',
    'q=a&q=b',
    'q=%00',
  ])('refuses %s', async (query) => {
    const { status, body } = await get(`logs?${query}`)
    expect([400, 414]).toContain(status)
    expect(body).toMatchObject({ statusCode: status, message: expect.any(String) })
  })

  it('refuses a query that is too long', async () => {
    // A token with every scope and this query together are more than Node takes as headers.
    const authorization = `Bearer ${await service.managementToken(['read:logs'])}`
    const ask = (query: string) => service.api('GET', query, undefined, { authorization })
    for (const at of ['logs?q=', 'logs?search=', 'users/auth0%7Cnobody/logs?q=']) {
      expect((await ask(at + 'x'.repeat(8000))).status).toBe(200)
      for (const length of [8001, 9000]) {
        expect((await ask(at + 'x'.repeat(length))).body).toEqual({ statusCode: 414, error: 'URI Too Long', message: 'Request-URI Too Large' })
      }
    }
  })

  it('takes quotes, backslashes and asterisks as texts', async () => {
    for (const q of [`description:"' or 1=1 --"`, 'description:"\\\\"', 'description:"%"', 'details.a\'b.c:"x"', 'details.:x', 'details..:x', '"$1"']) {
      expect(await mine(q)).toEqual([])
    }
  })
})

describe('one log event', () => {
  it('is found by its id', async () => {
    await signupFailed('found by id')
    const [log] = await search('description:"found by id"')
    expect((await get(`logs/${log!.log_id}`)).body).toEqual(log)
  })

  it('that is not there is not found', async () => {
    expect((await get(`logs/${'9'.repeat(56)}`)).body).toMatchObject({ statusCode: 404, error: 'Not Found', message: 'Log not found.' })
    expect((await get('logs/x%27y')).status).toBe(404)
  })
})

describe('what the Management API did', () => {
  it('stands in the log at once, without secrets', async () => {
    const name = `Logged ${randomUUID()}`
    const created = await service.api('POST', 'clients', { name, client_secret: 'S'.repeat(48) }, { 'x-correlation-id': name })
    expect(created.status).toBe(201)
    const refused = await service.api('POST', 'clients', { name: 7 }, { 'x-correlation-id': name })
    expect(refused.status).toBe(400)
    await get(`clients/${created.body.client_id}`)
    const rows = (await search('type:(sapi OR fapi OR mgmt_api_read)')).filter((row) => row.references?.correlation_id === name || row.type === 'mgmt_api_read')
    expect(rows).toMatchObject([
      {
        type: 'sapi',
        description: 'Create a client',
        client_id: 'management',
        details: { request: { method: 'post', path: '/api/v2/clients', body: { name }, channel: 'api' }, response: { statusCode: 201 } },
      },
      { type: 'fapi', details: { request: { method: 'post' }, response: { statusCode: 400 } } },
      { type: 'mgmt_api_read', details: { accessedSecrets: ['client_secret'] } },
    ])
    expect(rows[0]!['ip']).toMatch(/127\.0\.0\.1|::1/)
    expect(JSON.stringify(rows)).not.toContain('SSSS')
    expect(JSON.stringify(rows)).not.toContain(created.body.client_secret)
  })
})

describe('the log without scope', () => {
  it('is closed', async () => {
    const token = await service.managementToken(['read:users'])
    const { body } = await service.api('GET', 'logs', undefined, { authorization: `Bearer ${token}` })
    expect(body).toMatchObject({ statusCode: 403, errorCode: 'insufficient_scope', message: 'Insufficient scope, expected any of: read:logs,read:logs_users' })
    const users = await service.managementToken(['read:logs_users'])
    expect((await service.api('GET', 'logs', undefined, { authorization: `Bearer ${users}` })).status).toBe(200)
  })
})
