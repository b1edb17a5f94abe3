import { randomBytes } from 'node:crypto'
import type { ClientDocument } from '../../../src/authorization/index.js'
import { SigningKeys } from '../../../src/keys/signing-keys.js'
import { onlineTokenId } from '../../../src/sessions/index.js'
import { ChangeTenantSettings, ChangeUser } from '../../../src/users/index.js'
import { type Json, startApp, type TestApp } from '../../support/app.js'
import { eventually } from '../../support/eventually.js'
import { anotherWorker } from '../../support/oauth.js'
import { aClient, anApi, aPerson, authorizeUrl, CALLBACK, PASSWORD } from '../../support/people.js'
import { recorded } from '../../support/recorded.js'
import { answerOf, Visitor } from '../../support/visitor.js'

const BOTH = 'Cannot request both online_access and offline_access scopes'
const UNKNOWN = { error: 'invalid_grant', error_description: 'Unknown or invalid refresh token.' }
const NOT_HERE = `API doesn't support Online Refresh Tokens. To revoke an Online Refresh Token, use the Sessions API: POST /api/v2/sessions/{session_id}/revoke`

let service: TestApp
let client: ClientDocument
let audience: string
beforeAll(async () => {
  service = await startApp()
  client = await aClient(service)
  audience = await anApi(service, { allow_online_access: true })
})
afterAll(() => service.close())

interface Login {
  readonly who: Visitor
  readonly userId: string
  readonly sessionId: string
  readonly tokens: Json
  readonly app: ClientDocument
}

async function token(app: ClientDocument, parameters: Record<string, string>, base = service.url): Promise<{ status: number; body: Json }> {
  const body = new URLSearchParams({ client_id: app.client_id, ...parameters })
  const res = await fetch(`${base}oauth/token`, { method: 'POST', body })
  return { status: res.status, body: await res.json() }
}
/** Through the form, or from the session that `who` has already. */
async function logIn({
  app = client,
  api = audience,
  scope = 'openid online_access read:plants',
  who = new Visitor(service.url),
  attributes = {},
} = {}): Promise<Login> {
  const { userId, email } = await aPerson(service, { attributes })
  const first = await who.get(authorizeUrl(app, { scope, audience: api }))
  const page = first.location ? first : await who.submit(first, { username: email, password: PASSWORD })
  const redeemed = await token(app, { grant_type: 'authorization_code', code: answerOf(page)['code']!, redirect_uri: CALLBACK })
  expect(redeemed.status).toBe(200)
  return { who, userId, sessionId: who.cookies.get('auth0')!.split('.')[0]!, tokens: redeemed.body, app }
}
const exchange = ({ app, tokens }: Login, more: Record<string, string> = {}, base = service.url) =>
  token(app, { grant_type: 'refresh_token', refresh_token: tokens.refresh_token, ...more }, base)
const works = async (login: Login): Promise<boolean> => {
  const { status, body } = await exchange(login)
  if (status !== 200) expect({ status, body }).toEqual({ status: 403, body: UNKNOWN })
  return status === 200
}
const claims = (jwt: string): Json => JSON.parse(Buffer.from(jwt.split('.')[1]!, 'base64url').toString())

it('is issued and exchanged as the documentation shows', async () => {
  const login = await logIn()
  expect(login.tokens).toEqual({
    access_token: expect.any(String),
    id_token: expect.any(String),
    refresh_token: expect.stringMatching(/^ORT[\w-]{86}$/),
    token_type: 'Bearer',
    expires_in: 86_400,
    scope: 'openid read:plants',
  })
  const { status, body } = await exchange(login)
  expect(status).toBe(200)
  expect(body).toEqual({ ...login.tokens, refresh_token: undefined, access_token: expect.any(String), id_token: expect.any(String) })
  expect(claims(body.access_token)).toMatchObject({ sub: login.userId, aud: [audience, `${service.url}userinfo`], scope: 'openid read:plants' })
  expect(claims(body.id_token)).toMatchObject({ sub: login.userId, sid: login.sessionId })
  expect(claims(body.id_token)).not.toHaveProperty('nonce')
  expect((await exchange(login, { scope: 'read:plants' })).body.scope).toBe('openid read:plants')
  expect((await exchange(login, { scope: 'water:plants' })).body.error).toBe('invalid_scope')
})

