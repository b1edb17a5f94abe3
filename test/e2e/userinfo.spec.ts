import { DeleteUser } from '../../src/users/index.js'
import { SigningKeys } from '../../src/keys/signing-keys.js'
import { startApp, type TestApp } from '../support/app.js'
import { AUDIENCE, OAuthScene } from '../support/oauth.js'

let service: TestApp
let scene: OAuthScene
beforeAll(async () => {
  service = await startApp()
  scene = new OAuthScene(service)
  await scene.api()
})
afterAll(() => service.close())

const accessToken = async (userId: string, over: object = {}): Promise<string> => {
  const client = await scene.client()
  const { refreshToken } = await scene.refreshToken(client, userId, over)
  return (await scene.refresh(client, refreshToken)).body.access_token
}
const userinfo = (token: string): ReturnType<OAuthScene['send']> => scene.send('GET', 'userinfo', undefined, { authorization: `Bearer ${token}` })

describe('/userinfo', () => {
  it('tells what the scope asks for, by GET and by POST', async () => {
    const userId = await scene.user()
    const token = await accessToken(userId)
    const { status, body, headers } = await userinfo(token)
    expect(status).toBe(200)
    expect(headers.get('cache-control')).toBe('no-store')
    expect(body).toMatchObject({ sub: userId, email: expect.stringContaining('@example.com'), email_verified: true, nickname: expect.any(String) })
    expect(body.updated_at).toMatch(/^\d{4}-\d\d-\d\dT/)
    expect((await scene.form('userinfo', {}, { authorization: `bearer ${token}` })).body).toEqual(body)
    expect((await scene.form('userinfo', { access_token: token })).body).toEqual(body)
    expect((await userinfo(await accessToken(userId, { scope: ['openid'] }))).body).toEqual({ sub: userId })
    expect((await userinfo(await accessToken(userId, { audience: null, scope: ['openid', 'email'] }))).body).toEqual({
      sub: userId,
      email: body.email,
      email_verified: true,
    })
  })

  it('takes the token in the query, as Auth0’s strategy for Passport sends it (RFC 6750 §2.3)', async () => {
    const userId = await scene.user()
    const token = await accessToken(userId)
    const inQuery = `userinfo?access_token=${token}`
    expect(await scene.send('GET', inQuery)).toMatchObject({ status: 200, body: { sub: userId } })
    expect((await fetch(`${service.url}${inQuery}`, { method: 'HEAD' })).status).toBe(200)
    expect(await scene.send('GET', `userinfo?access_token=${token}x`)).toMatchObject({ status: 401, body: { error: 'invalid_token' } })
    const twice = [scene.send('GET', inQuery, undefined, { authorization: `Bearer ${token}` }), scene.send('GET', `${inQuery}&access_token=${token}`)]
    for (const answer of twice) expect(await answer).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
  })

  it('refuses what is no token for it', async () => {
    const userId = await scene.user()
    const now = Math.floor(Date.now() / 1000)
    const sign = (claims: object): Promise<string> =>
      service.app
        .get(SigningKeys)
        .sign(
          { iss: service.url, sub: userId, azp: 'x', aud: `${service.url}userinfo`, scope: 'openid', iat: now, exp: now + 60, ...claims },
          { alg: 'RS256', typ: 'JWT' },
        )
    expect((await userinfo(await sign({}))).status).toBe(200)
    const bad = [
      await sign({ exp: now - 1 }),
      await sign({ aud: AUDIENCE }),
      await sign({ iss: 'https://elsewhere/' }),
      await sign({ sub: 'auth0|nobody' }),
      await sign({ azp: undefined }),
      'nonsense',
      'rk1.00000000.AAAAAAAAAAAAAAAA.AA.AAAAAAAAAAAAAAAAAAAAAA',
      `${await sign({})}x`,
    ]
    for (const token of bad) {
      const { status, body, headers } = await userinfo(token)
      expect({ status, error: body.error }).toEqual({ status: 401, error: 'invalid_token' })
      expect(headers.get('www-authenticate')).toBe('Bearer error="invalid_token"')
    }
    expect(await userinfo(await sign({ scope: 'email' }))).toMatchObject({ status: 403, body: { error: 'insufficient_scope' } })
    expect(await scene.send('GET', 'userinfo')).toMatchObject({ status: 401, body: { error: 'invalid_token' } })
  })

  it('follows the user: blocked or gone, there is nothing to tell', async () => {
    const userId = await scene.user()
    const tokens = [await accessToken(userId), await accessToken(userId, { audience: null, scope: ['openid'] })]
    await scene.setBlocked(userId, true)
    for (const token of tokens) expect((await userinfo(token)).status).toBe(401)
    await scene.setBlocked(userId, false)
    for (const token of tokens) expect((await userinfo(token)).status).toBe(200)
    await service.commands.execute(new DeleteUser(userId, {}))
    for (const token of tokens) expect((await userinfo(token)).status).toBe(401)
  })
})
