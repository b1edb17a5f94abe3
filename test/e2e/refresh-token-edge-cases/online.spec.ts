import { randomBytes } from 'node:crypto'
import { SigningKeys } from '../../../src/keys/signing-keys.js'
import { onlineTokenId } from '../../../src/sessions/index.js'
import { ChangeTenantSettings } from '../../../src/users/index.js'
import { type Json, startApp, type TestApp } from '../../support/app.js'
import { eventually } from '../../support/eventually.js'
import { anotherWorker } from '../../support/oauth.js'
import { aClient, anApi, authorizeUrl, CALLBACK } from '../../support/people.js'
import { recorded } from '../../support/recorded.js'
import { answerOf, Visitor } from '../../support/visitor.js'
import { OnlineLogins, UNKNOWN } from './online-logins.js'

const BOTH = 'Cannot request both online_access and offline_access scopes'
const NOT_HERE = `API doesn't support Online Refresh Tokens. To revoke an Online Refresh Token, use the Sessions API: POST /api/v2/sessions/{session_id}/revoke`

let service: TestApp
let logins: OnlineLogins
beforeAll(async () => {
  service = await startApp()
  logins = await OnlineLogins.of(service)
})
afterAll(() => service.close())

const claims = (jwt: string): Json => JSON.parse(Buffer.from(jwt.split('.')[1]!, 'base64url').toString())

it('is issued and exchanged as the documentation shows', async () => {
  const login = await logins.logIn()
  expect(login.tokens).toEqual({
    access_token: expect.any(String),
    id_token: expect.any(String),
    refresh_token: expect.stringMatching(/^ORT[\w-]{86}$/),
    token_type: 'Bearer',
    expires_in: 86_400,
    scope: 'openid read:plants',
  })
  const { status, body } = await logins.exchange(login)
  expect(status).toBe(200)
  expect(body).toEqual({ ...login.tokens, refresh_token: undefined, access_token: expect.any(String), id_token: expect.any(String) })
  expect(claims(body.access_token)).toMatchObject({ sub: login.userId, aud: [logins.audience, `${service.url}userinfo`], scope: 'openid read:plants' })
  expect(claims(body.id_token)).toMatchObject({ sub: login.userId, sid: login.sessionId })
  expect(claims(body.id_token)).not.toHaveProperty('nonce')
  expect((await logins.exchange(login, { scope: 'read:plants' })).body.scope).toBe('openid read:plants')
  expect((await logins.exchange(login, { scope: 'water:plants' })).body.error).toBe('invalid_scope')
})

it('is the same for the same terms, so that a lost answer can be given again, and stands nowhere in clear', async () => {
  const login = await logins.logIn()
  const again = await logins.logIn({ who: login.who })
  expect(again.tokens.refresh_token).toBe(login.tokens.refresh_token)
  const other = await logins.logIn({ who: login.who, scope: 'openid online_access' })
  expect(other.tokens.refresh_token).not.toBe(login.tokens.refresh_token)
  const stranger = await logins.logIn({ who: login.who, app: await aClient(service) })
  expect(stranger.tokens.refresh_token).not.toBe(login.tokens.refresh_token)
  expect(await Promise.all([login, other, stranger].map((each) => logins.works(each)))).toEqual([true, true, true])
  const { rows } = await service.pool.query(`select from events where data::text like $1 or metadata::text like $1`, [
    `%${login.tokens.refresh_token.slice(40)}%`,
  ])
  expect(rows).toEqual([])
  const granted = (await recorded(service, 'OnlineAccessGranted')).filter(({ metadata }) => metadata['sessionId'] === login.sessionId)
  expect(granted).toHaveLength(3)
})

it('counts only to the letter, and only for its client', async () => {
  const login = await logins.logIn()
  const text: string = login.tokens.refresh_token
  const other = await aClient(service)
  const forged = `ORT${Buffer.concat([Buffer.from(text.slice(3), 'base64url').subarray(0, 32), randomBytes(32)]).toString('base64url')}`
  for (const wrong of [`${text} `, text.slice(0, -1), `${text}A`, text.replace('ORT', 'ort'), forged, `ORT${'A'.repeat(86)}`, 'ORT']) {
    expect((await logins.token(logins.client, { grant_type: 'refresh_token', refresh_token: wrong })).body).toEqual(UNKNOWN)
  }
  expect((await logins.token(other, { grant_type: 'refresh_token', refresh_token: text })).body).toEqual(UNKNOWN)
  expect(await logins.works(login)).toBe(true)
})

it('is exchanged by many at once, each of them counting', async () => {
  const login = await logins.logIn()
  const other = await anotherWorker(service)
  const bases = [service.url, other.scene.service.url]
  const answers = await Promise.all(Array.from({ length: 12 }, (_, n) => logins.exchange(login, {}, bases[n % 2])))
  await other.close()
  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 12 }, () => 200))
  const exchanged = (await recorded(service, 'OnlineTokenExchanged')).filter(({ metadata }) => metadata['sessionId'] === login.sessionId)
  expect(exchanged).toHaveLength(12)
})

