import type { ClientDocument } from '../../src/authorization/index.js'
import { ChangeTenantSettings } from '../../src/users/index.js'
import { type Json, startApp, type TestApp } from '../support/app.js'
import { eventually } from '../support/eventually.js'
import { anotherWorker } from '../support/oauth.js'
import { aClient, anApi, aPerson, authorizeUrl, CALLBACK, DIRECTORY, PASSWORD } from '../support/people.js'
import { recorded } from '../support/recorded.js'
import { answerOf, Visitor } from '../support/visitor.js'

const AGENT = { 'user-agent': 'Planted-Agent/2.0' }
const TOO_MUCH = 'Metadata must not exceed 25 entries. Each key and value must be ≤ 255 characters.'
const GONE = { statusCode: 404, error: 'Not Found', message: 'The session does not exist.', errorCode: 'inexistent_session' }

let service: TestApp
let client: ClientDocument
let audience: string
beforeAll(async () => {
  service = await startApp()
  client = await aClient(service, { refresh_token: { rotation_type: 'rotating', expiration_type: 'expiring', leeway: 0 } })
  audience = await anApi(service)
})
afterAll(() => service.close())

interface Login {
  readonly who: Visitor
  readonly userId: string
  readonly email: string
  readonly sessionId: string
  readonly refreshToken: string
}

/** Through the form, with a refresh token. */
async function logIn(person?: { userId: string; email: string }): Promise<Login> {
  const { userId, email } = person ?? (await aPerson(service))
  const who = new Visitor(service.url)
  const scope = 'openid offline_access read:plants'
  const page = await who.submit(await who.get(authorizeUrl(client, { scope, audience }), AGENT), { username: email, password: PASSWORD })
  const { code } = answerOf(page)
  const tokens = await token({ grant_type: 'authorization_code', code: code!, redirect_uri: CALLBACK })
  return { who, userId, email, sessionId: who.cookies.get('auth0')!.split('.')[0]!, refreshToken: tokens.body.refresh_token }
}
async function token(parameters: Record<string, string>): Promise<{ status: number; body: Json }> {
  const body = new URLSearchParams({ client_id: client.client_id, ...parameters })
  const res = await fetch(`${service.url}oauth/token`, { method: 'POST', body })
  return { status: res.status, body: await res.json() }
}
const refreshes = async ({ refreshToken }: Login): Promise<boolean> =>
  (await token({ grant_type: 'refresh_token', refresh_token: refreshToken })).status === 200
const silently = async ({ who }: Login): Promise<string> => {
  const { error } = answerOf(await who.get(authorizeUrl(client, { prompt: 'none' })))
  return error ?? 'logged in'
}
const path = ({ sessionId }: Login): string => `sessions/${sessionId}`
const ofUser = ({ userId }: Login): string => `users/${encodeURIComponent(userId)}/sessions`

it('GET /sessions/{id} shows the record to the letter', async () => {
  const login = await logIn()
  const { status, body } = await service.api('GET', path(login))
  expect(status).toBe(200)
  const date = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  const device = { initial_ip: expect.stringMatching(/127\.0\.0\.1|::1/), initial_asn: null, initial_user_agent: expect.any(String) }
  expect(body).toEqual({
    id: login.sessionId,
    user_id: login.userId,
    created_at: date,
    updated_at: date,
    authenticated_at: date,
    idle_expires_at: date,
    expires_at: date,
    last_interacted_at: date,
    device: { ...device, last_ip: device.initial_ip, last_asn: null, last_user_agent: expect.any(String) },
    clients: [{ client_id: client.client_id }],
    authentication: { methods: [{ name: 'pwd', timestamp: body.authenticated_at }] },
    cookie: { mode: 'persistent' },
    session_metadata: {},
  })
  expect(Date.parse(body.expires_at) - Date.parse(body.created_at)).toBe(168 * 3_600_000)
  expect(Date.parse(body.idle_expires_at) - Date.parse(body.created_at)).toBe(72 * 3_600_000)
  for (const id of ['nobody', 'x'.repeat(60)]) expect(await service.api('GET', `sessions/${id}`)).toMatchObject({ status: 404, body: GONE })
})