it('is the same for the same terms, so that a lost answer can be given again, and stands nowhere in clear', async () => {
  const login = await logIn()
  const again = await logIn({ who: login.who })
  expect(again.tokens.refresh_token).toBe(login.tokens.refresh_token)
  const other = await logIn({ who: login.who, scope: 'openid online_access' })
  expect(other.tokens.refresh_token).not.toBe(login.tokens.refresh_token)
  const stranger = await logIn({ who: login.who, app: await aClient(service) })
  expect(stranger.tokens.refresh_token).not.toBe(login.tokens.refresh_token)
  expect(await Promise.all([login, other, stranger].map(works))).toEqual([true, true, true])
  const { rows } = await service.pool.query(`select from events where data::text like $1 or metadata::text like $1`, [
    `%${login.tokens.refresh_token.slice(40)}%`,
  ])
  expect(rows).toEqual([])
  const granted = (await recorded(service, 'OnlineAccessGranted')).filter(({ metadata }) => metadata['sessionId'] === login.sessionId)
  expect(granted).toHaveLength(3)
})

it('counts only to the letter, and only for its client', async () => {
  const login = await logIn()
  const text: string = login.tokens.refresh_token
  const other = await aClient(service)
  const forged = `ORT${Buffer.concat([Buffer.from(text.slice(3), 'base64url').subarray(0, 32), randomBytes(32)]).toString('base64url')}`
  for (const wrong of [`${text} `, text.slice(0, -1), `${text}A`, text.replace('ORT', 'ort'), forged, `ORT${'A'.repeat(86)}`, 'ORT']) {
    expect((await token(client, { grant_type: 'refresh_token', refresh_token: wrong })).body).toEqual(UNKNOWN)
  }
  expect((await token(other, { grant_type: 'refresh_token', refresh_token: text })).body).toEqual(UNKNOWN)
  expect(await works(login)).toBe(true)
})

it('is exchanged by many at once, each of them counting', async () => {
  const login = await logIn()
  const other = await anotherWorker(service)
  const bases = [service.url, other.scene.service.url]
  const answers = await Promise.all(Array.from({ length: 12 }, (_, n) => exchange(login, {}, bases[n % 2])))
  await other.close()
  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 12 }, () => 200))
  const exchanged = (await recorded(service, 'OnlineTokenExchanged')).filter(({ metadata }) => metadata['sessionId'] === login.sessionId)
  expect(exchanged).toHaveLength(12)
})

it('is signed for once, also where another exchange comes first', async () => {
  const login = await logIn()
  const keys = service.app.get(SigningKeys)
  const sign = keys.sign.bind(keys)
  const signed = jest.spyOn(keys, 'sign')
  // Once its signatures have begun, the session moves under it.
  signed.mockImplementationOnce(async (...asked) => {
    expect(await works(login)).toBe(true)
    return sign(...asked)
  })
  expect(await works(login)).toBe(true)
  // Access token and ID token of two exchanges.
  expect(signed).toHaveBeenCalledTimes(4)
  signed.mockRestore()
})

it('#31 offline_access online_access', async () => {
  const who = new Visitor(service.url)
  const page = await who.get(authorizeUrl(client, { scope: 'openid online_access offline_access', audience }))
  expect(answerOf(page)).toMatchObject({ error: 'invalid_request', error_description: BOTH })
  const { status, body } = await token(client, { grant_type: 'authorization_code', code: 'x', redirect_uri: CALLBACK, scope: 'online_access offline_access' })
  expect([status, body]).toEqual([400, { error: 'invalid_request', error_description: BOTH }])
})

it('#32 online_access where no session can keep it up: 200 without a refresh token', async () => {
  expect((await logIn({ api: await anApi(service) })).tokens).not.toHaveProperty('refresh_token')
  expect((await logIn({ app: await aClient(service, { grant_types: ['authorization_code'] }) })).tokens).not.toHaveProperty('refresh_token')
  await service.commands.execute(new ChangeTenantSettings({ session_cookie: { mode: 'non-persistent' } }, {}))
  const [kept, forgotten] = [await anApi(service, { allow_online_access: true, allow_online_access_with_ephemeral_sessions: true }), audience]
  expect((await logIn({ api: kept })).tokens.refresh_token).toMatch(/^ORT/)
  expect((await logIn({ api: forgotten })).tokens).not.toHaveProperty('refresh_token')
  await service.commands.execute(new ChangeTenantSettings({ session_cookie: undefined }, {}))
})

