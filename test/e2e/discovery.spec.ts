import { ChangeTenantSettings } from '../../src/users/index.js'
import { startApp, type TestApp } from '../support/app.js'
import { OAuthScene } from '../support/oauth.js'

let service: TestApp
let scene: OAuthScene
beforeAll(async () => {
  service = await startApp()
  scene = new OAuthScene(service)
})
afterAll(() => service.close())

describe('discovery', () => {
  it('is the same under each of its addresses, for every origin, and kept for a moment', async () => {
    const { status, headers, body } = await scene.send('GET', '.well-known/openid-configuration', undefined, { origin: 'https://any.example.com' })
    expect(status).toBe(200)
    expect(headers.get('access-control-allow-origin')).toBe('*')
    expect(headers.get('cache-control')).toBe('public, max-age=15, stale-while-revalidate=15, stale-if-error=86400')
    expect(body.issuer).toBe(service.url)
    for (const path of ['oauth-authorization-server', 'oauth-authorization-server/some/path']) {
      expect((await scene.send('GET', `.well-known/${path}`)).body).toEqual(body)
    }
    // Node's fetch says `no-cache` of its own accord.
    for (const path of ['openid-configuration', 'jwks.json']) {
      const etag = (await scene.send('GET', `.well-known/${path}`)).headers.get('etag')!
      expect((await scene.send('GET', `.well-known/${path}`, undefined, { 'if-none-match': etag })).status).toBe(304)
      expect((await scene.send('GET', `.well-known/${path}`, undefined, { 'if-none-match': '"another"' })).status).toBe(200)
    }
  })

  it('names only what is answered', async () => {
    const { body } = await scene.send('GET', '.well-known/openid-configuration')
    const endpoints = Object.entries(body).filter(([name]) => name.endsWith('_endpoint') || name === 'jwks_uri')
    expect(endpoints.map(([name]) => name).sort()).toEqual([
      'authorization_endpoint',
      'end_session_endpoint',
      'introspection_endpoint',
      'jwks_uri',
      'revocation_endpoint',
      'token_endpoint',
      'userinfo_endpoint',
    ])
    for (const [, url] of endpoints) {
      expect(url).toMatch(new RegExp(`^${service.url}[a-z.]`))
      expect((await scene.send('GET', (url as string).slice(service.url.length))).status).not.toBe(404)
    }
    const { grant_types_supported } = body as unknown as { grant_types_supported: string[] }
    expect(grant_types_supported).toEqual([
      'authorization_code',
      'implicit',
      'refresh_token',
      'client_credentials',
      'password',
      'http://auth0.com/oauth/grant-type/password-realm',
    ])
    const client = await scene.client({ grant_types: grant_types_supported })
    // What implicit is for is answered at /authorize.
    for (const grant_type of grant_types_supported.filter((type) => type !== 'implicit'))
      expect(await scene.token(client, { grant_type })).not.toMatchObject({ body: { error: 'unsupported_grant_type' } })
    expect(body.scopes_supported).not.toContain('online_access')
    expect(body.code_challenge_methods_supported).toEqual(['S256'])
  })

  it('lists scopes, claims, modes and what else never changes, to the letter of Auth0’s', async () => {
    const words = (text: string): string[] => text.split(' ')
    const types = ['code', 'token', 'id_token', 'code token', 'code id_token', 'token id_token', 'code token id_token']
    expect((await scene.send('GET', '.well-known/openid-configuration')).body).toMatchObject({
      scopes_supported: words(
        'openid profile offline_access name given_name family_name nickname email email_verified picture created_at identities phone address',
      ),
      claims_supported: words(
        'aud auth_time created_at email email_verified exp family_name given_name iat identities iss name nickname phone_number picture sub',
      ),
      response_types_supported: types,
      response_modes_supported: ['query', 'fragment', 'form_post'],
      subject_types_supported: ['public'],
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
      dpop_signing_alg_values_supported: ['ES256'],
      request_uri_parameter_supported: false,
      request_parameter_supported: false,
    })
  })

  it('says by which algorithms assertions may be signed wherever they are taken', async () => {
    const body = (await scene.send('GET', '.well-known/openid-configuration')).body as unknown as Record<string, string[]>
    // RFC 8414 §2: such a list "MUST be present" beside private_key_jwt.
    for (const endpoint of ['token', 'revocation', 'introspection']) {
      expect(body[`${endpoint}_endpoint_auth_methods_supported`]).toContain('private_key_jwt')
      expect(body[`${endpoint}_endpoint_auth_signing_alg_values_supported`]).toEqual(['RS256', 'RS384', 'PS256', 'PS384', 'ES256', 'ES384'])
    }
  })

  it('says what the tenant’s settings say', async () => {
    const read = async () => (await scene.send('GET', '.well-known/openid-configuration')).body
    expect(await read()).toMatchObject({ backchannel_logout_supported: true, backchannel_logout_session_supported: true })
    expect(await read()).not.toHaveProperty('authorization_response_iss_parameter_supported')
    const settings = { oidc_logout: { rp_logout_end_session_endpoint_discovery: false }, authorization_response_iss_parameter_supported: true }
    await service.commands.execute(new ChangeTenantSettings(settings, {}))
    expect(await read()).not.toHaveProperty('end_session_endpoint')
    expect(await read()).toHaveProperty('authorization_response_iss_parameter_supported', true)
    await service.commands.execute(new ChangeTenantSettings({ oidc_logout: undefined, authorization_response_iss_parameter_supported: undefined }, {}))
  })

  it('answers other methods as such, and preflights', async () => {
    for (const path of ['.well-known/openid-configuration', '.well-known/jwks.json']) {
      for (const method of ['POST', 'PUT', 'DELETE']) {
        const { status, headers, body } = await scene.send(method, path)
        expect({ status, allow: headers.get('allow'), error: body.error }).toEqual({ status: 405, allow: 'GET, HEAD, OPTIONS', error: 'method_not_allowed' })
        expect(headers.get('access-control-allow-origin')).toBe('*')
      }
      const { status, headers } = await scene.send('OPTIONS', path, undefined, { origin: 'https://any.example.com', 'access-control-request-method': 'GET' })
      expect({ status, origin: headers.get('access-control-allow-origin'), age: headers.get('access-control-max-age') }).toEqual({
        status: 204,
        origin: '*',
        age: '600',
      })
    }
  })
})

describe('the keys', () => {
  it('are without their algorithm where the tenant wants none of it, and another version for caches', async () => {
    const read = () => scene.send('GET', '.well-known/jwks.json')
    const algorithms = ({ body }: Awaited<ReturnType<typeof read>>) => (body as unknown as { keys: { alg?: string }[] }).keys.map((key) => key.alg)
    const before = await read()
    expect(new Set(algorithms(before))).toEqual(new Set(['RS256']))
    await service.commands.execute(new ChangeTenantSettings({ flags: { remove_alg_from_jwks: true } }, {}))
    const after = await read()
    expect(new Set(algorithms(after))).toEqual(new Set([undefined]))
    expect(after.headers.get('etag')).not.toBe(before.headers.get('etag'))
    await service.commands.execute(new ChangeTenantSettings({ flags: undefined }, {}))
    expect((await read()).body).toEqual(before.body)
  })
})
