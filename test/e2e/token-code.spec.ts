import { createHash } from 'node:crypto'
import { EndSession, StartSession } from '../../src/sessions/index.js'
import { startApp, type TestApp } from '../support/app.js'
import { AUDIENCE, CALLBACK, claimsOf, OAuthScene, randomText, ROTATING } from '../support/oauth.js'

let service: TestApp
let scene: OAuthScene
beforeAll(async () => {
  service = await startApp()
  scene = new OAuthScene(service)
  await scene.api()
})
afterAll(() => service.close())

const redeem = (client: Parameters<OAuthScene['token']>[0], code: string, more: Record<string, string> = {}): ReturnType<OAuthScene['token']> =>
  scene.token(client, { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, ...more })

const INVALID = { status: 403, body: { error: 'invalid_grant', error_description: 'Invalid authorization code' } }

describe('an authorization code', () => {
  it('brings an access token, an ID token with the nonce, and a refresh token that works', async () => {
    const client = await scene.client({ refresh_token: ROTATING })
    const userId = await scene.user()
    const { status, body } = await redeem(client, await scene.code(client, userId))
    expect(status).toBe(200)
    expect(body).toEqual({
      access_token: expect.any(String),
      id_token: expect.any(String),
      refresh_token: expect.stringMatching(/^v1\./),
      scope: 'openid profile email offline_access read:orders',
      expires_in: 86_400,
      token_type: 'Bearer',
    })
    expect(claimsOf(body.id_token)).toMatchObject({
      sub: userId,
      aud: client.client_id,
      nonce: 'n-0S6_WzA2Mj',
      sid: 'session-1',
      auth_time: Date.parse('2026-01-02T03:04:05Z') / 1000,
    })
    expect(claimsOf(body.access_token)).toMatchObject({ sub: userId, aud: [AUDIENCE, `${service.url}userinfo`], azp: client.client_id })
    expect(claimsOf(body.access_token)).not.toHaveProperty('gty')
    const refreshed = await scene.refresh(client, body.refresh_token)
    expect(refreshed.status).toBe(200)
    expect(claimsOf(refreshed.body.id_token)).toMatchObject({ auth_time: Date.parse('2026-01-02T03:04:05Z') / 1000, sid: 'session-1' })
    expect(claimsOf(refreshed.body.id_token)).not.toHaveProperty('nonce')
  })

  it('without offline_access brings no refresh token, without openid no ID token', async () => {
    const client = await scene.client()
    const { body } = await redeem(client, await scene.code(client, await scene.user(), { scope: ['read:orders'] }))
    expect(Object.keys(body).sort()).toEqual(['access_token', 'expires_in', 'scope', 'token_type'])
    expect(claimsOf(body.access_token).aud).toBe(AUDIENCE)
  })

  it('that is to bring an online refresh token is refused once the session is over, and no other is', async () => {
    const client = await scene.client()
    const userId = await scene.user()
    const login = { userId, clientId: client.client_id, connection: 'Username-Password-Authentication', method: 'pwd' }
    const { sessionId } = (await service.commands.execute(new StartSession(login, {})))!
    const codeOf = (scope: string, online = false): Promise<string> => scene.code(client, userId, { sessionId, scope: ['openid', scope], online })
    expect((await redeem(client, await codeOf('read:orders', true))).body.refresh_token).toMatch(/^ORT/)
    const [online, offline, neither] = [await codeOf('read:orders', true), await codeOf('offline_access'), await codeOf('read:orders')]
    await service.commands.execute(new EndSession(sessionId, 'logout', { userId }))
    expect(await redeem(client, online)).toMatchObject(INVALID)
    expect((await redeem(client, offline)).body.refresh_token).toMatch(/^v1\./)
    expect((await redeem(client, neither)).status).toBe(200)
    const failed = (await scene.facts('ExchangeFailed')).filter(({ metadata }) => metadata.clientId === client.client_id)
    expect(failed.map(({ data }) => data.reason)).toEqual(['session-over'])
  })

  it('redeemed by many at once is given to one, and the others end its family', async () => {
    const client = await scene.client({ refresh_token: ROTATING })
    const code = await scene.code(client, await scene.user())
    const answers = await Promise.all(Array.from({ length: 6 }, () => redeem(client, code)))
    const won = answers.filter(({ status }) => status === 200)
    expect(won).toHaveLength(1)
    expect((await scene.refresh(client, won[0]!.body.refresh_token)).status).toBe(403)
  })

  it('is nothing to another client, and stays good for its own', async () => {
    const [client, other] = [await scene.client(), await scene.client()]
    const code = await scene.code(client, await scene.user())
    expect(await redeem(other, code)).toMatchObject(INVALID)
    expect((await redeem(client, code)).status).toBe(200)
  })

  it('needs the redirect URI of its request', async () => {
    const client = await scene.client()
    const code = await scene.code(client, await scene.user())
    expect(await redeem(client, code, { redirect_uri: 'https://evil.example.com/' })).toMatchObject({
      status: 403,
      body: {
        error: 'unauthorized_client',
        error_description: `The redirect URI is wrong. You sent https://evil.example.com/, and we expected ${CALLBACK}`,
      },
    })
  })

  it('needs the verifier of its challenge', async () => {
    const client = await scene.client({ token_endpoint_auth_method: 'none' })
    const verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'
    const challenge = { method: 'S256', value: createHash('sha256').update(verifier).digest('base64url') } as const
    const userId = await scene.user()
    const code = await scene.code(client, userId, { challenge })
    expect(await redeem(client, code)).toMatchObject({
      status: 400,
      body: { error: 'invalid_request', error_description: "Parameter 'code_verifier' is required" },
    })
    expect((await redeem(client, code, { code_verifier: verifier })).status).toBe(200)
    const wrong = await scene.code(client, userId, { challenge })
    const refused = { status: 403, body: { error: 'invalid_grant', error_description: 'Failed to verify code verifier' } }
    expect(await redeem(client, wrong, { code_verifier: `${verifier}x` })).toMatchObject(refused)
    expect(await redeem(client, wrong, { code_verifier: verifier })).toMatchObject(INVALID)
    const plain = await scene.code(client, userId)
    expect(await redeem(client, plain, { code_verifier: verifier })).toMatchObject(refused)
  })

  it('of a user who was blocked since brings nothing', async () => {
    const client = await scene.client()
    const userId = await scene.user()
    const code = await scene.code(client, userId)
    await scene.setBlocked(userId, true)
    expect(await redeem(client, code)).toMatchObject({ status: 403, body: { error: 'unauthorized', error_description: 'user is blocked' } })
  })

  it('without an audience brings a token for /userinfo alone', async () => {
    const client = await scene.client()
    const userId = await scene.user()
    const { body } = await redeem(client, await scene.code(client, userId, { audience: null, scope: ['openid', 'email'] }))
    expect(body.access_token).not.toMatch(/^eyJ/)
    expect(body.expires_in).toBe(86_400)
    const { status, body: person } = await scene.send('GET', 'userinfo', undefined, { authorization: `Bearer ${body.access_token}` })
    expect(status).toBe(200)
    expect(person).toMatchObject({ sub: userId, email_verified: true })
  })

  it('that comes back takes the token for /userinfo with it, refresh token or not', async () => {
    const client = await scene.client()
    for (const scope of [['openid'], ['openid', 'offline_access']]) {
      const code = await scene.code(client, await scene.user(), { audience: null, scope })
      const authorization = `Bearer ${(await redeem(client, code)).body.access_token}`
      expect((await scene.send('GET', 'userinfo', undefined, { authorization })).status).toBe(200)
      expect(await redeem(client, code)).toMatchObject(INVALID)
      expect((await scene.send('GET', 'userinfo', undefined, { authorization })).status).toBe(401)
    }
  })
})

it('writes every refusal down before it is read', async () => {
  const client = await scene.client()
  const code = randomText()
  await redeem(client, code)
  const [failure] = (await scene.facts('ExchangeFailed')).filter(({ metadata }) => metadata.clientId === client.client_id)
  expect(failure).toMatchObject({
    data: { grant: 'authorization_code', error: 'invalid_grant', description: 'Invalid authorization code', reason: 'invalid' },
    metadata: { origin: expect.stringMatching(/^pd2\./) },
  })
  const { rows } = await service.pool.query(`select count(*) as n from events where data::text like $1 or metadata::text like $1`, [`%${code}%`])
  expect(rows[0].n).toBe(0)
})
