import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { CommandBus, QueryBus } from '@nestjs/cqrs'
import { type ClientDocument, FindClient } from '../../src/authorization/index.js'
import { NoteLogoutMessages } from '../../src/authorization/commands/note-logout-messages.js'
import { type Json, startApp, type TestApp } from '../support/app.js'
import { eventually } from '../support/eventually.js'
import { anotherWorker } from '../support/oauth.js'
import { aClient, aPerson, authorizeUrl, DIRECTORY, PASSWORD } from '../support/people.js'
import { recorded } from '../support/recorded.js'
import { Visitor } from '../support/visitor.js'

let service: TestApp
let listener: Server
let base: string
/** What was posted, by path, and how each path answers. */
const heard = new Map<string, string[]>()
const answers = new Map<string, (req: IncomingMessage, res: ServerResponse) => void>()
beforeAll(async () => {
  listener = createServer((req, res) => {
    void (async () => {
      let body = ''
      for await (const chunk of req) body += String(chunk)
      const path = req.url!
      heard.set(path, [...(heard.get(path) ?? []), `${req.headers['content-type']} ${body}`])
      const answer = answers.get(path)
      if (answer) answer(req, res)
      else res.writeHead(200).end()
    })()
  })
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`
  service = await startApp({ BACKCHANNEL_ALLOW_INSECURE_TARGETS: 'true' })
})
afterAll(async () => {
  await service.close()
  listener.closeAllConnections()
  await new Promise((resolve) => listener.close(resolve))
})

let listeners = 0
/** A client that wants to hear of the ends of sessions, at a path of its own. */
async function listening(settings: object = {}): Promise<{ client: ClientDocument; path: string }> {
  const path = `/client-${++listeners}`
  const client = await aClient(service, { oidc_logout: { backchannel_logout_urls: [base + path], ...settings } })
  return { client, path }
}
async function logIn(client: ClientDocument): Promise<{ who: Visitor; userId: string; sessionId: string }> {
  const person = await aPerson(service)
  const who = new Visitor(service.url)
  await who.submit(await who.get(authorizeUrl(client)), { username: person.email, password: PASSWORD })
  return { who, userId: person.userId, sessionId: who.cookies.get('auth0')!.split('.')[0]! }
}
const logOut = (who: Visitor): Promise<unknown> => who.get('/v2/logout')
const tokens = (path: string): string[] => (heard.get(path) ?? []).map((post) => new URLSearchParams(post.split(' ')[1]).get('logout_token')!)
const facts = async (type: string, clientId: string) => (await recorded(service, type)).filter(({ metadata }) => metadata['clientId'] === clientId)

it('tells each client of the session, by a token that it can verify, once', async () => {
  const [first, second] = [await listening(), await listening()]
  const { who, userId, sessionId } = await logIn(first.client)
  await who.get(authorizeUrl(second.client))
  await logOut(who)
  await eventually(() => tokens(first.path).length > 0 && tokens(second.path).length > 0)
  const keys = createRemoteJWKSet(new URL(`${service.url}.well-known/jwks.json`))
  const expected = { issuer: service.url, audience: first.client.client_id, typ: 'JWT', algorithms: ['RS256'] }
  const { payload } = await jwtVerify(tokens(first.path)[0]!, keys, expected)
  expect(payload).toEqual({
    iss: service.url,
    sub: userId,
    aud: first.client.client_id,
    iat: expect.any(Number),
    exp: payload.iat! + 120,
    jti: expect.any(String),
    events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
    trace_id: expect.any(String),
    sid: sessionId,
  })
  expect(heard.get(first.path)![0]).toMatch(/^application\/x-www-form-urlencoded /)
  for (const { client } of [first, second]) await eventually(async () => (await facts('LogoutTokenDelivered', client.client_id)).length === 1)
  const [fact] = await facts('LogoutTokenDelivered', first.client.client_id)
  expect(fact).toMatchObject({ data: { initiator: 'rp-logout', uri: base + first.path, statusCode: 200 }, metadata: { userId, sessionId } })
  const { rows } = await service.pool.query('select from logout_messages where session_id = $1 and ended_at is null', [sessionId])
  expect(rows).toEqual([])
  expect([tokens(first.path).length, tokens(second.path).length]).toEqual([1, 1])
})

it('appears in the log, with where the logout came from and what became of it', async () => {
  const [{ client }, failing] = [await listening(), await listening()]
  answers.set(failing.path, (_, res) => void res.writeHead(500).end())
  const { who, userId } = await logIn(client)
  await who.get(authorizeUrl(failing.client))
  await who.get('/v2/logout', { 'x-forwarded-for': '203.0.113.77' })
  const entries = async (): Promise<Json[]> =>
    (await service.api('GET', `users/${encodeURIComponent(userId)}/logs`)).body.filter(({ type }: { type: string }) => type.startsWith('oidc_backchannel'))
  await eventually(async () => (await entries()).length === 2)
  const about = { ip: '203.0.113.77', connection: DIRECTORY, strategy: 'auth0' }
  const told = 'answered with status 500'
  const failed = { details: { initiator: 'rp-logout', response: { statusCode: 500 }, errors: [told] }, description: told }
  expect((await entries()).sort((a, b) => (a.type < b.type ? 1 : -1))).toMatchObject([
    { type: 'oidc_backchannel_logout_succeeded', client_id: client.client_id, ...about, details: { initiator: 'rp-logout' } },
    { type: 'oidc_backchannel_logout_failed', client_id: failing.client.client_id, ...about, ...failed },
  ])
})

it('tells only those who want to hear of this kind of end, with the metadata if they ask for it', async () => {
  const quiet = await listening()
  const keen = await listening({ backchannel_logout_initiators: { mode: 'all' }, backchannel_logout_session_metadata: { include: true } })
  const { who, sessionId } = await logIn(quiet.client)
  await who.get(authorizeUrl(keen.client))
  await service.api('PATCH', `sessions/${sessionId}`, { session_metadata: { device: 'tv' } })
  await service.api('DELETE', `sessions/${sessionId}`)
  await eventually(() => tokens(keen.path).length > 0)
  const claims = JSON.parse(Buffer.from(tokens(keen.path)[0]!.split('.')[1]!, 'base64url').toString())
  expect(claims).toMatchObject({ sid: sessionId, session_metadata: { device: 'tv' } })
  const { rows } = await service.pool.query('select client_id, initiator from logout_messages where session_id = $1', [sessionId])
  expect(rows).toEqual([{ client_id: keen.client.client_id, initiator: 'session-revoked' }])
  expect(tokens(quiet.path)).toEqual([])
})

it('calls each kind of end what clients select it by', async () => {
  const { client } = await listening({ backchannel_logout_initiators: { mode: 'all' } })
  const user = (userId: string): string => `users/${encodeURIComponent(userId)}`
  const change = (userId: string, body: object) => service.api('PATCH', user(userId), { ...body, connection: DIRECTORY })
  const ends: [initiator: string, end: (login: { userId: string; sessionId: string }) => Promise<unknown>][] = [
    ['session-revoked', ({ sessionId }) => service.api('DELETE', `sessions/${sessionId}`)],
    ['password-changed', ({ userId }) => change(userId, { password: 'Another-Horse-2' })],
    ['email-identifier-changed', ({ userId }) => change(userId, { email: `${randomUUID()}@example.com` })],
    ['account-deactivated', ({ userId }) => change(userId, { blocked: true })],
    ['account-deleted', ({ userId }) => service.api('DELETE', user(userId))],
  ]
  for (const [initiator, end] of ends) {
    const login = await logIn(client)
    await end(login)
    const told = await eventually(async () =>
      (await facts('LogoutTokenDelivered', client.client_id)).find(({ metadata }) => metadata['sessionId'] === login.sessionId),
    )
    expect(told.data['initiator']).toBe(initiator)
  }
})

it('is told in the log with the session’s metadata where the tenant wants that, as is the logout', async () => {
  const { client } = await listening()
  const told = async (include: boolean, metadata: object | null): Promise<unknown[]> => {
    await service.api('PATCH', 'tenants/settings', { include_session_metadata_in_tenant_logs: include })
    const { who, userId, sessionId } = await logIn(client)
    await service.api('PATCH', `sessions/${sessionId}`, { session_metadata: metadata })
    await logOut(who)
    const ends = await eventually(async () => {
      const { body } = await service.api('GET', `users/${encodeURIComponent(userId)}/logs?sort=date:1`)
      const found = body.filter(({ type }: Json) => type === 'slo' || type.startsWith('oidc_backchannel'))
      return found.length === 2 && (found as Json[])
    })
    return ends.map(({ type, details }) => [type, details.session_metadata])
  }
  const rows = (metadata?: object): unknown[] => ['slo', 'oidc_backchannel_logout_succeeded'].map((type) => [type, metadata])
  expect(await told(false, { device: 'tv' })).toEqual(rows())
  expect(await told(true, { device: 'tv' })).toEqual(rows({ device: 'tv' }))
  expect(await told(true, null)).toEqual(rows({}))
  const { rows: kept } = await service.pool.query(
    `select from tenant_logs where details::text like '%device%' and type = any('{slo,oidc_backchannel_logout_succeeded}')`,
  )
  expect(kept).toEqual([])
  expect(await service.api('GET', 'logs?q=details.session_metadata.device:tv')).toMatchObject({ status: 400 })
})

it('is not repeated for a client that says no, is tried again where nothing came of it, and keeps nobody waiting', async () => {
  const [refusing, failing, hanging] = [await listening(), await listening(), await listening()]
  answers.set(refusing.path, (_, res) => void res.writeHead(400).end())
  answers.set(failing.path, (_, res) => void res.writeHead(302, { Location: `${base}/elsewhere` }).end())
  answers.set(hanging.path, () => undefined)
  const { who, sessionId } = await logIn(refusing.client)
  await who.get(authorizeUrl(failing.client))
  await who.get(authorizeUrl(hanging.client))
  await logOut(who)
  await eventually(async () => (await facts('LogoutTokenFailed', hanging.client.client_id)).length > 0)
  expect((await facts('LogoutTokenFailed', hanging.client.client_id))[0]!.data).toMatchObject({ error: 'no answer within 5 s' })
  expect((await facts('LogoutTokenFailed', refusing.client.client_id))[0]!.data).toMatchObject({ statusCode: 400 })
  const { rows } = await service.pool.query<{ client_id: string; again: boolean }>(
    'select client_id, next_try_at is not null as again from logout_messages where session_id = $1',
    [sessionId],
  )
  expect(new Map(rows.map(({ client_id, again }) => [client_id, again]))).toEqual(
    new Map([
      [refusing.client.client_id, false],
      [failing.client.client_id, true],
      [hanging.client.client_id, true],
    ]),
  )
  answers.delete(failing.path)
  const again = `update logout_messages set next_try_at = now() where session_id = $1 and client_id = $2`
  await service.pool.query(again, [sessionId, failing.client.client_id])
  await eventually(async () => (await facts('LogoutTokenDelivered', failing.client.client_id)).length === 1)
  const [first, second] = tokens(failing.path)
  expect(second).not.toBe(first)
  expect(heard.has('/elsewhere')).toBe(false)
  // Given up after the fourth try, and dropped when the client wants to hear no more.
  await service.pool.query(`update logout_messages set tries = 3, next_try_at = now() where session_id = $1 and client_id = $2`, [
    sessionId,
    hanging.client.client_id,
  ])
  answers.set(hanging.path, (_, res) => void res.writeHead(500).end())
  await eventually(async () => (await service.pool.query('select from logout_messages where session_id = $1 and ended_at is null', [sessionId])).rowCount === 0)
})

it('is dropped when the client’s address is taken away', async () => {
  const { client, path } = await listening()
  answers.set(path, (_, res) => void res.writeHead(500).end())
  const { who, sessionId } = await logIn(client)
  await logOut(who)
  await eventually(async () => (await facts('LogoutTokenFailed', client.client_id)).length === 1)
  await service.api('PATCH', `clients/${client.client_id}`, { oidc_logout: null })
  const count = tokens(path).length
  await service.pool.query(`update logout_messages set next_try_at = now() + interval '1 second' where session_id = $1`, [sessionId])
  await eventually(async () => (await service.pool.query('select from logout_messages where session_id = $1 and ended_at is null', [sessionId])).rowCount === 0)
  expect(tokens(path)).toHaveLength(count)
})

it('reaches whoever wanted to hear of it when it happened, whatever a process remembers of them', async () => {
  const client = await aClient(service)
  const other = await anotherWorker(service)
  try {
    await other.app.get(QueryBus).execute(new FindClient({ clientId: client.client_id }))
    const settings = { backchannel_logout_urls: [`${base}/late`], backchannel_logout_initiators: { mode: 'all' } }
    await service.api('PATCH', `clients/${client.client_id}`, { oidc_logout: settings })
    const ended = { reason: 'api', userId: 'auth0|ada', clients: [client.client_id], metadata: null, endsRefreshTokens: true } as const
    await other.app.get(CommandBus).execute(new NoteLogoutMessages('session-of-before', ended))
  } finally {
    await other.close()
  }
  await eventually(() => heard.get('/late')?.length === 1)
})

describe('the addresses', () => {
  let strict: TestApp
  beforeAll(async () => {
    strict = await startApp()
  })
  afterAll(() => strict.close())
  const create = (url: string, more: object = {}) => strict.api('POST', 'clients', { name: 'x', oidc_logout: { backchannel_logout_urls: [url], ...more } })

  it.each([
    'http://app.example/out',
    'https://user:secret@app.example/out',
    'https://127.0.0.1/out',
    'https://[::1]/out',
    'https://169.254.169.254/latest',
    'https://localhost/out',
    'https://app.example/out#x',
    'ftp://app.example/',
    'not an address',
  ])('are public and https: not %s', async (url) => {
    expect(await create(url)).toMatchObject({ status: 400, body: { errorCode: 'invalid_body' } })
    expect(await strict.api('POST', 'clients', { name: 'x', oidc_backchannel_logout: { backchannel_logout_urls: [url] } })).toMatchObject({ status: 400 })
  })

  it('are one, with the two initiators that are always told', async () => {
    expect((await create('https://app.example/out')).status).toBe(201)
    expect((await create('https://app.example/out', { backchannel_logout_initiators: { mode: 'custom', selected_initiators: ['rp-logout'] } })).status).toBe(
      400,
    )
    const both = { mode: 'custom', selected_initiators: ['rp-logout', 'idp-logout', 'password-changed'] }
    expect((await create('https://app.example/out', { backchannel_logout_initiators: both })).status).toBe(201)
    expect((await create('https://app.example/out', { backchannel_logout_initiators: { selected_initiators: ['nothing'] } })).status).toBe(400)
    const two = ['https://app.example/1', 'https://app.example/2']
    expect((await strict.api('POST', 'clients', { name: 'x', oidc_logout: { backchannel_logout_urls: two } })).status).toBe(400)
  })
})