it('a use by another client moves the idle end, not the absolute one, and says where it came from', async () => {
  const login = await logIn()
  const before = (await service.api('GET', path(login))).body
  const other = await aClient(service)
  await login.who.get(authorizeUrl(other), { 'user-agent': 'Another-Agent/3.0' })
  const { body } = await service.api('GET', path(login))
  expect(body).toMatchObject({ clients: [{ client_id: client.client_id }, { client_id: other.client_id }], expires_at: before.expires_at })
  expect(body.idle_expires_at > before.idle_expires_at).toBe(true)
  expect(body.last_interacted_at > before.last_interacted_at).toBe(true)
  expect(body.device).toMatchObject({ initial_user_agent: before.device.initial_user_agent, last_user_agent: 'Another-Agent/3.0' })
})

describe('PATCH /sessions/{id}', () => {
  it('replaces the metadata, and clears it', async () => {
    const login = await logIn()
    const patch = async (session_metadata: unknown): Promise<Json> => (await service.api('PATCH', path(login), { session_metadata })).body
    expect((await patch({ a: '1', b: '' })).session_metadata).toEqual({ a: '1', b: '' })
    expect((await patch({ c: '3', d: null })).session_metadata).toEqual({ c: '3' })
    expect((await service.api('GET', path(login))).body.session_metadata).toEqual({ c: '3' })
    expect((await patch(null)).session_metadata).toEqual({})
    const { rows } = await service.pool.query(`select from events where data::text like '%"c":"3"%'`)
    expect(rows).toEqual([])
  })

  it('changes nothing when anything is wrong', async () => {
    const login = await logIn()
    await service.api('PATCH', path(login), { session_metadata: { kept: 'yes' } })
    const many = Object.fromEntries(Array.from({ length: 26 }, (_, n) => [`k${n}`, 'v']))
    const refusals: [body: unknown, message: string | RegExp][] = [
      [{ session_metadata: many }, TOO_MUCH],
      [{ session_metadata: { a: 'x'.repeat(256) } }, TOO_MUCH],
      [{ session_metadata: { 'a b': '1' } }, 'Metadata keys may only include letters, numbers, underscores, or hyphens'],
      [{ session_metadata: { a: 1 } }, /Expected type string but found type number/],
      [{ session_metadata: [] }, /Expected type object/],
      [{ session_metadata: {}, other: 1 }, /Additional properties not allowed/],
      [{}, /Missing required property/],
    ]
    for (const [body, message] of refusals) {
      const answer = await service.api('PATCH', path(login), body)
      expect([answer.status, answer.body.message]).toEqual([400, typeof message === 'string' ? message : expect.stringMatching(message)])
    }
    expect((await service.api('GET', path(login))).body.session_metadata).toEqual({ kept: 'yes' })
    expect(await service.api('PATCH', 'sessions/nobody', { session_metadata: {} })).toMatchObject({ status: 404, body: GONE })
  })
})

it('DELETE /sessions/{id} ends the session on every worker at once, and leaves its offline refresh tokens', async () => {
  const login = await logIn()
  const other = await anotherWorker(service)
  const there = new Visitor(other.scene.service.url)
  there.cookies.set('auth0', login.who.cookies.get('auth0')!)
  expect((await service.api('DELETE', path(login))).status).toBe(202)
  expect(answerOf(await there.get(authorizeUrl(client, { prompt: 'none' })))['error']).toBe('login_required')
  await other.close()
  expect(await silently(login)).toBe('login_required')
  expect(await refreshes(login)).toBe(true)
  expect((await service.api('GET', path(login))).status).toBe(404)
  expect((await service.api('DELETE', path(login))).status).toBe(202)
  expect((await service.api('DELETE', 'sessions/never-was')).status).toBe(202)
})

it('POST /sessions/{id}/revoke takes the refresh tokens with it', async () => {
  const login = await logIn()
  const elsewhere = await logIn(login)
  expect((await service.api('POST', `${path(login)}/revoke`)).status).toBe(202)
  expect([await silently(login), await refreshes(login)]).toEqual(['login_required', false])
  expect([await silently(elsewhere), await refreshes(elsewhere)]).toEqual(['logged in', true])
  expect(await service.api('POST', `${path(login)}/revoke`)).toMatchObject({ status: 404, body: GONE })
  const half = await service.managementToken(['delete:sessions'])
  expect((await service.api('POST', `${path(elsewhere)}/revoke`, undefined, { authorization: `Bearer ${half}` })).status).toBe(403)
})

