import * as oauth from 'oauth4webapi'
import * as openid from 'openid-client'
import type { ClientDocument } from '../../src/authorization/index.js'
import { MANAGEMENT_CLIENT } from '../support/app.js'
import { startHttpsApp } from '../support/https.js'
import { AUDIENCE, CALLBACK, claimsOf, OAuthScene, ROTATING, SECRET } from '../support/oauth.js'
import { Visitor } from '../support/visitor.js'

const EMAIL = 'ada@example.com'
const PASSWORD = 'Correct-Horse-1'
const SCOPE = 'openid profile email offline_access read:orders'
const METHODS = ['client_secret_post', 'none'] as const
type Method = (typeof METHODS)[number]

let running: Awaited<ReturnType<typeof startHttpsApp>>
let scene: OAuthScene
let userId: string
const clients = {} as Record<Method, ClientDocument>

beforeAll(async () => {
  running = await startHttpsApp()
  scene = new OAuthScene(running.service)
  const possession = { mechanism: 'dpop', required: true }
  await scene.api({ skip_consent_for_verifiable_first_party_clients: true, token_dialect: 'rfc9068_profile', proof_of_possession: possession })
  userId = await scene.user({ email: EMAIL, password: PASSWORD })
  for (const method of METHODS) {
    clients[method] = await scene.client({ token_endpoint_auth_method: method, refresh_token: ROTATING })
    if (method !== 'none') await scene.grant(clients[method].client_id, ['read:orders'])
  }
})
afterAll(() => running.service.close())

/** Logs in through the form, and answers where the browser is sent. */
async function throughTheForm(url: URL): Promise<URL> {
  const visitor = new Visitor(running.service.url, running.fetch)
  const page = await visitor.get(url)
  const answer = await visitor.submit(page, { username: EMAIL, password: PASSWORD, action: 'default' })
  expect({ status: answer.status, alert: answer.alert }).toEqual({ status: 302, alert: undefined })
  return answer.location!
}
const jktOf = (accessToken: string): string => (claimsOf(accessToken) as unknown as { cnf: { jkt: string } }).cnf.jkt

const discovered = (method: Method): Promise<openid.Configuration> => {
  const authentication = method === 'none' ? openid.None() : openid.ClientSecretPost(SECRET)
  return openid.discovery(new URL(running.service.url), clients[method].client_id, undefined, authentication, { [openid.customFetch]: running.fetch })
}

describe.each(METHODS)('openid-client with DPoP and %s', (method) => {
  it('logs a person in, reads the profile, rotates, and keeps to its key', async () => {
    const config = await discovered(method)
    expect(config.serverMetadata().dpop_signing_alg_values_supported).toEqual(['ES256'])
    const keyPair = await openid.randomDPoPKeyPair('ES256')
    const DPoP = openid.getDPoPHandle(config, keyPair)
    const [verifier, state, nonce] = [openid.randomPKCECodeVerifier(), openid.randomState(), openid.randomNonce()]
    const url = openid.buildAuthorizationUrl(config, {
      redirect_uri: CALLBACK,
      scope: SCOPE,
      audience: AUDIENCE,
      state,
      nonce,
      code_challenge: await openid.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      dpop_jkt: await DPoP.calculateThumbprint(),
    })
    const back = await throughTheForm(url)
    const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true }
    // Without the key that the authorization request named, the code is worth nothing, and stays good for who has it.
    await expect(openid.authorizationCodeGrant(config, back, checks)).rejects.toMatchObject({ error: 'invalid_grant', status: 403 })
    const tokens = await openid.authorizationCodeGrant(config, back, checks, undefined, { DPoP })
    expect(tokens.token_type).toBe('dpop')
    expect(jktOf(tokens.access_token)).toBe(await DPoP.calculateThumbprint())

    expect(await openid.fetchUserInfo(config, tokens.access_token, userId, { DPoP })).toMatchObject({ sub: userId, email: EMAIL })
    await expect(openid.fetchUserInfo(config, tokens.access_token, userId)).rejects.toMatchObject({ status: 401 })

    const second = await openid.refreshTokenGrant(config, tokens.refresh_token!, undefined, { DPoP })
    expect(second.token_type).toBe('dpop')
    expect(second.refresh_token).not.toBe(tokens.refresh_token)
    // A fresh handle knows no nonce and asks for one.
    const again = openid.getDPoPHandle(config, keyPair)
    const third = await openid.refreshTokenGrant(config, second.refresh_token!, undefined, { DPoP: again })
    expect(await openid.fetchUserInfo(config, third.access_token, userId, { DPoP: again })).toMatchObject({ sub: userId })

    const thief = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair('ES256'))
    const stolen = openid.refreshTokenGrant(config, third.refresh_token!, undefined, { DPoP: thief })
    if (method === 'none') await expect(stolen).rejects.toMatchObject({ error: 'invalid_grant', status: 403 })
    else expect(jktOf((await stolen).access_token)).toBe(await thief.calculateThumbprint())
    await openid.tokenRevocation(config, third.refresh_token!)
    await expect(openid.refreshTokenGrant(config, third.refresh_token!, undefined, { DPoP })).rejects.toMatchObject({ error: 'invalid_grant' })
  })
})

