import type { ClientDocument } from '../../src/authorization/index.js'
import { onlineTokenId } from '../../src/sessions/index.js'
import { startApp, type TestApp } from '../support/app.js'
import { eventually } from '../support/eventually.js'
import { authorize, logIn, type LoggedIn, PKCE, redeemCode } from '../support/logins.js'
import { type Answer, OAuthScene, ROTATING } from '../support/oauth.js'
import { aClient, anApi, aPerson, authorizeUrl, CALLBACK, DIRECTORY, PASSWORD } from '../support/people.js'
import { answerOf, Visitor } from '../support/visitor.js'

/* What the log's rows about refresh tokens say of whose they were and of which login (spec/logs.md §2.1, spec/refresh-tokens.md §7.3, §16). */

interface Row {
  readonly type: string
  readonly user_id: string
  readonly connection?: string
  readonly strategy?: string
  readonly audience?: string
  readonly details: Readonly<Record<string, unknown>>
}

interface Login extends LoggedIn {
  readonly client: ClientDocument
  readonly userId: string
}

let service: TestApp
let scene: OAuthScene
let audience: string
beforeAll(async () => {
  service = await startApp()
  scene = new OAuthScene(service)
  audience = await anApi(service, { allow_online_access: true })
})
afterAll(() => service.close())

async function offline(): Promise<Login> {
  const [client, person] = await Promise.all([aClient(service, { refresh_token: ROTATING }), aPerson(service)])
  return { ...(await logIn(service, client, person, audience)), client, userId: person.userId }
}
async function online(settings: object = {}): Promise<Login> {
  const [client, { userId, email }] = await Promise.all([aClient(service, settings), aPerson(service)])
  const who = new Visitor(service.url)
  const page = await who.get(authorizeUrl(client, { scope: 'openid online_access', audience, ...PKCE }))
  const { code } = answerOf(await who.submit(page, { username: email, password: PASSWORD, action: 'default' }))
  const { body } = await scene.token(client, { grant_type: 'authorization_code', code: code!, redirect_uri: CALLBACK, code_verifier: 'x'.repeat(43) })
  return { who, client, userId, refreshToken: body.refresh_token, sessionId: who.cookies.get('auth0')!.split('.')[0]! }
}
const exchange = ({ client, refreshToken }: Login): Promise<Answer> => scene.refresh(client, refreshToken)
const revoke = ({ client, refreshToken }: Login): Promise<Answer> => scene.form('oauth/revoke', { client_id: client.client_id, token: refreshToken })
const blockedAnd = ({ userId }: Login): Promise<unknown> => service.api('PATCH', `users/${encodeURIComponent(userId)}`, { blocked: true })
/** The rows about a person, oldest first; of a type where one is named. */
async function rows({ userId }: Pick<Login, 'userId'>, type = '*'): Promise<Row[]> {
  return (await service.api('GET', `logs?q=${encodeURIComponent(`user_id:"${userId}" AND type:${type}`)}&sort=log_id:1`)).body as Row[]
}
const idOf = async ({ userId }: Login): Promise<string> =>
  ((await service.api('GET', `users/${encodeURIComponent(userId)}/refresh-tokens`)).body as { tokens: [{ id: string }] }).tokens[0].id

it('a detected reuse names the session that the family began in, as does each refusal before it', async () => {
  const login = await offline()
  const { userId, sessionId, client } = login
  await scene.refresh(client, login.refreshToken, { audience: 'https://nowhere.example/' })
  expect((await exchange(login)).status).toBe(200)
  await exchange(login)
  await exchange(login)
  const details = { session_id: sessionId, requested_client_id: client.client_id }
  const [wrongAudience, afterwards] = await rows(login, 'fertft')
  expect(wrongAudience).toMatchObject({
    user_id: userId,
    details: { ...details, failure_reason: 'invalid_token', refresh_token: { access: 'offline', session_id: sessionId } },
  })
  expect(afterwards).toMatchObject({ details: { failure_reason: 'grant_revoked', refresh_token: { access: 'offline' } } })
  const description = 'Reused rotating refresh token detected, revoked the family'
  const counted = { ...details, tokenCounter: 1, latestCounter: 2 }
  expect(await rows(login, 'ferrt')).toMatchObject([{ description, user_id: userId, connection: DIRECTORY, details: counted }])
})

