import { DeleteUser } from '../../src/users/index.js'
import { startApp, type TestApp } from '../support/app.js'
import { AUDIENCE, credentialsOf, OAuthScene, ROTATING } from '../support/oauth.js'

let service: TestApp
let scene: OAuthScene
beforeAll(async () => {
  service = await startApp()
  scene = new OAuthScene(service)
  await scene.api()
})
afterAll(() => service.close())

const INACTIVE = { status: 200, body: { active: false } }
const introspect = (client: Parameters<OAuthScene['token']>[0], token: string): ReturnType<OAuthScene['form']> =>
  scene.form('oauth/introspect', { ...credentialsOf(client), token })

describe('POST /oauth/introspect', () => {
  it('tells a client of its refresh token, and changes nothing of it', async () => {
    const client = await scene.client({ refresh_token: ROTATING })
    const userId = await scene.user()
    const { refreshToken } = await scene.refreshToken(client, userId)
    const { status, body } = await introspect(client, refreshToken)
    expect(status).toBe(200)
    expect(body).toEqual({
      active: true,
      token_type: 'refresh_token',
      client_id: client.client_id,
      sub: userId,
      iss: service.url,
      aud: AUDIENCE,
      iat: expect.any(Number),
      exp: body.iat + 600,
      scope: 'openid profile email offline_access read:orders write:orders',
      sid: 'session-1',
    })
    const next = (await scene.refresh(client, refreshToken)).body.refresh_token
    expect(await introspect(client, refreshToken)).toMatchObject(INACTIVE)
    // Looking at a spent token is no reuse.
    expect((await introspect(client, next)).body.active).toBe(true)
    expect((await scene.refresh(client, next)).status).toBe(200)
  })

  it('leaves out the end of a token that has none', async () => {
    const client = await scene.client()
    const { refreshToken } = await scene.refreshToken(client, await scene.user(), { sessionId: null, audience: null })
    const { body } = await introspect(client, refreshToken)
    expect(body).toMatchObject({ active: true })
    for (const member of ['exp', 'aud', 'sid']) expect(body).not.toHaveProperty(member)
  })

  it('tells of access tokens of both kinds', async () => {
    const client = await scene.client()
    const userId = await scene.user()
    for (const audience of [AUDIENCE, null]) {
      const { refreshToken } = await scene.refreshToken(client, userId, { audience, scope: ['openid', 'offline_access'] })
      const { access_token: token } = (await scene.refresh(client, refreshToken)).body
      const { body } = await introspect(client, token)
      expect(body).toMatchObject({ active: true, token_type: 'Bearer', client_id: client.client_id, sub: userId, iss: service.url, exp: body.iat + 86_400 })
    }
  })

  it('tells the username of those who have one, of either token', async () => {
    const client = await scene.client()
    const userId = await scene.user({ attributes: { username: 'countess' } })
    const { refreshToken } = await scene.refreshToken(client, userId)
    const { access_token: token } = (await scene.refresh(client, refreshToken)).body
    for (const text of [refreshToken, token]) expect((await introspect(client, text)).body).toMatchObject({ active: true, sub: userId, username: 'countess' })
  })

  it('says no more than "not active" of what is revoked, foreign, unknown, or whose user is blocked or gone', async () => {
    const [client, other] = [await scene.client(), await scene.client()]
    const userId = await scene.user()
    const { refreshToken } = await scene.refreshToken(client, userId)
    const { access_token: accessToken, id_token: idToken } = (await scene.refresh(client, refreshToken)).body
    for (const token of [refreshToken, accessToken]) expect(await introspect(other, token)).toEqual(expect.objectContaining(INACTIVE))
    for (const token of ['x', `${refreshToken}x`, idToken, `${accessToken}x`]) expect(await introspect(client, token)).toMatchObject(INACTIVE)
    await scene.setBlocked(userId, true)
    for (const token of [refreshToken, accessToken]) expect(await introspect(client, token)).toMatchObject(INACTIVE)
    await scene.setBlocked(userId, false)
    expect((await introspect(client, refreshToken)).body.active).toBe(true)
    await service.commands.execute(new DeleteUser(userId, {}))
    for (const token of [refreshToken, accessToken]) expect(await introspect(client, token)).toMatchObject(INACTIVE)
  })

  it('shows the client of an API the tokens for it', async () => {
    const api = await scene.client({ app_type: 'resource_server', resource_server_identifier: AUDIENCE })
    const client = await scene.client()
    const { refreshToken } = await scene.refreshToken(client, await scene.user())
    expect((await introspect(api, (await scene.refresh(client, refreshToken)).body.access_token)).body.active).toBe(true)
  })

  it('shows all tokens to a Management API token with the scope', async () => {
    const client = await scene.client()
    const { refreshToken } = await scene.refreshToken(client, await scene.user())
    const ask = async (scopes: string[]): ReturnType<OAuthScene['form']> =>
      scene.form('oauth/introspect', { token: refreshToken }, { authorization: `Bearer ${await service.managementToken(scopes)}` })
    expect((await ask(['read:refresh_tokens'])).body.active).toBe(true)
    const refused = await ask(['read:clients'])
    expect(refused).toMatchObject({ status: 403, body: { error: 'insufficient_scope' } })
    expect(await scene.form('oauth/introspect', { token: refreshToken }, { authorization: 'Bearer nonsense' })).toMatchObject({ status: 401 })
  })

  it('is closed to public clients and to nobody in particular', async () => {
    const client = await scene.client({ token_endpoint_auth_method: 'none' })
    expect(await introspect(client, 'x')).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
    expect(await scene.form('oauth/introspect', { token: 'x' })).toMatchObject({ status: 401 })
    expect(await scene.form('oauth/introspect', credentialsOf(await scene.client()))).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
  })
})
