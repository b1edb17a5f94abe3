import { createHmac, generateKeyPairSync } from 'node:crypto'
import { compactDecrypt, createRemoteJWKSet, decodeProtectedHeader, type JWTPayload, jwtVerify } from 'jose'
import type { ClientDocument } from '../../src/authorization/index.js'
import { SIGNING_ALGORITHMS } from '../../src/keys/signature.js'
import { type Json, startApp, type TestApp } from '../support/app.js'
import { AUDIENCE, claimsOf, credentialsOf, OAuthScene, SECRET } from '../support/oauth.js'

const SIGNING_SECRET = 'The-APIs-signing-secret-0123456789'

let service: TestApp
let scene: OAuthScene
let client: ClientDocument
let jwks: ReturnType<typeof createRemoteJWKSet>
beforeAll(async () => {
  service = await startApp()
  scene = new OAuthScene(service)
  await scene.api()
  client = await scene.client()
  jwks = createRemoteJWKSet(new URL('.well-known/jwks.json', service.url), { cooldownDuration: 0 })
})
afterAll(() => service.close())

const apiOf = async (identifier: string, settings: object): Promise<Json> => {
  const { status, body } = await service.api('POST', 'resource-servers', { identifier, scopes: [{ value: 'read:orders' }], ...settings })
  expect(status).toBe(201)
  await scene.grant(client.client_id, ['read:orders'], identifier)
  return body
}
const tokenFor = async (audience: string): Promise<string> => {
  const { status, body } = await scene.token(client, { grant_type: 'client_credentials', audience })
  expect(status).toBe(200)
  return body.access_token
}
const introspect = async (token: string): Promise<Json> => (await scene.form('oauth/introspect', { ...credentialsOf(client), token })).body
const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
/** A token as somebody would make it who has the claims and not the key. */
const forged = (header: object, claims: object, secret?: string | Buffer): string => {
  const input = `${encoded(header)}.${encoded(claims)}`
  return `${input}.${secret === undefined ? '' : createHmac('sha256', secret).update(input).digest('base64url')}`
}