it.each([
  ['at another client', async (login: Login) => scene.refresh(await aClient(service, { refresh_token: ROTATING }), login.refreshToken)],
  ['for scopes that nobody granted', ({ client, refreshToken }: Login) => scene.refresh(client, refreshToken, { scope: 'fell:trees' })],
  ['for an API that there is not', ({ client, refreshToken }: Login) => scene.refresh(client, refreshToken, { audience: 'https://nowhere.example/' })],
  ['of somebody who is blocked', (login: Login) => blockedAnd(login).then(() => exchange(login))],
])('a refresh token that is refused %s tells which login it goes back to', async (_, refused) => {
  const login = await offline()
  expect((await refused(login)).status).toBeGreaterThanOrEqual(400)
  const details = { familyId: expect.any(String) as string, session_id: login.sessionId, policy_used: 'refresh_token_user_grant' }
  expect(await rows(login, 'fertft')).toMatchObject([{ user_id: login.userId, connection: DIRECTORY, strategy: 'auth0', details }])
})

it('a refused exchange says so where a policy of the client had opened the API', async () => {
  const denying = await anApi(service, { skip_consent_for_verifiable_first_party_clients: true, subject_type_authorization: { user: { policy: 'deny_all' } } })
  const settings = { ...ROTATING, policies: [{ audience: denying, scope: ['read:plants'] }] }
  const [client, person] = await Promise.all([aClient(service, { refresh_token: settings }), aPerson(service)])
  const { refreshToken } = await logIn(service, client, person, audience)
  await scene.refresh(client, refreshToken, { audience: denying })
  expect(await rows(person, 'fertft')).toMatchObject([{ connection: DIRECTORY, details: { policy_used: 'mrrt' } }])
})

it.each([
  ['the app revokes', (login: Login) => revoke(login)],
  ['an operator deletes', async (login: Login) => service.api('DELETE', `refresh-tokens/${await idOf(login)}`)],
])('a refresh token that %s is told with its session, its API and its connection', async (_, end) => {
  const login = await offline()
  const id = await idOf(login)
  await end(login)
  expect(await rows(login, 'srrt')).toMatchObject([
    {
      user_id: login.userId,
      client_id: login.client.client_id,
      audience,
      connection: DIRECTORY,
      details: { credential_id: id, audience, session_id: login.sessionId, refresh_token: { access: 'offline', session_id: login.sessionId } },
    },
  ])
})

it('refresh tokens of an application that an operator ends together are told as the application’s', async () => {
  const { client, userId } = await offline()
  await service.api('POST', 'refresh-tokens/revoke', { user_id: userId, client_id: client.client_id })
  expect(await rows({ userId }, 'srrt')).toMatchObject([{ client_id: client.client_id, description: 'Revoked all refresh tokens of the user at the client' }])
})

it('a login, and a session that answers in silence, tell how the browser keeps the cookie', async () => {
  const login = await online()
  await login.who.get(authorizeUrl(login.client, { scope: 'openid', prompt: 'none', ...PKCE }))
  const told = { connection: DIRECTORY, details: { session_id: login.sessionId, session: { cookie: { mode: 'persistent' } } } }
  expect(await rows(login, 's')).toMatchObject([told])
  expect(await rows(login, 'ssa')).toMatchObject([told])
})

it('a blocked person who tries to log in is told with the error that the app hears', async () => {
  const [client, { userId, email }] = await Promise.all([aClient(service), aPerson(service)])
  await service.api('PATCH', `users/${encodeURIComponent(userId)}`, { blocked: true })
  const who = new Visitor(service.url)
  const page = await who.get(authorizeUrl(client, PKCE))
  const { error } = answerOf(await who.submit(page, { username: email, password: PASSWORD, action: 'default' }))
  expect(await rows({ userId }, 'f')).toMatchObject([{ details: { error: { message: 'user is blocked', oauthError: error } } }])
})

it('a token that does not rotate names its session where another device’s exchange ended it', async () => {
  const settings = { ...ROTATING, rotation_type: 'non-rotating' }
  const [client, person] = await Promise.all([aClient(service, { refresh_token: settings }), aPerson(service)])
  const [one, other] = [await logIn(service, client, person, audience), await logIn(service, client, person, audience)]
  await service.api('PATCH', `clients/${client.client_id}`, { refresh_token: ROTATING })
  expect((await scene.refresh(client, one.refreshToken)).status).toBe(200)
  const ended = await eventually(async () => {
    const found = await rows(person, 'srrt')
    return found.length === 2 && found
  })
  expect(ended.map(({ details }) => details['session_id'])).toEqual([one.sessionId, other.sessionId])
})

