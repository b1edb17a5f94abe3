import { createLocalJWKSet, jwtVerify } from 'jose'
import * as oauth from 'oauth4webapi'
import * as openid from 'openid-client'
import { certificateThumbprint } from '../../src/keys/client-certificate.js'
import { type Json, startApp, type TestApp } from '../support/app.js'
import { certificateFor, type Certified } from '../support/certificates.js'
import { CALLBACK, OAuthScene } from '../support/oauth.js'
import { freePort } from '../support/service.js'
import { startTlsProxy, type TlsProxy } from '../support/tls-proxy.js'

const BOUND = 'https://bound.example.com/'

let proxy: TlsProxy
let service: TestApp
let scene: OAuthScene
let userId: string
let certificate: Certified
let clientId: string

beforeAll(async () => {
  proxy = await startTlsProxy(await freePort())
  service = await startApp({ ISSUER_URL: proxy.issuer, MTLS_CERTIFICATE_HEADER: 'client-certificate' })
  proxy.target = service.url
  scene = new OAuthScene(service)
  userId = await scene.user()
  certificate = await certificateFor([{ O: ['Acme'] }, { CN: ['worker'] }], { by: proxy.authority })
  const authorization = `Bearer ${await service.managementToken(undefined, { iss: proxy.issuer, aud: `${proxy.issuer}api/v2/` })}`
  const api = async (method: string, path: string, body: object): Promise<Json> => {
    const { status, body: answer } = await service.api(method, path, body, { authorization })
    expect(status).toBeLessThan(300)
    return answer
  }
  await api('PATCH', 'tenants/settings', { mtls: { enable_endpoint_aliases: true } })
  const proof_of_possession = { mechanism: 'mtls', required: true }
  await api('POST', 'resource-servers', {
    identifier: BOUND,
    proof_of_possession,
    signing_alg: 'PS256',
    scopes: [{ value: 'read:orders' }],
    allow_offline_access: true,
  })
  const client = await api('POST', 'clients', {
    name: 'Worker',
    oidc_conformant: true,
    callbacks: [CALLBACK],
    grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
    client_authentication_methods: { tls_client_auth: { credentials: [{ credential_type: 'cert_subject_dn', subject_dn: 'CN=worker,O=Acme' }] } },
  })
  clientId = client.client_id
  await scene.grant(clientId, ['read:orders'], BOUND)
})
afterAll(async () => {
  await service.close()
  await proxy.close()
})

const cnf = (): object => ({ 'x5t#S256': certificateThumbprint(certificate.certificate) })
const discovered = (shown: Certified | undefined): Promise<openid.Configuration> =>
  openid.discovery(new URL(proxy.issuer), clientId, { use_mtls_endpoint_aliases: true }, openid.TlsClientAuth(), { [openid.customFetch]: proxy.fetchAs(shown) })

describe('openid-client with tls_client_auth, through a proxy that ends TLS', () => {
  it('gets a token that is bound to its certificate', async () => {
    const config = await discovered(certificate)
    expect(config.serverMetadata()).toMatchObject({ tls_client_certificate_bound_access_tokens: true })
    expect(config.serverMetadata().mtls_endpoint_aliases?.['token_endpoint']).toBe(`${proxy.issuer.replace('localhost', 'mtls.localhost')}oauth/token`)
    const tokens = await openid.clientCredentialsGrant(config, { audience: BOUND })
    const jwks = (await (await proxy.fetchAs(undefined)(config.serverMetadata().jwks_uri!)).json()) as Json
    const { payload } = await jwtVerify(tokens.access_token, createLocalJWKSet(jwks), { issuer: proxy.issuer, audience: BOUND, algorithms: ['PS256'] })
    expect(payload).toMatchObject({ cnf: cnf(), scope: 'read:orders' })
    expect(await openid.tokenIntrospection(config, tokens.access_token)).toMatchObject({ active: true, cnf: cnf() })
  })

  it('logs in, refreshes and reads the profile with it', async () => {
    const config = await discovered(certificate)
    const { refreshToken } = await scene.refreshToken({ client_id: clientId } as Parameters<OAuthScene['refreshToken']>[0], userId, {
      audience: null,
      scope: ['openid', 'offline_access'],
    })
    const tokens = await openid.refreshTokenGrant(config, refreshToken)
    expect(tokens.claims()).toMatchObject({ sub: userId, aud: clientId })
    expect(await openid.fetchUserInfo(config, tokens.access_token, userId)).toMatchObject({ sub: userId })
    await expect(openid.fetchUserInfo(await discovered(undefined), tokens.access_token, userId)).rejects.toMatchObject({ status: 401 })
    await openid.tokenRevocation(config, refreshToken)
    await expect(openid.refreshTokenGrant(config, refreshToken)).rejects.toMatchObject({ error: 'invalid_grant', status: 403 })
  })

  it.each<[string, () => Promise<Certified | undefined>]>([
    ['no certificate', () => Promise.resolve(undefined)],
    ['another subject of the authority', () => certificateFor([{ O: ['Acme'] }, { CN: ['other'] }], { by: proxy.authority })],
    ['the subject without the authority', () => certificateFor([{ O: ['Acme'] }, { CN: ['worker'] }])],
  ])('hears of %s', async (_, shown) => {
    const config = await discovered(await shown())
    await expect(openid.clientCredentialsGrant(config, { audience: BOUND })).rejects.toMatchObject({ error: 'invalid_client', status: 401 })
  })

  it('cannot speak for the proxy', async () => {
    const headers = { 'client-certificate': encodeURIComponent(certificate.cert), 'client-certificate-ca-verified': 'SUCCESS' }
    const body = new URLSearchParams({ client_id: clientId, grant_type: 'client_credentials', audience: BOUND })
    expect((await proxy.fetchAs(undefined)(`${proxy.issuer}oauth/token`, { method: 'POST', headers, body })).status).toBe(401)
  })
})

describe('oauth4webapi with tls_client_auth', () => {
  it('gets and refreshes tokens that are bound to its certificate', async () => {
    const options = { [oauth.customFetch]: proxy.fetchAs(certificate) }
    const issuer = new URL(proxy.issuer)
    const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, options))
    const client: oauth.Client = { client_id: clientId, use_mtls_endpoint_aliases: true }
    const asked = await oauth.clientCredentialsGrantRequest(server, client, oauth.TlsClientAuth(), { audience: BOUND }, options)
    const tokens = await oauth.processClientCredentialsResponse(server, client, asked)
    const introspected = await oauth.introspectionRequest(server, client, oauth.TlsClientAuth(), tokens.access_token, options)
    expect(await oauth.processIntrospectionResponse(server, client, introspected)).toMatchObject({ active: true, cnf: cnf() })
    const { refreshToken } = await scene.refreshToken({ client_id: clientId } as Parameters<OAuthScene['refreshToken']>[0], userId, { audience: BOUND })
    const again = await oauth.refreshTokenGrantRequest(server, client, oauth.TlsClientAuth(), refreshToken, options)
    expect(await oauth.processRefreshTokenResponse(server, client, again)).toMatchObject({ access_token: expect.any(String) })
  })
})
