import { generateKeyPairSync, webcrypto } from 'node:crypto'
import * as oauth from 'oauth4webapi'
import * as openid from 'openid-client'
import { type ClientDocument, CLIENT_DEFAULTS, CreateClient } from '../../src/authorization/index.js'
import { startHttpsApp } from '../support/https.js'
import { AUDIENCE, CALLBACK, OAuthScene, ROTATING, SECRET } from '../support/oauth.js'
import { Visitor } from '../support/visitor.js'

const EMAIL = 'ada@example.com'
const PASSWORD = 'Correct-Horse-1'
const SCOPE = 'openid profile email offline_access read:orders'
const METHODS = ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'] as const
type Method = (typeof METHODS)[number]

let running: Awaited<ReturnType<typeof startHttpsApp>>
let scene: OAuthScene
let userId: string
const clients = {} as Record<Method, ClientDocument>
let privateKey: webcrypto.CryptoKey

beforeAll(async () => {
  running = await startHttpsApp()
  scene = new OAuthScene(running.service)
  await scene.api({ skip_consent_for_verifiable_first_party_clients: true, token_dialect: 'rfc9068_profile' })
  userId = await scene.user({ email: EMAIL, password: PASSWORD })
  for (const method of METHODS) clients[method] = await registered(method)
})
afterAll(() => running.service.close())