describe('access tokens', () => {
  it.each(SIGNING_ALGORITHMS)('%s: verify with the JWKS for the API that chose it, and are known at introspection', async (alg) => {
    const audience = `https://${alg}.example.com/`
    expect(await apiOf(audience, { signing_alg: alg })).toMatchObject({ signing_alg: alg })
    const token = await tokenFor(audience)
    const { payload, protectedHeader } = await jwtVerify(token, jwks, { issuer: service.url, audience, algorithms: [alg] })
    expect(protectedHeader.alg).toBe(alg)
    expect(payload).toMatchObject({ scope: 'read:orders', azp: client.client_id })
    expect(await introspect(token)).toMatchObject({ active: true, aud: audience })
  })

  it('HS256: are signed with the secret of the API, without a key’s id, and are for the API alone', async () => {
    const audience = 'https://hs256.example.com/'
    const made = await apiOf(audience, { signing_alg: 'HS256', signing_secret: SIGNING_SECRET })
    expect(made).toMatchObject({ signing_secret: SIGNING_SECRET })
    const token = await tokenFor(audience)
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'HS256', typ: 'JWT' })
    expect((await jwtVerify(token, Buffer.from(SIGNING_SECRET), { issuer: service.url, audience })).payload).toMatchObject({ scope: 'read:orders' })
    expect(await introspect(token)).toMatchObject({ active: true, aud: audience })
    const user = await scene.user()
    const { body } = await scene.token(client, {
      grant_type: 'authorization_code',
      code: await scene.code(client, user, { audience, scope: ['openid', 'read:orders'] }),
      redirect_uri: 'https://app.example.com/callback',
    })
    expect(claimsOf(body.access_token).aud).toBe(audience)
    // Who has changed the secret, or gone over to keys, does not want to see tokens of the old one any more.
    await service.api('PATCH', `resource-servers/${made.id}`, { signing_secret: `${SIGNING_SECRET}-new` })
    expect(await introspect(token)).toEqual({ active: false })
    const next = await tokenFor(audience)
    expect(await introspect(next)).toMatchObject({ active: true })
    await service.api('PATCH', `resource-servers/${made.id}`, { signing_alg: 'RS256' })
    expect(await introspect(next)).toEqual({ active: false })
    expect((await jwtVerify(await tokenFor(audience), jwks, { audience, algorithms: ['RS256'] })).protectedHeader.kid).toBeDefined()
  })

  it('are not believed in another algorithm than their key’s', async () => {
    const audience = 'https://confused.example.com/'
    await apiOf(audience, { signing_alg: 'PS256' })
    const token = await tokenFor(audience)
    const claims = claimsOf(token) as unknown as JWTPayload
    const { kid } = decodeProtectedHeader(token)
    const { keys } = (await (await fetch(`${service.url}.well-known/jwks.json`)).json()) as { keys: { kid: string; n: string }[] }
    const { n } = keys.find((key) => key.kid === kid)!
    const [, payload, signature] = token.split('.')
    const tokens = [
      forged({ alg: 'none', typ: 'JWT' }, claims),
      forged({ alg: 'none', typ: 'JWT', kid }, claims),
      // What is public is no secret.
      forged({ alg: 'HS256', typ: 'JWT', kid }, claims, n),
      forged({ alg: 'HS256', typ: 'JWT', kid }, claims, Buffer.from(n, 'base64url')),
      forged({ alg: 'HS256', typ: 'JWT' }, claims, ''),
      `${encoded({ alg: 'RS256', typ: 'JWT', kid })}.${payload}.${signature}`,
      `${encoded({ alg: 'PS256', typ: 'JWT' })}.${payload}.${signature}`,
    ]
    for (const bad of tokens) {
      expect(await introspect(bad)).toEqual({ active: false })
      expect((await scene.send('GET', 'userinfo', undefined, { authorization: `Bearer ${bad}` })).status).toBe(401)
      expect((await service.api('GET', 'clients', undefined, { authorization: `Bearer ${bad}` })).status).not.toBe(200)
    }
  })

  it('that an API could make by itself, since it shares the secret, open nothing but that API', async () => {
    const audience = 'https://forger.example.com/'
    await apiOf(audience, { signing_alg: 'HS256', signing_secret: SIGNING_SECRET })
    const user = await scene.user()
    const now = Math.floor(Date.now() / 1000)
    const claims = { iss: service.url, sub: user, azp: client.client_id, iat: now, exp: now + 600, scope: 'openid email read:users' }
    const forge = (aud: unknown): string => forged({ alg: 'HS256', typ: 'JWT' }, { ...claims, aud }, SIGNING_SECRET)
    for (const aud of [
      [audience, `${service.url}userinfo`],
      `${service.url}userinfo`,
      `${service.url}api/v2/`,
      [audience, `${service.url}api/v2/`],
      'a\0b',
      '\ud800',
      7,
      undefined,
    ]) {
      const token = forge(aud)
      expect((await scene.send('GET', 'userinfo', undefined, { authorization: `Bearer ${token}` })).status).toBe(401)
      expect((await service.api('GET', 'users', undefined, { authorization: `Bearer ${token}` })).status).toBe(401)
      expect(await introspect(token)).toEqual({ active: false })
      expect((await scene.form('oauth/introspect', { token }, { authorization: `Bearer ${token}` })).status).toBe(401)
    }
  })

  it('are encrypted for an API that gave its key', async () => {
    const audience = 'https://encrypted.example.com/'
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const pem = publicKey.export({ format: 'pem', type: 'spki' }) as string
    const encryption_key = { name: 'k', alg: 'RSA-OAEP-256', kid: 'their-key', pem }
    await apiOf(audience, { signing_alg: 'ES256', token_encryption: { format: 'compact-nested-jwe', encryption_key } })
    const token = await tokenFor(audience)
    const { plaintext, protectedHeader } = await compactDecrypt(token, privateKey)
    expect(protectedHeader).toEqual({ alg: 'RSA-OAEP-256', enc: 'A256GCM', cty: 'JWT', kid: 'their-key' })
    expect((await jwtVerify(Buffer.from(plaintext).toString(), jwks, { audience, algorithms: ['ES256'] })).payload).toMatchObject({ scope: 'read:orders' })
    expect(await introspect(token)).toEqual({ active: false })
  })
})

