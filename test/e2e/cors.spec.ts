import { startApp, type TestApp } from '../support/app.js'
import { AUDIENCE, credentialsOf, OAuthScene } from '../support/oauth.js'

let service: TestApp
let scene: OAuthScene
beforeAll(async () => {
  service = await startApp()
  scene = new OAuthScene(service)
  await scene.api()
})
afterAll(() => service.close())

const allowed = (headers: Headers): string | null => headers.get('access-control-allow-origin')
const preflight = (path: string, origin: string): ReturnType<OAuthScene['send']> =>
  scene.send('OPTIONS', path, undefined, { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' })

describe('CORS', () => {
  it('answers the preflight for an origin that any client knows', async () => {
    await scene.client({ callbacks: ['https://spa.example.org/callback?x=1'], allowed_origins: ['https://*.wild.example.org', 'http://localhost:5173/'] })
    for (const path of ['oauth/token', 'oauth/revoke', 'userinfo']) {
      for (const origin of ['https://spa.example.org', 'https://a.wild.example.org', 'http://localhost:5173']) {
        const { status, headers, body } = await preflight(path, origin)
        expect({ status, body, origin: allowed(headers) }).toEqual({ status: 204, body: '', origin })
        expect(headers.get('access-control-allow-headers')).toBe('Auth0-Client, Authorization, Content-Type, DPoP, Accept, Accept-Language, X-Request-Language')
        expect(headers.get('access-control-allow-methods')).toBe('GET, POST, PATCH, DELETE, OPTIONS')
        expect(headers.get('access-control-max-age')).toBe('600')
        expect(headers.get('vary')).toContain('Origin')
        expect(headers.get('access-control-allow-credentials')).toBeNull()
      }
      for (const origin of ['https://evil.example.org', 'https://wild.example.org', 'https://a.b.wild.example.org', 'http://spa.example.org', 'null']) {
        const { status, headers } = await preflight(path, origin)
        expect({ status, origin: allowed(headers) }).toEqual({ status: 204, origin: null })
      }
    }
  })

  it("lets a script read the answers of its own client, refusals too, and nobody else's", async () => {
    const origin = 'https://own.example.org'
    const own = await scene.client({ callbacks: [`${origin}/cb`], token_endpoint_auth_method: 'none' })
    const other = await scene.client()
    const userId = await scene.user()
    const { refreshToken } = await scene.refreshToken(own, userId)
    const body = { grant_type: 'refresh_token', refresh_token: refreshToken }
    const good = await scene.token(own, body, { origin })
    expect({ status: good.status, origin: allowed(good.headers) }).toEqual({ status: 200, origin })
    expect(good.headers.get('access-control-expose-headers')).toContain('DPoP-Nonce')
    const refused = await scene.token(own, { ...body, refresh_token: 'x' }, { origin })
    expect({ status: refused.status, origin: allowed(refused.headers) }).toEqual({ status: 403, origin })
    expect(allowed((await scene.token(other, body, { origin })).headers)).toBeNull()
    expect(allowed((await scene.form('oauth/revoke', { ...credentialsOf(own), token: 'x' }, { origin })).headers)).toBe(origin)
    // Before the client is known, whoever is known at all may read what is wrong.
    for (const sent of ['{', '[]']) {
      const broken = await scene.send('POST', 'oauth/token', sent, { origin, 'content-type': 'application/json' })
      expect({ status: broken.status, origin: allowed(broken.headers) }).toEqual({ status: 400, origin })
    }
    const person = await scene.send('GET', 'userinfo', undefined, { origin, authorization: `Bearer ${good.body.access_token}` })
    expect({ status: person.status, origin: allowed(person.headers) }).toEqual({ status: 200, origin })
    const { refreshToken: foreign } = await scene.refreshToken(other, userId, { audience: AUDIENCE })
    const foreignToken = (await scene.refresh(other, foreign)).body.access_token
    expect(allowed((await scene.send('GET', 'userinfo', undefined, { origin, authorization: `Bearer ${foreignToken}` })).headers)).toBeNull()
  })

  it('refuses who names a client that no database can hold like every other stranger', async () => {
    const base64 = (text: string): string => Buffer.from(text).toString('base64url')
    const grant = { grant_type: 'client_credentials' }
    const assertion = {
      client_assertion: `${base64('{}')}.${base64(JSON.stringify({ iss: 'a\0b' }))}.x`,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    }
    const origin = 'https://own.example.org'
    for (const path of ['oauth/token', 'oauth/revoke']) {
      for (const answer of [
        await scene.form(path, grant, { origin, authorization: `Basic ${base64('a\0b:secret')}` }),
        await scene.form(path, { ...grant, ...assertion }, { origin }),
      ]) {
        expect(answer).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
      }
    }
  })

  it('is not for introspection, which servers ask for', async () => {
    const origin = 'https://server.example.org'
    const client = await scene.client({ callbacks: [`${origin}/cb`] })
    for (const parameters of [{ ...credentialsOf(client), token: 'x' }, { token: 'x' }]) {
      const { headers } = await scene.form('oauth/introspect', parameters, { origin })
      expect({ origin: allowed(headers), exposed: headers.get('access-control-expose-headers') }).toEqual({ origin: null, exposed: null })
    }
  })
})
