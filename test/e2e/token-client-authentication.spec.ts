import { generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto'
import { SignJWT } from 'jose'
import { type ClientCredential, type ClientDocument, CreateClient } from '../../src/authorization/index.js'
import { startApp, type TestApp } from '../support/app.js'
import { AUDIENCE, OAuthScene, SECRET } from '../support/oauth.js'

let service: TestApp
let scene: OAuthScene
beforeAll(async () => {
  service = await startApp()
  scene = new OAuthScene(service)
  await scene.api()
})
afterAll(() => service.close())

const GRANT = { grant_type: 'client_credentials', audience: AUDIENCE }
const REFUSED = { status: 401, body: { error: 'invalid_client', error_description: 'Client authentication failed' } }
const basic = (id: string, secret: string): Record<string, string> => ({ authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` })
/** As oauth4webapi does it. */
const encoded = (text: string): string =>
  encodeURIComponent(text).replace(/[-_.!~*'()]|%20/g, (part) => (part === '%20' ? '+' : `%${part.charCodeAt(0).toString(16).toUpperCase()}`))

const granted = async (over: Partial<ClientDocument> = {}): Promise<ClientDocument> => {
  const client = await scene.client(over)
  await scene.grant(client.client_id, ['read:orders'])
  return client
}

describe('a secret', () => {
  it('is taken from a form, from JSON, and from Basic, encoded or raw, when the client says nothing of its method', async () => {
    const client = await granted()
    const inBody = { ...GRANT, client_id: client.client_id, client_secret: SECRET }
    expect((await scene.form('oauth/token', inBody)).status).toBe(200)
    expect((await scene.json('oauth/token', inBody)).status).toBe(200)
    expect((await scene.form('oauth/token', GRANT, basic(encoded(client.client_id), encoded(SECRET)))).status).toBe(200)
    expect((await scene.form('oauth/token', GRANT, basic(client.client_id, SECRET))).status).toBe(200)
    expect((await scene.form('oauth/token', { ...GRANT, client_id: client.client_id }, basic(client.client_id, SECRET))).status).toBe(200)
  })

  it('counts by the configured method only', async () => {
    const post = await granted({ token_endpoint_auth_method: 'client_secret_post' })
    expect(await scene.form('oauth/token', GRANT, basic(post.client_id, SECRET))).toMatchObject(REFUSED)
    const withBasic = await granted({ token_endpoint_auth_method: 'client_secret_basic' })
    expect(await scene.token(withBasic, GRANT)).toMatchObject(REFUSED)
    expect((await scene.form('oauth/token', GRANT, basic(withBasic.client_id, SECRET))).status).toBe(200)
  })

  it('that is wrong or missing, or of nobody, is refused; a challenge comes to Basic only', async () => {
    const client = await granted()
    for (const client_secret of ['wrong', `${SECRET} `, SECRET.slice(1)]) {
      const answer = await scene.form('oauth/token', { ...GRANT, client_id: client.client_id, client_secret })
      expect(answer).toMatchObject(REFUSED)
      expect(answer.headers.get('www-authenticate')).toBeNull()
    }
    expect(await scene.form('oauth/token', { ...GRANT, client_id: client.client_id })).toMatchObject(REFUSED)
    expect(await scene.form('oauth/token', { ...GRANT, client_id: 'nobody', client_secret: SECRET })).toMatchObject(REFUSED)
    const challenged = await scene.form('oauth/token', GRANT, basic(client.client_id, 'wrong'))
    expect(challenged).toMatchObject(REFUSED)
    expect(challenged.headers.get('www-authenticate')).toMatch(/^Basic /)
    expect(await scene.form('oauth/token', GRANT, { authorization: 'Basic !!!' })).toMatchObject(REFUSED)
    expect(await scene.form('oauth/token', GRANT)).toMatchObject({
      status: 401,
      body: { error: 'invalid_client', error_description: 'Missing required parameter: client_id' },
    })
  })

  it('sent in two ways at once, or for two clients, is a bad request', async () => {
    const client = await granted()
    const both = await scene.form('oauth/token', { ...GRANT, client_id: client.client_id, client_secret: SECRET }, basic(client.client_id, SECRET))
    expect(both).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
    const two = await scene.form('oauth/token', { ...GRANT, client_id: 'other' }, basic(client.client_id, SECRET))
    expect(two).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
  })

  it('of a public client is not looked at', async () => {
    const client = await scene.client({ token_endpoint_auth_method: 'none' })
    const { refreshToken } = await scene.refreshToken(client, await scene.user())
    for (const extra of [{}, { client_secret: 'whatever' }]) {
      const body = { grant_type: 'refresh_token', refresh_token: refreshToken, client_id: client.client_id, ...extra }
      expect((await scene.form('oauth/token', body)).status).toBe(200)
    }
  })

  it('that fails is in the log, without the secret', async () => {
    const client = await granted()
    await scene.form('oauth/token', { ...GRANT, client_id: client.client_id, client_secret: 'guessed-secret-4711' })
    const failures = (await scene.facts('ExchangeFailed')).filter(({ metadata }) => metadata.clientId === client.client_id)
    expect(failures.map(({ data }) => data)).toEqual([
      { grant: 'client_credentials', error: 'invalid_client', description: 'Client authentication failed', reason: 'wrong secret' },
    ])
    expect(JSON.stringify(failures)).not.toContain('4711')
  })
})

describe('private_key_jwt', () => {
  const keys = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const second = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
  let client: ClientDocument

  const credential = (id: string, publicKey: KeyObject, alg: string): ClientCredential => ({
    id,
    credential_type: 'public_key',
    kid: `kid-${id}-0123456789`,
    alg,
    thumbprint_sha256: id,
    public_key: publicKey.export({ format: 'jwk' }) as Record<string, string>,
    created_at: '2026-01-01T00:00:00.000Z',
    updated_at: '2026-01-01T00:00:00.000Z',
    expires_at: null,
  })
  const now = (): number => Math.floor(Date.now() / 1000)
  const sign = (claims: object = {}, { key = keys.privateKey, alg = 'RS256', header = {} } = {}): Promise<string> =>
    new SignJWT({ iss: client.client_id, sub: client.client_id, aud: service.url, jti: randomUUID(), iat: now(), exp: now() + 60, ...claims })
      .setProtectedHeader({ alg, ...header })
      .sign(key)
  const send = (assertion: string, more: Record<string, string> = {}): ReturnType<OAuthScene['form']> =>
    scene.form('oauth/token', { ...GRANT, client_assertion: assertion, client_assertion_type: ASSERTION_TYPE, ...more })

  beforeAll(async () => {
    const base = await scene.client()
    client = { ...base, client_id: 'jwt-client', client_authentication_methods: { private_key_jwt: { credentials: [{ id: 'a' }, { id: 'b' }] } } }
    const unused = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey
    const credentials = [credential('a', keys.publicKey, 'RS256'), credential('b', second.publicKey, 'ES256'), credential('c', unused, 'ES256')]
    await service.commands.execute(new CreateClient(client, SECRET, {}, credentials))
    await scene.grant(client.client_id, ['read:orders'])
  })

  it('is accepted for each audience that clients send, by each key, with or without kid', async () => {
    for (const aud of [service.url, service.url.slice(0, -1), `${service.url}oauth/token`, [service.url, 'x']])
      expect((await send(await sign({ aud }))).status).toBe(200)
    expect((await send(await sign({}, { key: second.privateKey, alg: 'ES256' }))).status).toBe(200)
    expect((await send(await sign({}, { header: { kid: 'kid-a-0123456789' } }), { client_id: client.client_id })).status).toBe(200)
  })

  it('counts once, on whatever worker', async () => {
    const assertion = await sign()
    const answers = await Promise.all(Array.from({ length: 5 }, () => send(assertion)))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401, 401, 401])
    expect(await send(assertion)).toMatchObject(REFUSED)
  })

  it('is refused with anything wrong about it', async () => {
    const foreign = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
    const bad = [
      await sign({ aud: 'https://elsewhere/' }),
      await sign({ sub: 'someone-else' }),
      await sign({ iss: 'someone-else' }),
      await sign({ exp: now() - 30 }),
      await sign({ exp: now() + 3600 }),
      await sign({ exp: undefined }),
      await sign({ jti: undefined }),
      await sign({ jti: 'x'.repeat(65) }),
      await sign({ iat: now() + 60 }),
      await sign({ nbf: now() + 60 }),
      await sign({ filler: 'x'.repeat(2048) }),
      await sign({}, { key: foreign }),
      await sign({}, { alg: 'PS256' }),
      await sign({}, { header: { kid: 'unknown-kid-0123456789' } }),
      'eyJhbGciOiJub25lIn0.e30.',
      'not a jwt',
      `${await sign()}x`,
    ]
    for (const assertion of bad) expect(await send(assertion)).toMatchObject(REFUSED)
    expect(await send(await sign(), { client_id: 'someone-else' })).toMatchObject(REFUSED)
    expect(await send(await sign(), { client_assertion_type: 'x' })).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
  })

  it('is the only method of its client', async () => {
    expect(await scene.form('oauth/token', { ...GRANT, client_id: client.client_id, client_secret: SECRET })).toMatchObject(REFUSED)
    expect(await scene.form('oauth/token', { ...GRANT, client_id: client.client_id })).toMatchObject(REFUSED)
  })
})

describe('ERRORS_CLIENT_AUTH=access_denied', () => {
  it('answers as older tenants do', async () => {
    const other = await startApp({ ERRORS_CLIENT_AUTH: 'access_denied' })
    try {
      const there = new OAuthScene(other)
      const { client_id } = await there.client({ token_endpoint_auth_method: 'none' })
      const refused = { status: 401, body: { error: 'access_denied', error_description: 'Unauthorized' } }
      expect(await there.form('oauth/token', { ...GRANT, client_id: 'x', client_secret: 'y' })).toMatchObject(refused)
      expect(await there.form('oauth/introspect', { client_id, token: 'x' })).toMatchObject(refused)
      const nobody = { status: 401, body: { error: 'access_denied', error_description: 'Missing required parameter: client_id' } }
      for (const path of ['oauth/token', 'oauth/revoke', 'oauth/introspect']) {
        expect(await there.form(path, { ...GRANT, token: 'x' })).toMatchObject(nobody)
      }
    } finally {
      await other.close()
    }
  })
})