it('is signed for once, also where another exchange comes first', async () => {
  const login = await logins.logIn()
  const keys = service.app.get(SigningKeys)
  const sign = keys.sign.bind(keys)
  const signed = jest.spyOn(keys, 'sign')
  // Once its signatures have begun, the session moves under it.
  signed.mockImplementationOnce(async (...asked) => {
    expect(await logins.works(login)).toBe(true)
    return sign(...asked)
  })
  expect(await logins.works(login)).toBe(true)
  // Access token and ID token of two exchanges.
  expect(signed).toHaveBeenCalledTimes(4)
  signed.mockRestore()
})

it('#31 offline_access online_access', async () => {
  const who = new Visitor(service.url)
  const page = await who.get(authorizeUrl(logins.client, { scope: 'openid online_access offline_access', audience: logins.audience }))
  expect(answerOf(page)).toMatchObject({ error: 'invalid_request', error_description: BOTH })
  const { status, body } = await logins.token(logins.client, {
    grant_type: 'authorization_code',
    code: 'x',
    redirect_uri: CALLBACK,
    scope: 'online_access offline_access',
  })
  expect([status, body]).toEqual([400, { error: 'invalid_request', error_description: BOTH }])
})

it('#32 online_access where no session can keep it up: 200 without a refresh token', async () => {
  expect((await logins.logIn({ api: await anApi(service) })).tokens).not.toHaveProperty('refresh_token')
  expect((await logins.logIn({ app: await aClient(service, { grant_types: ['authorization_code'] }) })).tokens).not.toHaveProperty('refresh_token')
  await service.commands.execute(new ChangeTenantSettings({ session_cookie: { mode: 'non-persistent' } }, {}))
  const [kept, forgotten] = [await anApi(service, { allow_online_access: true, allow_online_access_with_ephemeral_sessions: true }), logins.audience]
  expect((await logins.logIn({ api: kept })).tokens.refresh_token).toMatch(/^ORT/)
  expect((await logins.logIn({ api: forgotten })).tokens).not.toHaveProperty('refresh_token')
  await service.commands.execute(new ChangeTenantSettings({ session_cookie: undefined }, {}))
})

it('#36 its id at the Management API', async () => {
  const login = await logins.logIn()
  const [granted] = (await recorded(service, 'OnlineAccessGranted')).filter(({ metadata }) => metadata['sessionId'] === login.sessionId)
  const id = onlineTokenId(login.sessionId, granted!.data['number'] as number)
  expect(id.length).toBeLessThanOrEqual(30)
  expect(await service.api('GET', `refresh-tokens/${id}`)).toMatchObject({ status: 400, body: { message: "API doesn't support Online Refresh Tokens" } })
  expect((await service.api('PATCH', `refresh-tokens/${id}`, { refresh_token_metadata: {} })).status).toBe(400)
  expect(await service.api('DELETE', `refresh-tokens/${id}`)).toMatchObject({ status: 400, body: { message: NOT_HERE } })
  expect(await service.api('POST', 'refresh-tokens/revoke', { ids: [id] })).toMatchObject({ status: 400, body: { message: NOT_HERE } })
  expect((await service.api('GET', `users/${encodeURIComponent(login.userId)}/refresh-tokens`)).body.tokens).toEqual([])
  expect((await service.api('POST', 'refresh-tokens/revoke', { user_id: login.userId })).status).toBe(202)
  expect(await logins.works(login)).toBe(true)
})

it('is active for whoever introspects as long as its session lives', async () => {
  const login = await logins.logIn({ attributes: { username: 'countess' } })
  const introspect = async (): Promise<Json> => {
    const headers = { authorization: `Bearer ${await service.managementToken()}` }
    return (await fetch(`${service.url}oauth/introspect`, { method: 'POST', headers, body: new URLSearchParams({ token: login.tokens.refresh_token }) })).json()
  }
  const { body } = await service.api('GET', `sessions/${login.sessionId}`)
  const [granted] = (await recorded(service, 'OnlineAccessGranted')).filter(({ metadata }) => metadata['sessionId'] === login.sessionId)
  expect(await introspect()).toMatchObject({
    active: true,
    username: 'countess',
    client_id: logins.client.client_id,
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
  const login = await logins.logIn({ app })
  await logins.logIn({ app })
  await logins.exchange(login)
  const entries = async (type: string): Promise<Json[]> =>
    (await service.api('GET', `logs?q=${encodeURIComponent(`type:${type} AND client_id:${app.client_id}`)}`)).body
  await eventually(async () => (await entries('sertft')).length === 1)
  expect((await entries('sertft'))[0]).toMatchObject({ details: { refresh_token: { access: 'online', session_id: login.sessionId } } })
  expect(await entries('w')).toHaveLength(1)
})