it('a logout that would lead elsewhere tells where, and where it may lead', async () => {
  const client = await aClient(service, { allowed_logout_urls: ['https://app.example/out'] })
  await new Visitor(service.url).get(
    `/v2/logout?${new URLSearchParams({ client_id: client.client_id, returnTo: 'https://u:p@evil.example/x\0/ada@example.com?who=ada' }).toString()}`,
  )
  const { body } = await service.api('GET', `logs?q=type:flo%20AND%20client_id:${client.client_id}`)
  expect(body).toMatchObject([{ details: { return_to: 'https://evil.example/x%00/*', allowed_logout_url: ['https://app.example/out'] } }])
})

it('a code shows its last three characters, redeemed or refused', async () => {
  const [client, person] = await Promise.all([aClient(service), aPerson(service)])
  const code = await authorize(service, client, person, audience)
  await redeemCode(service, client, code)
  await redeemCode(service, client, code)
  await redeemCode(service, client, 'no code at all')
  const logged = async (type: string): Promise<unknown[]> =>
    ((await service.api('GET', `logs?q=type:${type}%20AND%20client_id:${client.client_id}&sort=log_id:1`)).body as Row[]).map(({ details }) => details['code'])
  const masked = `${'*'.repeat(42)}${code.slice(-3)}`
  expect(await logged('seacft')).toEqual([masked])
  expect(await logged('feacft')).toEqual([masked, '*'.repeat(45)])
})

it('an online refresh token that is revoked is told as one, and what is no good any more as the end of its session', async () => {
  const login = await online()
  const { userId, sessionId } = login
  const access = { access: 'online', session_id: sessionId }
  expect(await rows(login, 'seacft')).toMatchObject([{ details: { refresh_token: access } }])
  await revoke(login)
  await revoke(login)
  await exchange(login)
  expect(await rows(login, 'srrt')).toMatchObject([
    { user_id: userId, audience, connection: DIRECTORY, details: { credential_id: onlineTokenId(sessionId, 1), session_id: sessionId, refresh_token: access } },
  ])
  expect(await rows(login, 'fertft')).toMatchObject([{ connection: DIRECTORY, details: { failure_reason: 'session_not_found', refresh_token: access } }])
})

it('an exchange of an online refresh token tells what was asked for, and what opened it', async () => {
  const other = await anApi(service, { skip_consent_for_verifiable_first_party_clients: true })
  const login = await online({ refresh_token: { ...ROTATING, policies: [{ audience: other, scope: ['water:plants'] }] } })
  const { client, refreshToken } = login
  await scene.refresh(client, refreshToken)
  await scene.refresh(client, refreshToken, { audience: other, scope: 'water:plants fell:trees' })
  await scene.refresh(client, refreshToken, { audience: 'https://nowhere.example/' })
  const told = await rows(login, 'sertft')
  expect(told).toMatchObject([
    { audience, details: { policy_used: 'refresh_token_user_grant' } },
    { audience: other, details: { policy_used: 'mrrt', requested_audience: other, requested_scope: 'water:plants fell:trees' } },
  ])
  expect(told[0]!.details).not.toHaveProperty('requested_scope')
  expect(await rows(login, 'fertft')).toMatchObject([{ details: { policy_used: 'refresh_token_user_grant', refresh_token: { access: 'online' } } }])
})

it('an exchange tells no token and no address that was sent in the place of something else', async () => {
  const other = await anApi(service, { skip_consent_for_verifiable_first_party_clients: true })
  const settings = { ...ROTATING, leeway: 60, policies: [{ audience: other, scope: ['read:plants'] }] }
  const [client, person] = await Promise.all([aClient(service, { refresh_token: settings }), aPerson(service)])
  const { refreshToken } = await logIn(service, client, person, audience)
  for (const sent of [refreshToken, 'ada.typed@example.com']) {
    await scene.refresh(client, refreshToken, { scope: `read:plants ${sent}` })
    await scene.refresh(client, refreshToken, { scope: `read:plants ${sent}`, audience: sent })
    await scene.form('oauth/token', { grant_type: 'refresh_token', client_id: sent, refresh_token: refreshToken })
  }
  for (const shown of ['[redacted]', '*']) {
    const { body } = await service.api('GET', `logs?q=${encodeURIComponent(`type:fertft AND client_id:"${shown}"`)}`)
    expect(body).toHaveLength(1)
  }
  const told = (row: unknown): unknown => expect.objectContaining(row as object)
  expect(await rows(person, 'sertft')).toEqual(
    ['read:plants [redacted]', 'read:plants *'].map((requested_scope) => told({ details: told({ requested_scope }) })),
  )
  expect(await rows(person, 'fertft')).toEqual(
    ['[redacted]', '*'].map((shown) => told({ audience: shown, scope: `read:plants ${shown}`, description: `Service not found: ${shown}` })),
  )
})