/** The ids hold what a Basic header must encode (RFC 6749 §2.3.1), as the secret does. */
async function registered(method: Method): Promise<ClientDocument> {
  const client: ClientDocument = {
    ...CLIENT_DEFAULTS,
    client_id: `${method} %41+:~`,
    name: method,
    oidc_conformant: true,
    is_first_party: true,
    ...(method !== 'private_key_jwt' && { token_endpoint_auth_method: method }),
    grant_types: ['authorization_code', 'refresh_token', ...(method === 'none' ? [] : ['client_credentials'])],
    callbacks: [CALLBACK],
    refresh_token: ROTATING,
    ...(method === 'private_key_jwt' && { client_authentication_methods: { private_key_jwt: { credentials: [{ id: 'cred' }] } } }),
  }
  const times = { created_at: '2026-01-01T00:00:00.000Z', updated_at: '2026-01-01T00:00:00.000Z', expires_at: null }
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  if (method === 'private_key_jwt') {
    const pkcs8 = keys.privateKey.export({ format: 'der', type: 'pkcs8' })
    privateKey = await webcrypto.subtle.importKey('pkcs8', pkcs8, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign'])
  }
  const public_key = keys.publicKey.export({ format: 'jwk' }) as Record<string, string>
  const credential = { id: 'cred', credential_type: 'public_key' as const, kid: 'kid-0123456789', alg: 'ES256', thumbprint_sha256: 'x', public_key, ...times }
  await running.service.commands.execute(new CreateClient(client, SECRET, {}, method === 'private_key_jwt' ? [credential] : []))
  if (method !== 'none') await scene.grant(client.client_id, ['read:orders'])
  return client
}

/** Logs in through the form, and answers where the browser is sent. */
async function throughTheForm(url: URL): Promise<URL> {
  const visitor = new Visitor(running.service.url, running.fetch)
  const page = await visitor.get(url)
  expect({ status: page.status, alert: page.alert }).toEqual({ status: 200, alert: undefined })
  const answer = await visitor.submit(page, { username: EMAIL, password: PASSWORD, action: 'default' })
  expect({ status: answer.status, alert: answer.alert }).toEqual({ status: 302, alert: undefined })
  return answer.location!
}

describe.each(METHODS)('openid-client with %s', (method) => {
  const authentication = (): openid.ClientAuth =>
    ({
      client_secret_basic: () => openid.ClientSecretBasic(SECRET),
      client_secret_post: () => openid.ClientSecretPost(SECRET),
      private_key_jwt: () => openid.PrivateKeyJwt(privateKey),
      none: () => openid.None(),
    })[method]()
  const discovered = (): Promise<openid.Configuration> =>
    openid.discovery(new URL(running.service.url), clients[method].client_id, undefined, authentication(), { [openid.customFetch]: running.fetch })

  it('logs a person in through the form, and reads the profile; a code works once', async () => {
    const config = await discovered()
    const [verifier, state, nonce] = [openid.randomPKCECodeVerifier(), openid.randomState(), openid.randomNonce()]
    const url = openid.buildAuthorizationUrl(config, {
      redirect_uri: CALLBACK,
      scope: SCOPE,
      audience: AUDIENCE,
      state,
      nonce,
      code_challenge: await openid.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    })
    const back = await throughTheForm(url)
    const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true }
    openid.enableNonRepudiationChecks(config)
    const tokens = await openid.authorizationCodeGrant(config, back, checks)
    expect(tokens.claims()).toMatchObject({ sub: userId, nonce, email: EMAIL, iss: running.service.url, aud: clients[method].client_id })
    expect(tokens.token_type).toBe('bearer')
    expect(tokens.expiresIn()).toBeGreaterThan(60)

    expect(await openid.fetchUserInfo(config, tokens.access_token, userId)).toMatchObject({ sub: userId, email: EMAIL })
    await expect(openid.authorizationCodeGrant(config, back, checks)).rejects.toMatchObject({ error: 'invalid_grant', status: 403 })
  })

  it('refreshes with rotation; a spent token ends the family', async () => {
    const config = await discovered()
    const first = (await scene.refreshToken(clients[method], userId)).refreshToken
    const second = await openid.refreshTokenGrant(config, first)
    expect(second.refresh_token).not.toBe(first)
    expect(second.claims()?.sub).toBe(userId)
    await expect(openid.refreshTokenGrant(config, first)).rejects.toMatchObject({ error: 'invalid_grant', status: 403 })
    await expect(openid.refreshTokenGrant(config, second.refresh_token!)).rejects.toMatchObject({ error: 'invalid_grant' })
  })

  it('revokes a token, and looks into tokens where it is confidential', async () => {
    const config = await discovered()
    const token = (await scene.refreshToken(clients[method], userId)).refreshToken
    if (method === 'none') await expect(openid.tokenIntrospection(config, token)).rejects.toMatchObject({ error: 'invalid_client', status: 401 })
    else expect(await openid.tokenIntrospection(config, token)).toMatchObject({ active: true, client_id: clients[method].client_id, sub: userId })
    await openid.tokenRevocation(config, token, { token_type_hint: 'refresh_token' })
    if (method !== 'none') expect(await openid.tokenIntrospection(config, token)).toEqual({ active: false })
    await expect(openid.refreshTokenGrant(config, token)).rejects.toMatchObject({ error: 'invalid_grant', status: 403 })
  })

  it('gets a token of its own where it is confidential', async () => {
    const config = await discovered()
    const asked = openid.clientCredentialsGrant(config, { audience: AUDIENCE, scope: 'read:orders' })
    if (method === 'none') return expect(asked).rejects.toMatchObject({ error: 'unauthorized_client', status: 403 })
    const token = await asked
    expect(token).toMatchObject({ token_type: 'bearer', scope: 'read:orders' })
    expect(token.refresh_token).toBeUndefined()
    expect(await openid.tokenIntrospection(config, token.access_token)).toMatchObject({ active: true, client_id: clients[method].client_id })
  })
})

describe('openid-client', () => {
  it('hears of a wrong secret in the way of Basic', async () => {
    const { client_id } = clients.client_secret_basic
    const options = { [openid.customFetch]: running.fetch }
    const config = await openid.discovery(new URL(running.service.url), client_id, undefined, openid.ClientSecretBasic('wrong'), options)
    await expect(openid.clientCredentialsGrant(config, { audience: AUDIENCE })).rejects.toMatchObject({ code: 'OAUTH_WWW_AUTHENTICATE_CHALLENGE', status: 401 })
  })

  it('hears of a login that needs a person, and of what was asked wrongly', async () => {
    const { client_id } = clients.none
    const options = { [openid.customFetch]: running.fetch }
    const config = await openid.discovery(new URL(running.service.url), client_id, undefined, openid.None(), options)
    const refused = async (parameters: Record<string, string>): Promise<unknown> => {
      const url = openid.buildAuthorizationUrl(config, { redirect_uri: CALLBACK, scope: 'openid', state: 's', ...parameters })
      const { location } = await new Visitor(running.service.url, running.fetch).get(url)
      return openid.authorizationCodeGrant(config, location!, { expectedState: 's' }).catch((error: unknown) => error)
    }
    expect(await refused({ prompt: 'none' })).toMatchObject({ code: 'OAUTH_AUTHORIZATION_RESPONSE_ERROR', error: 'login_required' })
    expect(await refused({ response_type: 'nonsense' })).toMatchObject({ error: 'unsupported_response_type' })
  })
})

