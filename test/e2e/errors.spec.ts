import { request } from 'node:http'
import { startApp, type TestApp } from '../support/app.js'
import { AUDIENCE, credentialsOf, OAuthScene } from '../support/oauth.js'

let service: TestApp
let scene: OAuthScene
/** The answer to a request whose body never comes: it is ten seconds in coming, while the other tests run. */
let unfinished: Promise<number | undefined>
beforeAll(async () => {
  service = await startApp()
  scene = new OAuthScene(service)
  unfinished = beginRequest()
  await scene.api()
})
afterAll(() => service.close())

const beginRequest = (): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const req = request(`${service.url}oauth/token`, { method: 'POST', headers: { ...FORM, 'content-length': '100' } }, (res) => resolve(res.statusCode))
    req.on('error', reject)
    req.write('grant_type=')
  })

const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const post = (body: string, headers: Record<string, string> = FORM): ReturnType<OAuthScene['send']> => scene.send('POST', 'oauth/token', body, headers)

describe('a request to the token endpoint', () => {
  it('that lacks something says what', async () => {
    const client = await scene.client()
    const cases: [Record<string, string>, number, string, string][] = [
      [{}, 400, 'invalid_request', 'Missing required parameter: grant_type'],
      [{ grant_type: '' }, 400, 'invalid_request', 'Missing required parameter: grant_type'],
      [{ grant_type: 'toString' }, 400, 'unsupported_grant_type', 'Grant type not supported'],
      [{ grant_type: 'refresh_token' }, 400, 'invalid_request', 'Missing required parameter: refresh_token'],
      [{ grant_type: 'refresh_token', refresh_token: '' }, 400, 'invalid_request', 'Missing required parameter: refresh_token'],
      [{ grant_type: 'authorization_code' }, 400, 'invalid_request', 'Missing required parameter: code'],
      [{ grant_type: 'refresh_token', refresh_token: 'x' }, 403, 'invalid_grant', 'Unknown or invalid refresh token.'],
    ]
    for (const [parameters, status, error, error_description] of cases) {
      const answer = await scene.token(client, parameters)
      expect(answer).toMatchObject({ status, body: { error, error_description } })
      expect(answer.headers.get('cache-control')).toBe('no-store')
      expect(answer.headers.get('pragma')).toBe('no-cache')
      expect(answer.headers.get('content-type')).toMatch(/^application\/json/)
    }
  })

  it('that names what is not there gets little of it back', async () => {
    const client = await scene.client()
    const told = async (audience: string): Promise<string> => {
      const answer = await scene.token(client, { grant_type: 'client_credentials', audience })
      expect(answer).toMatchObject({ status: 403, body: { error: 'access_denied' } })
      return (answer.body as unknown as { error_description: string }).error_description
    }
    expect(await told('a'.repeat(90_000))).toHaveLength(1000)
    expect(await told('https://\t\ufffd.example.com/')).toBe('Service not found: https://??.example.com/')
  })

  it('that cannot be read is a bad request', async () => {
    const bodies: [string, Record<string, string>][] = [
      ['grant_type=refresh_token', { 'content-type': 'text/plain' }],
      ['{"grant_type"', { 'content-type': 'application/json' }],
      ['["grant_type"]', { 'content-type': 'application/json' }],
      ['null', { 'content-type': 'application/json' }],
      ['grant_type=refresh_token&refresh_token=a&refresh_token=b&client_id=x', FORM],
      ['grant_type=refresh_token&refresh_token=a%00b&client_id=x', FORM],
      ['{"grant_type":"refresh_token","refresh_token":"\\ud800","client_id":"x"}', { 'content-type': 'application/json' }],
    ]
    const [deep, json] = ['['.repeat(40_000) + ']'.repeat(40_000), { 'content-type': 'application/json' }]
    bodies.push([`{"grant_type":"refresh_token","x":${deep}}`, json], [`{"grant_type":${deep}}`, json])
    for (const [body, headers] of bodies) expect(await post(body, headers)).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
    expect(await scene.json('oauth/token', { grant_type: 'refresh_token', refresh_token: 'x', scope: { a: 1 } })).toMatchObject({
      status: 400,
      body: { error: 'invalid_scope', error_description: 'Scope must be an array or a string' },
    })
    expect(await post(`grant_type=refresh_token&refresh_token=${'x'.repeat(100_001)}`)).toMatchObject({ status: 413, body: { error: 'payload_too_large' } })
  })

  it('that has something else where a text belongs is a bad request, whatever else it has', async () => {
    const client = await scene.client()
    const { refreshToken } = await scene.refreshToken(client, await scene.user())
    const refresh = { ...credentialsOf(client), grant_type: 'refresh_token', refresh_token: refreshToken }
    for (const value of [[refreshToken], { $ne: null }, true]) {
      for (const name of ['grant_type', 'client_id', 'client_secret', 'refresh_token', 'audience'])
        expect(await scene.json('oauth/token', { ...refresh, [name]: value })).toMatchObject({
          status: 400,
          body: { error: 'invalid_request', error_description: `Parameter must be a string: ${name}` },
        })
      // Who is told that it is revoked must be able to rely on that.
      for (const path of ['oauth/revoke', 'oauth/introspect'])
        expect(await scene.json(path, { ...credentialsOf(client), token: value })).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
    }
    expect((await scene.json('oauth/token', { ...refresh, page: 1, custom: { a: [true] }, login_hint: null })).status).toBe(200)
  })

  it('is read from any spelling of its content type', async () => {
    const client = await scene.client()
    const { refreshToken } = await scene.refreshToken(client, await scene.user())
    const parameters = { ...credentialsOf(client), grant_type: 'refresh_token', refresh_token: refreshToken }
    expect((await post(JSON.stringify(parameters), { 'content-type': 'Application/JSON; Charset=UTF-8' })).status).toBe(200)
    expect((await post(JSON.stringify({ ...parameters, scope: ['openid', 'read:orders'] }), { 'content-type': 'application/json' })).status).toBe(200)
    expect((await post(new URLSearchParams(parameters).toString(), { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' })).status).toBe(200)
  })

  it('for a grant that the client may not use is refused for that, also where nobody may, and only once the client is known', async () => {
    const [password, exchange] = ['password', 'urn:ietf:params:oauth:grant-type:token-exchange']
    const client = await scene.client({ grant_types: ['refresh_token', exchange] })
    const login = { username: 'ada@example.com', password: 'Correct-Horse-1' }
    const notAllowed = { error: 'unauthorized_client', error_description: `Grant type 'password' not allowed for the client.` }
    expect(await scene.token(client, { grant_type: password, ...login })).toMatchObject({ status: 403, body: notAllowed })
    const wrong = await scene.token(client, { grant_type: password, ...login, client_secret: 'wrong' })
    expect(wrong).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
    const unbuilt = { error: 'unsupported_grant_type', error_description: 'Grant type not supported' }
    expect(await scene.token(client, { grant_type: exchange })).toMatchObject({ status: 400, body: unbuilt })
    expect((await scene.facts('ExchangeFailed')).slice(-3).map(({ data }) => data)).toMatchObject([
      { grant: password, error: 'unauthorized_client' },
      { grant: password, error: 'invalid_client' },
      { grant: exchange, error: 'unsupported_grant_type' },
    ])
  })

  it('may say `resource` again, with the same value', async () => {
    const client = await scene.client()
    await scene.grant(client.client_id, ['read:orders'])
    const sent = new URLSearchParams({ ...credentialsOf(client), grant_type: 'client_credentials', audience: AUDIENCE }).toString()
    expect((await post(`${sent}&resource=a&resource=a`)).status).toBe(200)
    expect(await post(`${sent}&resource=a&resource=b`)).toMatchObject({ status: 400, body: { error_description: 'Parameter repeated: resource' } })
  })

  it('by another method is told which one', async () => {
    for (const [path, allow] of [
      ['oauth/token', 'POST, OPTIONS'],
      ['oauth/revoke', 'POST, OPTIONS'],
      ['oauth/introspect', 'POST'],
    ] as const) {
      for (const method of ['GET', 'PUT', 'DELETE', 'PATCH']) {
        const { status, headers, body } = await scene.send(method, path)
        expect({ status, allow: headers.get('allow'), error: body.error }).toEqual({ status: 405, allow, error: 'method_not_allowed' })
        expect(headers.get('cache-control')).toBe('no-store')
      }
    }
    expect((await scene.send('DELETE', 'userinfo')).status).toBe(405)
  })
})

describe('headers of more than 16 KB', () => {
  const cookie = `other=${'x'.repeat(16_384)}`

  it('are refused in the words of each endpoint', async () => {
    const description = 'The headers of the request are too large.'
    for (const path of ['oauth/token', 'oauth/revoke', 'oauth/introspect', 'userinfo', '.well-known/jwks.json']) {
      const answer = await scene.send(path.startsWith('oauth') ? 'POST' : 'GET', path, undefined, { cookie })
      expect(answer).toMatchObject({ status: 431, body: { error: 'payload_too_large', error_description: description } })
    }
    for (const path of ['authorize', 'v2/logout', 'continue']) {
      expect(await scene.send('GET', path, undefined, { cookie })).toMatchObject({ status: 431, body: expect.stringContaining(description) })
    }
    const managed = await service.api('GET', 'clients', undefined, { cookie })
    expect(managed).toMatchObject({ status: 431, body: { statusCode: 431, message: 'Request Header Fields Too Large' } })
  })

  it('are not those of a long address, which has an answer of its own', async () => {
    expect((await scene.send('GET', `authorize?state=${'x'.repeat(16_384)}`)).status).toBe(414)
    expect((await scene.send('GET', `.well-known/jwks.json?x=${'x'.repeat(16_384)}`, undefined, { cookie: 'x'.repeat(15_000) })).status).toBe(200)
  })
})

describe('what is switched off', () => {
  it('says so', async () => {
    const body = { error: 'endpoint_disabled', error_description: 'This endpoint is disabled.' }
    for (const path of ['oauth/par', 'oauth/device/code', 'bc-authorize', 'passkey/register', 'passkey/challenge', 'oidc/register']) {
      const answer = await scene.form(path, { client_id: 'x' })
      expect({ path, status: answer.status, body: answer.body }).toEqual({ path, status: 404, body })
      expect(answer.headers.get('cache-control')).toBe('no-store')
    }
  })
})

describe('hostile values', () => {
  const HOSTILE = [
    '\0',
    '\u{10ffff}',
    "'; drop table events; --",
    '{"$ne":null}',
    '../../etc/passwd',
    '%00%ff',
    'a'.repeat(50_000),
    '__proto__',
    '<script>',
    '\r\nX-Evil: 1',
    '👩‍🚀',
  ]
  const NAMES = [
    'grant_type',
    'client_id',
    'client_secret',
    'refresh_token',
    'code',
    'scope',
    'audience',
    'redirect_uri',
    'code_verifier',
    'client_assertion',
    'token',
    'organization',
    'username',
    'password',
    'realm',
  ]

  it('in any parameter of any endpoint get a refusal of the protocol, never a fault', async () => {
    const byPassword = 'http://auth0.com/oauth/grant-type/password-realm'
    const client = await scene.client({ grant_types: ['authorization_code', 'refresh_token', 'client_credentials', byPassword] })
    await scene.grant(client.client_id, ['read:orders'])
    const { refreshToken } = await scene.refreshToken(client, await scene.user())
    const bases: [string, Record<string, string>][] = [
      ['oauth/token', { grant_type: 'refresh_token', refresh_token: refreshToken }],
      ['oauth/token', { grant_type: 'authorization_code', code: 'x' }],
      ['oauth/token', { grant_type: 'client_credentials', audience: 'x' }],
      ['oauth/token', { grant_type: byPassword, username: 'x', password: 'x', realm: 'Username-Password-Authentication' }],
      ['oauth/revoke', { token: 'x' }],
      ['oauth/introspect', { token: 'x' }],
    ]
    for (const [n, [path, base]] of bases.entries()) {
      for (const [m, name] of NAMES.entries()) {
        // Every other one, which differ from endpoint to endpoint: each name meets all of them.
        for (const value of HOSTILE.filter((_, k) => (n + m + k) % 2 === 0)) {
          const { status, body } = await scene.form(path, { ...credentialsOf(client), ...base, [name]: value })
          expect([200, 400, 401, 403, 413, 429]).toContain(status)
          if (status !== 200) expect(typeof body.error).toBe('string')
        }
      }
    }
  })

  it('in headers do no harm either', async () => {
    for (const value of [
      'Bearer',
      'Basic',
      'Basic ====',
      `Basic ${'A'.repeat(8000)}`,
      'Bearer a b c',
      `Bearer ${'.'.repeat(2000)}`,
      'DPoP x',
      'Digest username="x"',
    ]) {
      for (const path of ['oauth/token', 'oauth/revoke', 'oauth/introspect', 'userinfo']) {
        const { status } = await scene.form(path, { grant_type: 'client_credentials', token: 'x' }, { authorization: value })
        expect([400, 401, 403]).toContain(status)
      }
    }
    for (const origin of ['null', 'https://', 'javascript:alert(1)', 'x'.repeat(1000), 'https://[::1', 'https://a b']) {
      expect((await scene.send('OPTIONS', 'oauth/token', undefined, { origin })).status).toBe(204)
    }
  })
})

it('a body that never comes does not hold the endpoint for ever', async () => {
  expect(await unfinished).toBe(400)
})