describe('ID tokens', () => {
  const idToken = async (alg: string | undefined, over: Partial<ClientDocument> = {}): Promise<string> => {
    const made = await scene.client({ jwt_configuration: { ...(alg && { alg }), lifetime_in_seconds: 600 }, ...over })
    const code = await scene.code(made, await scene.user(), { scope: ['openid', 'email'] })
    const { status, body } = await scene.token(made, { grant_type: 'authorization_code', code, redirect_uri: 'https://app.example.com/callback' })
    expect(status).toBe(200)
    return body.id_token
  }

  it.each(['RS256', 'RS512', 'PS256'])('%s: verify with the JWKS for the client that chose it', async (alg) => {
    const { protectedHeader } = await jwtVerify(await idToken(alg), jwks, { issuer: service.url, algorithms: [alg] })
    expect(protectedHeader).toMatchObject({ alg, typ: 'JWT' })
  })

  it('HS256: are signed with the client’s secret', async () => {
    const token = await idToken('HS256')
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'HS256', typ: 'JWT' })
    expect((await jwtVerify(token, Buffer.from(SECRET), { issuer: service.url })).payload).toMatchObject({ sub: expect.any(String) })
  })

  it('are signed with a key for a client that cannot keep a secret, whatever it chose', async () => {
    const token = await idToken('HS256', { token_endpoint_auth_method: 'none' })
    expect((await jwtVerify(token, jwks, { issuer: service.url })).protectedHeader.alg).toBe('RS256')
  })
})

describe('settings of algorithms', () => {
  it('are refused where they cannot be', async () => {
    const post = (body: object): Promise<{ status: number; body: Json }> => service.api('POST', 'resource-servers', { identifier: AUDIENCE + 'x', ...body })
    for (const alg of ['none', 'HS384', 'ES384', 'rs256']) {
      expect((await post({ signing_alg: alg })).body.message).toBe(`Payload validation error: 'No enum match for: ${alg}' on property signing_alg.`)
    }
    expect((await post({ signing_alg: 'HS256', signing_secret: 'short' })).body.message).toContain('String is too short (5 chars), minimum 16')
    const pem = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'pem', type: 'spki' })
    for (const bad of [pem, 'nonsense', generateKeyPairSync('ed25519').publicKey.export({ format: 'pem', type: 'spki' })]) {
      const encryption = { format: 'compact-nested-jwe', encryption_key: { alg: 'RSA-OAEP-256', pem: bad } }
      expect(await post({ token_encryption: encryption })).toMatchObject({ status: 400, body: { errorCode: 'invalid_body' } })
    }
    const made = await service.api('POST', 'clients', { name: 'x', jwt_configuration: { alg: 'ES256' } })
    expect(made.body.message).toBe(`Payload validation error: 'No enum match for: ES256' on property jwt_configuration.alg.`)
  })

  it('are told by discovery', async () => {
    const { body } = await scene.send('GET', '.well-known/openid-configuration')
    expect(body).toMatchObject({ id_token_signing_alg_values_supported: ['HS256', 'RS256', 'PS256', 'RS512'] })
  })

  it('keep the secret of an API out of every event and log', async () => {
    const { rows } = await service.pool.query(
      `select data::text || metadata::text as text from events union all select row_to_json(t)::text from tenant_logs t`,
    )
    expect(rows.length).toBeGreaterThan(10)
    for (const { text } of rows) expect(text).not.toContain(SIGNING_SECRET)
  })
})