it('#33 after logout in another app: refused at once, on every worker', async () => {
  const login = await logIn()
  const there = await anotherWorker(service)
  const other = await aClient(service)
  await login.who.get(authorizeUrl(other))
  expect((await exchange(login, {}, there.scene.service.url)).status).toBe(200)
  await login.who.get(`/v2/logout?client_id=${other.client_id}`)
  expect(await exchange(login, {}, there.scene.service.url)).toEqual({ status: 403, body: UNKNOWN })
  await there.close()
  expect(await works(login)).toBe(false)
})

it('#34 an exchange keeps the session alive past its idle end, #35 and never past the absolute one', async () => {
  const login = await logIn()
  const before = (await service.api('GET', `sessions/${login.sessionId}`)).body
  await exchange(login)
  const after = (await service.api('GET', `sessions/${login.sessionId}`)).body
  expect(after.idle_expires_at > before.idle_expires_at).toBe(true)
  expect(after).toMatchObject({ expires_at: before.expires_at, clients: [{ client_id: client.client_id }] })
  await service.commands.execute(new ChangeTenantSettings({ session_lifetime: 0.0003 }, {}))
  const short = await logIn()
  await service.commands.execute(new ChangeTenantSettings({ session_lifetime: undefined }, {}))
  await eventually(async () => !(await works(short)))
})

it('#36 its id at the Management API', async () => {
  const login = await logIn()
  const [granted] = (await recorded(service, 'OnlineAccessGranted')).filter(({ metadata }) => metadata['sessionId'] === login.sessionId)
  const id = onlineTokenId(login.sessionId, granted!.data['number'] as number)
  expect(id.length).toBeLessThanOrEqual(30)
  expect(await service.api('GET', `refresh-tokens/${id}`)).toMatchObject({ status: 400, body: { message: "API doesn't support Online Refresh Tokens" } })
  expect((await service.api('PATCH', `refresh-tokens/${id}`, { refresh_token_metadata: {} })).status).toBe(400)
  expect(await service.api('DELETE', `refresh-tokens/${id}`)).toMatchObject({ status: 400, body: { message: NOT_HERE } })
  expect(await service.api('POST', 'refresh-tokens/revoke', { ids: [id] })).toMatchObject({ status: 400, body: { message: NOT_HERE } })
  expect((await service.api('GET', `users/${encodeURIComponent(login.userId)}/refresh-tokens`)).body.tokens).toEqual([])
  expect((await service.api('POST', 'refresh-tokens/revoke', { user_id: login.userId })).status).toBe(202)
  expect(await works(login)).toBe(true)
})

describe('ends with its session', () => {
  const user = ({ userId }: Login): string => `users/${encodeURIComponent(userId)}`
  const ends: [what: string, end: (login: Login) => Promise<unknown>][] = [
    ['its deletion', ({ sessionId }) => service.api('DELETE', `sessions/${sessionId}`)],
    ['its revocation', ({ sessionId }) => service.api('POST', `sessions/${sessionId}/revoke`)],
    ['revoke-access that preserves refresh tokens', (login) => service.api('POST', `${user(login)}/revoke-access`, { preserve_refresh_tokens: true })],
    ['all of a user’s', (login) => service.api('DELETE', `${user(login)}/sessions`)],
    ['a new password', (login) => service.api('PATCH', user(login), { password: 'Another-Horse-2' })],
    ['a block', ({ userId }) => service.commands.execute(new ChangeUser(userId, { attributes: { blocked: true } }, {}))],
    ['the user’s deletion', (login) => service.api('DELETE', user(login))],
    [
      'another person’s login',
      async ({ who, app }) => {
        const person = await aPerson(service)
        await who.submit(await who.get(authorizeUrl(app, { prompt: 'login' })), { username: person.email, password: PASSWORD })
      },
    ],
  ]
  it.each(ends)('by %s', async (_, end) => {
    const login = await logIn()
    expect(await works(login)).toBe(true)
    await end(login)
    expect(await works(login)).toBe(false)
  })

  it('and is not revived by a login after a block was lifted', async () => {
    const login = await logIn()
    for (const blocked of [true, false]) await service.commands.execute(new ChangeUser(login.userId, { attributes: { blocked } }, {}))
    expect(await works(login)).toBe(false)
  })
})