describe('a user’s sessions', () => {
  it('are listed in pages, those alone that live', async () => {
    const first = await logIn()
    const logins = [first, await logIn(first), await logIn(first), await logIn(first)]
    await logIn()
    await service.api('DELETE', path(first))
    const ids: string[] = []
    let query = '?take=2&include_totals=true'
    for (;;) {
      const { body } = await service.api('GET', ofUser(first) + query)
      expect(body.total).toBe(3)
      ids.push(...body.sessions.map(({ id }: { id: string }) => id))
      if (body.next === undefined) break
      query = `?take=2&include_totals=true&from=${encodeURIComponent(body.next)}`
    }
    expect(ids).toEqual(
      logins
        .slice(1)
        .map(({ sessionId }) => sessionId)
        .sort(),
    )
    const [shown] = (await service.api('GET', ofUser(first))).body.sessions
    expect(shown).toEqual((await service.api('GET', `sessions/${ids[0]}`)).body)
    expect((await service.api('GET', 'users/auth0%7Cnobody/sessions')).body.message).toBe('User not found')
  })

  it('are ended together by DELETE, their refresh tokens kept', async () => {
    const login = await logIn()
    const second = await logIn(login)
    const another = await logIn()
    expect((await service.api('DELETE', ofUser(login))).status).toBe(202)
    expect([await silently(login), await silently(second), await silently(another)]).toEqual(['login_required', 'login_required', 'logged in'])
    expect(await refreshes(login)).toBe(true)
    await eventually(async () => (await service.api('GET', ofUser(login))).body.sessions.length === 0)
    expect((await service.api('DELETE', 'users/auth0%7Cnobody/sessions')).status).toBe(404)
  })

  it('are ended by revoke-access, one or all, with the refresh tokens unless those are preserved', async () => {
    const revokeAccess = (login: Login, body?: object) => service.api('POST', `users/${encodeURIComponent(login.userId)}/revoke-access`, body)
    const one = await logIn()
    const two = await logIn(one)
    expect((await revokeAccess(one, { session_id: one.sessionId })).status).toBe(202)
    expect([await silently(one), await refreshes(one), await silently(two), await refreshes(two)]).toEqual(['login_required', false, 'logged in', true])
    const three = await logIn(one)
    expect((await revokeAccess(three, { preserve_refresh_tokens: true })).status).toBe(202)
    expect([await silently(three), await refreshes(three)]).toEqual(['login_required', true])
    const four = await logIn(one)
    expect((await revokeAccess(four)).status).toBe(202)
    expect([await silently(four), await refreshes(four)]).toEqual(['login_required', false])
    expect((await revokeAccess(four, { other: 1 })).status).toBe(400)
  })

  it('end with what they were logged in by, each with its reason', async () => {
    const user = ({ userId }: Login): string => `users/${encodeURIComponent(userId)}`
    const changes: [reason: string, change: (login: Login) => Promise<unknown>][] = [
      ['user-blocked', (login) => service.api('PATCH', user(login), { blocked: true })],
      ['identifier-changed', (login) => service.api('PATCH', user(login), { email: `new-${login.email}`, connection: DIRECTORY })],
      ['password-changed', (login) => service.api('PATCH', user(login), { password: 'Another-Horse-2', connection: DIRECTORY })],
      ['user-deleted', (login) => service.api('DELETE', user(login))],
    ]
    for (const [reason, change] of changes) {
      const login = await logIn()
      await change(login)
      expect(await silently(login)).toMatch(/^(login_required|unauthorized)$/)
      const ended = async () => (await recorded(service, 'SessionEnded')).filter(({ metadata }) => metadata['sessionId'] === login.sessionId)
      await eventually(async () => (await ended()).length > 0)
      expect((await ended()).map(({ data }) => data)).toEqual([expect.objectContaining({ reason, clients: [client.client_id] })])
    }
  })
})

it('time ends a session at once, and the log says so a little later', async () => {
  await service.commands.execute(new ChangeTenantSettings({ session_lifetime: 0.0001 }, {}))
  const login = await logIn()
  await service.commands.execute(new ChangeTenantSettings({ session_lifetime: undefined }, {}))
  await eventually(async () => (await silently(login)) === 'login_required')
  const ended = async () => (await recorded(service, 'SessionEnded')).filter(({ metadata }) => metadata['sessionId'] === login.sessionId)
  await eventually(async () => (await ended()).length === 1)
  expect((await ended())[0]!.data['reason']).toBe('expired')
  expect((await service.api('GET', ofUser(login))).body.sessions).toEqual([])
})