it('openid-client gets a bound token of its own', async () => {
  const config = await discovered('client_secret_post')
  const DPoP = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair('ES256'))
  const parameters = { audience: AUDIENCE, scope: 'read:orders' }
  const token = await openid.clientCredentialsGrant(config, parameters, { DPoP })
  expect(token.token_type).toBe('dpop')
  expect(await openid.tokenIntrospection(config, token.access_token)).toMatchObject({
    active: true,
    token_type: 'DPoP',
    cnf: { jkt: await DPoP.calculateThumbprint() },
  })
  await expect(openid.clientCredentialsGrant(config, parameters)).rejects.toMatchObject({ error: 'invalid_request', status: 400 })
})

it('openid-client calls the Management API with a bound token', async () => {
  const { id, secret } = MANAGEMENT_CLIENT
  const options = { [openid.customFetch]: running.fetch }
  const config = await openid.discovery(new URL(running.service.url), id, undefined, openid.ClientSecretPost(secret), options)
  const DPoP = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair('ES256'))
  const { access_token } = await openid.clientCredentialsGrant(config, { audience: `${running.service.url}api/v2/` }, { DPoP })
  const read = (path: string): Promise<Response> =>
    openid.fetchProtectedResource(config, access_token, new URL(`api/v2/${path}`, running.service.url), 'GET', null, undefined, { DPoP })
  expect(((await (await read(`clients/${clients.none.client_id}`)).json()) as { client_id: string }).client_id).toBe(clients.none.client_id)
  // An id that the client encodes, in an address with a query.
  const user = (await (await read(`users/${encodeURIComponent(userId)}?fields=user_id`)).json()) as { user_id: string }
  expect(user.user_id).toBe(userId)
})

describe.each(METHODS)('oauth4webapi with DPoP and %s', (method) => {
  it('takes every answer, strictly read, and comes again where a nonce is asked for', async () => {
    const issuer = new URL(running.service.url)
    const inTls = { [oauth.customFetch]: running.fetch }
    const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, inTls))
    const client: oauth.Client = { client_id: clients[method].client_id }
    const auth = method === 'none' ? oauth.None() : oauth.ClientSecretPost(SECRET)
    const DPoP = oauth.DPoP(client, await oauth.generateKeyPair('ES256'))
    const [verifier, state, nonce] = [oauth.generateRandomCodeVerifier(), oauth.generateRandomState(), oauth.generateRandomNonce()]
    const code_challenge = await oauth.calculatePKCECodeChallenge(verifier)
    const asked = { response_type: 'code', client_id: client.client_id, redirect_uri: CALLBACK, scope: SCOPE, audience: AUDIENCE, state, nonce }
    const url = new URL(as.authorization_endpoint!)
    url.search = new URLSearchParams({ ...asked, code_challenge, code_challenge_method: 'S256', dpop_jkt: await DPoP.calculateThumbprint() }).toString()
    const answer = oauth.validateAuthResponse(as, client, await throughTheForm(url), state)

    let asks = 0
    const exchange = async (): Promise<oauth.TokenEndpointResponse> => {
      const response = await oauth.authorizationCodeGrantRequest(as, client, auth, answer, CALLBACK, verifier, { DPoP, ...inTls })
      return oauth.processAuthorizationCodeResponse(as, client, response, { expectedNonce: nonce, requireIdToken: true })
    }
    const withNonce = async <T>(ask: () => Promise<T>): Promise<T> =>
      ask().catch((error: unknown) => {
        if (!oauth.isDPoPNonceError(error)) throw error
        asks++
        return ask()
      })
    const tokens = await withNonce(exchange)
    expect(asks).toBe(method === 'none' ? 1 : 0)
    expect(tokens.token_type).toBe('dpop')

    const userinfo = await withNonce(async () =>
      oauth.processUserInfoResponse(as, client, userId, await oauth.userInfoRequest(as, client, tokens.access_token, { DPoP, ...inTls })),
    )
    expect(userinfo).toMatchObject({ sub: userId, email: EMAIL })

    // As an API does it (RFC 9449 §7.1), with the proof that the client makes for the API.
    let call: Request | undefined
    const toApi = { DPoP, [oauth.customFetch]: async (input: string, init: object) => ((call = new Request(input, init)), new Response()) }
    await oauth.protectedResourceRequest(tokens.access_token, 'GET', new URL(AUDIENCE), undefined, undefined, toApi)
    await expect(oauth.validateJwtAccessToken(as, call!, AUDIENCE, { requireDPoP: true, ...inTls })).resolves.toMatchObject({
      sub: userId,
      cnf: { jkt: await DPoP.calculateThumbprint() },
    })

    const refreshed = await oauth.refreshTokenGrantRequest(as, client, auth, tokens.refresh_token!, { DPoP, ...inTls })
    const next = await oauth.processRefreshTokenResponse(as, client, refreshed)
    expect(next).toMatchObject({ token_type: 'dpop' })
    expect(next.refresh_token).not.toBe(tokens.refresh_token)
    // The nonces came with the answers: nobody had to be asked twice more.
    expect(asks).toBe(method === 'none' ? 1 : 0)
  })
})