describe('POST /oauth/revoke', () => {
  const revoke = async (app: ClientDocument, text: string): Promise<number> =>
    (await fetch(`${service.url}oauth/revoke`, { method: 'POST', body: new URLSearchParams({ client_id: app.client_id, token: text }) })).status

  it('ends the session, with all its online tokens and single sign-on', async () => {
    const login = await logIn()
    const other = await logIn({ who: login.who, app: await aClient(service) })
    expect(await revoke(other.app, login.tokens.refresh_token)).toBe(200)
    expect(await works(login)).toBe(true)
    expect(await revoke(client, login.tokens.refresh_token)).toBe(200)
    expect([await works(login), await works(other)]).toEqual([false, false])
    expect(answerOf(await login.who.get(authorizeUrl(client, { prompt: 'none' })))['error']).toBe('login_required')
    expect(await revoke(client, login.tokens.refresh_token)).toBe(200)
  })
})

it('is active for whoever introspects as long as its session lives', async () => {
  const login = await logIn({ attributes: { username: 'countess' } })
  const introspect = async (): Promise<Json> => {
    const headers = { authorization: `Bearer ${await service.managementToken()}` }
    return (await fetch(`${service.url}oauth/introspect`, { method: 'POST', headers, body: new URLSearchParams({ token: login.tokens.refresh_token }) })).json()
  }
  const { body } = await service.api('GET', `sessions/${login.sessionId}`)
  const [granted] = (await recorded(service, 'OnlineAccessGranted')).filter(({ metadata }) => metadata['sessionId'] === login.sessionId)
  expect(await introspect()).toMatchObject({
    active: true,
    username: 'countess',
    client_id: client.client_id,
    sub: login.userId,
    sid: login.sessionId,
    iat: Math.floor(Date.parse(granted!.metadata['at'] as string) / 1000),
    exp: Math.floor(Date.parse(body.expires_at) / 1000),
  })
  await service.api('DELETE', `sessions/${login.sessionId}`)
  expect(await introspect()).toEqual({ active: false })
})

it('appears in the log as an exchange, and a public client’s without a key as a warning, once a day', async () => {
  const app = await aClient(service)
  const login = await logIn({ app })
  await logIn({ app })
  await exchange(login)
  const entries = async (type: string): Promise<Json[]> =>
    (await service.api('GET', `logs?q=${encodeURIComponent(`type:${type} AND client_id:${app.client_id}`)}`)).body
  await eventually(async () => (await entries('sertft')).length === 1)
  expect((await entries('sertft'))[0]).toMatchObject({ details: { refresh_token: { access: 'online', session_id: login.sessionId } } })
  expect(await entries('w')).toHaveLength(1)
})

describe('alone, without its session', () => {
  it('goes with its grant, and a new login brings another', async () => {
    const [login, other] = [await logIn(), await logIn()]
    const { body } = await service.api('GET', `grants?user_id=${encodeURIComponent(login.userId)}`)
    const grant = body.find(({ audience: of }: Json) => of === audience)
    expect((await service.api('DELETE', `grants/${grant.id}`)).status).toBe(204)
    expect(await works(login)).toBe(false)
    expect(await works(other)).toBe(true)
    const again = await logIn({ who: login.who })
    expect(again.sessionId).toBe(login.sessionId)
    expect(await works(again)).toBe(true)
    expect(await works(login)).toBe(false)
    expect((await service.api('DELETE', `grants?user_id=${encodeURIComponent(login.userId)}`)).status).toBe(204)
    expect(await works(again)).toBe(false)
  })

  it('goes when its code comes back', async () => {
    const login = await logIn()
    const { location } = await login.who.get(authorizeUrl(client, { scope: 'openid online_access read:plants', audience }))
    const redeem = { grant_type: 'authorization_code', code: new URL(location!).searchParams.get('code')!, redirect_uri: CALLBACK }
    const { body } = await token(client, redeem)
    expect(await works({ ...login, tokens: body })).toBe(true)
    expect((await token(client, redeem)).body.error).toBe('invalid_grant')
    expect(await works({ ...login, tokens: body })).toBe(false)
    expect((await service.api('GET', `sessions/${login.sessionId}`)).status).toBe(200)
  })

  it('is worth nothing where its code was sent twice at once', async () => {
    const login = await logIn()
    for (let n = 0; n < 8; n++) {
      const { location } = await login.who.get(authorizeUrl(client, { scope: 'openid online_access read:plants', audience }))
      const redeem = { grant_type: 'authorization_code', code: new URL(location!).searchParams.get('code')!, redirect_uri: CALLBACK }
      const answers = await Promise.all([token(client, redeem), token(client, redeem)])
      const [winner] = answers.filter(({ status }) => status === 200)
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 403])
      if (winner!.body.refresh_token !== undefined) expect(await works({ ...login, tokens: winner!.body })).toBe(false)
    }
  })
})