describe.each(METHODS)('oauth4webapi with %s', (method) => {
  const authentication = (): oauth.ClientAuth =>
    ({
      client_secret_basic: () => oauth.ClientSecretBasic(SECRET),
      client_secret_post: () => oauth.ClientSecretPost(SECRET),
      private_key_jwt: () => oauth.PrivateKeyJwt({ key: privateKey, kid: 'kid-0123456789' }),
      none: () => oauth.None(),
    })[method]()
  const server = async (algorithm: 'oidc' | 'oauth2' = 'oidc'): Promise<oauth.AuthorizationServer> => {
    const issuer = new URL(running.service.url)
    return oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm, [oauth.customFetch]: running.fetch }))
  }

  it('takes every answer of the code flow, strictly read', async () => {
    const as = await server()
    expect(await server('oauth2')).toEqual(as)
    const client: oauth.Client = { client_id: clients[method].client_id }
    const auth = authentication()
    const [verifier, state, nonce] = [oauth.generateRandomCodeVerifier(), oauth.generateRandomState(), oauth.generateRandomNonce()]
    const code_challenge = await oauth.calculatePKCECodeChallenge(verifier)
    const asked = { response_type: 'code', client_id: client.client_id, redirect_uri: CALLBACK, scope: SCOPE, audience: AUDIENCE, state, nonce }
    const url = new URL(as.authorization_endpoint!)
    url.search = new URLSearchParams({ ...asked, code_challenge, code_challenge_method: 'S256' }).toString()
    const answer = oauth.validateAuthResponse(as, client, await throughTheForm(url), state)

    const inTls = { [oauth.customFetch]: running.fetch }
    const response = await oauth.authorizationCodeGrantRequest(as, client, auth, answer, CALLBACK, verifier, inTls)
    const tokens = await oauth.processAuthorizationCodeResponse(as, client, response, { expectedNonce: nonce, requireIdToken: true })
    await oauth.validateApplicationLevelSignature(as, response, inTls)
    expect(oauth.getValidatedIdTokenClaims(tokens)).toMatchObject({ sub: userId, nonce })

    const userInfo = await oauth.userInfoRequest(as, client, tokens.access_token, inTls)
    expect(await oauth.processUserInfoResponse(as, client, userId, userInfo)).toMatchObject({ sub: userId, email: EMAIL })

    // As an API does it (RFC 9068 §4).
    const call = new Request(AUDIENCE, { headers: { authorization: `Bearer ${tokens.access_token}` } })
    const claims = oauth.validateJwtAccessToken(as, call, AUDIENCE, inTls)
    await expect(claims).resolves.toMatchObject({ sub: userId, client_id: client.client_id })

    const refreshed = await oauth.refreshTokenGrantRequest(as, client, auth, tokens.refresh_token!, inTls)
    const next = await oauth.processRefreshTokenResponse(as, client, refreshed)
    expect(next.refresh_token).not.toBe(tokens.refresh_token)

    if (method !== 'none') {
      const introspected = await oauth.introspectionRequest(as, client, auth, next.refresh_token!, inTls)
      expect(await oauth.processIntrospectionResponse(as, client, introspected)).toMatchObject({ active: true, sub: userId })
      const parameters = { audience: AUDIENCE, scope: 'read:orders' }
      const own = await oauth.clientCredentialsGrantRequest(as, client, auth, parameters, inTls)
      expect(await oauth.processClientCredentialsResponse(as, client, own)).toMatchObject({ scope: 'read:orders' })
    }
    await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, auth, next.refresh_token!, inTls))
    const dead = await oauth.refreshTokenGrantRequest(as, client, auth, next.refresh_token!, inTls)
    await expect(oauth.processRefreshTokenResponse(as, client, dead)).rejects.toMatchObject({ error: 'invalid_grant', status: 403 })
  })
})
