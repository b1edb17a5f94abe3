import type { ClientDocument } from '../../src/authorization/index.js'
import { certificateThumbprint } from '../../src/keys/client-certificate.js'
import { type Json, startApp, type TestApp } from '../support/app.js'
import { certificateFor, type Certified } from '../support/certificates.js'
import { anotherWorker, type Answer, AUDIENCE, CALLBACK, claimsOf, OAuthScene, ROTATING, SECRET } from '../support/oauth.js'

const BOUND = 'https://bound.example.com/'
const ALLOWING = 'https://allowing.example.com/'
const SUBJECT = [{ C: ['US'] }, { O: ['Acme, Inc.'] }, { CN: ['worker-1'] }]
const SUBJECT_DN = 'CN=worker-1,O=Acme\\, Inc.,C=US'

let service: TestApp
let scene: OAuthScene
let authority: Certified
let worker: Certified
let own: Certified
/** Authenticate by subject and by thumbprint. */
let bySubject: ClientDocument
let byThumbprint: ClientDocument
beforeAll(async () => {
  service = await startApp({ MTLS_CERTIFICATE_HEADER: 'Client-Certificate', MTLS_TRUSTED_PROXIES: '127.0.0.0/8,::1' })
  scene = new OAuthScene(service)
  authority = await certificateFor([{ CN: ['Authority'] }], { ca: true })
  worker = await certificateFor(SUBJECT, { by: authority })
  own = await certificateFor([{ CN: ['worker-2'] }])
  const policy = { allow_offline_access: true, skip_consent_for_verifiable_first_party_clients: true, scopes: [{ value: 'read:orders' }] }
  const api = (identifier: string, more: object): Promise<{ status: number }> => service.api('POST', 'resource-servers', { identifier, ...policy, ...more })
  for (const [identifier, more] of [
    [AUDIENCE, {}],
    [BOUND, { proof_of_possession: { mechanism: 'mtls', required: true } }],
    [ALLOWING, { proof_of_possession: { mechanism: 'mtls', required: false } }],
  ] as const) {
    expect((await api(identifier, more)).status).toBe(201)
  }
  bySubject = await created({ tls_client_auth: { credentials: [{ credential_type: 'cert_subject_dn', subject_dn: SUBJECT_DN }] } })
  byThumbprint = await created({ self_signed_tls_client_auth: { credentials: [{ credential_type: 'x509_cert', pem: own.cert }] } })
})
afterAll(() => service.close())

async function created(client_authentication_methods: object | undefined, more: object = {}): Promise<ClientDocument> {
  const { status, body } = await service.api('POST', 'clients', {
    name: 'Machine',
    oidc_conformant: true,
    callbacks: [CALLBACK],
    grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
    refresh_token: ROTATING,
    ...(client_authentication_methods ? { client_authentication_methods } : { client_secret: SECRET, token_endpoint_auth_method: 'client_secret_post' }),
    ...more,
  })
  expect(status).toBe(201)
  for (const audience of [AUDIENCE, BOUND, ALLOWING]) await scene.grant(body.client_id, ['read:orders'], audience)
  return body
}

/** What the proxy adds. */
const shown = (certified: Certified | undefined, verified = true): Record<string, string> => ({
  ...(certified && { 'client-certificate': encodeURIComponent(certified.cert) }),
  'client-certificate-ca-verified': certified ? (verified ? 'SUCCESS' : 'FAILED:self-signed certificate') : 'NONE',
})
const token = (client: ClientDocument, headers: Record<string, string>, more: Record<string, string> = {}, at = scene): Promise<Answer> =>
  at.form('oauth/token', { client_id: client.client_id, grant_type: 'client_credentials', audience: AUDIENCE, ...more }, headers)
const claims = (jwt: string): Json => claimsOf(jwt)
const REFUSED = { status: 401, body: { error: 'invalid_client', error_description: 'Client authentication failed' } }
const thumbprint = ({ certificate }: Certified): string => certificateThumbprint(certificate)

describe('a client that authenticates by the subject of its certificate', () => {
  it('is who an authority says it is, whichever certificate says so', async () => {
    expect((await token(bySubject, shown(worker))).status).toBe(200)
    expect((await token(bySubject, shown(await certificateFor(SUBJECT, { by: authority })))).status).toBe(200)
  })

  it('is nobody else', async () => {
    const other = await certificateFor([{ C: ['US'] }, { O: ['Acme, Inc.'] }, { CN: ['worker-9'] }], { by: authority })
    const past = await certificateFor(SUBJECT, { by: authority, days: -1 })
    for (const headers of [
      shown(undefined),
      shown(other),
      shown(past),
      // Anybody can make a certificate with this subject.
      shown(await certificateFor(SUBJECT), false),
      { 'client-certificate': encodeURIComponent(worker.cert) },
      { ...shown(worker), 'client-certificate': 'nonsense' },
      { ...shown(worker), 'client-certificate': '%' },
    ]) {
      expect(await token(bySubject, headers)).toMatchObject(REFUSED)
    }
    expect(await token(bySubject, shown(worker), { client_secret: SECRET })).toMatchObject(REFUSED)
    expect(await token(bySubject, { authorization: `Basic ${btoa(`${bySubject.client_id}:${SECRET}`)}`, ...shown(worker) })).toMatchObject(REFUSED)
    expect(await token(byThumbprint, shown(worker))).toMatchObject(REFUSED)
  })

  it('needs one certificate, from one sender', async () => {
    const raw = [
      'POST /oauth/token HTTP/1.1',
      `Host: ${new URL(service.url).host}`,
      'Content-Type: application/x-www-form-urlencoded',
      ...[1, 2].map(() => `Client-Certificate: ${encodeURIComponent(worker.cert)}`),
      'Client-Certificate-CA-Verified: SUCCESS',
    ]
    const body = new URLSearchParams({ client_id: bySubject.client_id, grant_type: 'client_credentials', audience: AUDIENCE }).toString()
    expect(await sentRaw([...raw, `Content-Length: ${body.length}`, 'Connection: close', '', body])).toMatch(/^HTTP\/1.1 401 /)
    const once = raw.filter((_, n) => n !== 3)
    expect(await sentRaw([...once, `Content-Length: ${body.length}`, 'Connection: close', '', body])).toMatch(/^HTTP\/1.1 200 /)
    const twice = [...once, 'Client-Certificate-CA-Verified: NONE']
    expect(await sentRaw([...twice, `Content-Length: ${body.length}`, 'Connection: close', '', body])).toMatch(/^HTTP\/1.1 401 /)
  })
})

describe('a client that authenticates by a registered certificate', () => {
  it('is who holds that certificate, whoever signed it', async () => {
    expect((await token(byThumbprint, shown(own, false))).status).toBe(200)
    expect(await token(byThumbprint, shown(await certificateFor([{ CN: ['worker-2'] }]), false))).toMatchObject(REFUSED)
    expect(await token(byThumbprint, shown(undefined))).toMatchObject(REFUSED)
  })

  it('is so no longer than certificate and credential last', async () => {
    const past = await certificateFor([{ CN: ['late'] }], { days: -1 })
    const late = await created({ self_signed_tls_client_auth: { credentials: [{ pem: past.cert }] } })
    expect(await token(late, shown(past, false))).toMatchObject(REFUSED)
    const [credential] = (await service.api('GET', `clients/${byThumbprint.client_id}/credentials`)).body
    const path = `clients/${byThumbprint.client_id}/credentials/${credential.id}`
    await service.api('PATCH', path, { expires_at: '2026-01-01T00:00:00.000Z' })
    expect(await token(byThumbprint, shown(own, false))).toMatchObject(REFUSED)
    await service.api('PATCH', path, { expires_at: null })
    expect((await token(byThumbprint, shown(own, false))).status).toBe(200)
  })
})

describe('certificates from a peer that is no trusted proxy', () => {
  it('are as if they had not been sent', async () => {
    const settings = { ...service.config.settings, mtlsTrustedProxies: ['203.0.113.0/24'] }
    const outside = await anotherWorker({ ...service, config: { ...service.config, settings } })
    try {
      expect(await token(bySubject, shown(worker), {}, outside.scene)).toMatchObject(REFUSED)
      expect(await token(byThumbprint, shown(own), {}, outside.scene)).toMatchObject(REFUSED)
      const withSecret = await created(undefined)
      const { body } = await token(withSecret, shown(own), { client_secret: SECRET, audience: ALLOWING }, outside.scene)
      expect(claims(body.access_token)).not.toHaveProperty('cnf')
      const forwarded = { ...shown(worker), 'x-forwarded-for': '203.0.113.7' }
      expect(await token(bySubject, forwarded, {}, outside.scene)).toMatchObject(REFUSED)
    } finally {
      await outside.close()
    }
  })
})

describe('tokens that are bound to a certificate', () => {
  const cnf = { 'x5t#S256': '' }
  beforeAll(() => (cnf['x5t#S256'] = thumbprint(own)))

  it('follow the API and what was shown', async () => {
    const withSecret = await created(undefined)
    const secret = { client_secret: SECRET }
    const plain = await token(byThumbprint, shown(own, false))
    expect(claims(plain.body.access_token)).not.toHaveProperty('cnf')
    expect(plain.body).toMatchObject({ token_type: 'Bearer' })
    for (const audience of [BOUND, ALLOWING]) {
      const bound = await token(byThumbprint, shown(own, false), { audience })
      expect(claims(bound.body.access_token)).toMatchObject({ cnf })
      expect(bound.body).toMatchObject({ token_type: 'DPoP' })
      // Whoever has a secret may hold a certificate beside it.
      expect(claims((await token(withSecret, shown(own, false), { ...secret, audience })).body.access_token)).toMatchObject({ cnf })
    }
    expect((await token(withSecret, {}, { ...secret, audience: ALLOWING })).body).toMatchObject({ token_type: 'Bearer' })
    expect(await token(withSecret, {}, { ...secret, audience: BOUND })).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
    const demanding = await created(undefined, { require_proof_of_possession: true })
    expect(await token(demanding, {}, secret)).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
    expect(await token(demanding, shown(own, false), { ...secret, audience: ALLOWING })).toMatchObject({ status: 200, body: { token_type: 'DPoP' } })
  })

  it('are refreshed by the certificate that authenticates, and by no other', async () => {
    const user = await scene.user()
    const { refreshToken } = await scene.refreshToken(byThumbprint, user, { audience: BOUND, scope: ['openid', 'offline_access', 'read:orders'] })
    const refresh = (headers: Record<string, string>, refresh_token = refreshToken): Promise<Answer> =>
      scene.form('oauth/token', { client_id: byThumbprint.client_id, grant_type: 'refresh_token', refresh_token }, headers)
    expect(await refresh(shown(worker))).toMatchObject(REFUSED)
    expect(await refresh({})).toMatchObject(REFUSED)
    const { status, body } = await refresh(shown(own, false))
    expect({ status, type: (body as Json).token_type }).toEqual({ status: 200, type: 'DPoP' })
    expect(claims(body.access_token)).toMatchObject({ cnf })
    const revoke = (headers: Record<string, string>): Promise<Answer> =>
      scene.form('oauth/revoke', { client_id: byThumbprint.client_id, token: body.refresh_token }, headers)
    expect(await revoke(shown(worker))).toMatchObject({ status: 401 })
    expect((await revoke(shown(own, false))).status).toBe(200)
  })

  it('open /userinfo with the certificate alone', async () => {
    const user = await scene.user()
    const code = await scene.code(byThumbprint, user, { audience: null, scope: ['openid', 'email'] })
    const exchange = { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, client_id: byThumbprint.client_id }
    const { body } = await scene.form('oauth/token', exchange, shown(own, false))
    expect(body).toMatchObject({ token_type: 'DPoP' })
    const userinfo = (scheme: string, headers: Record<string, string>): Promise<Answer> =>
      scene.send('GET', 'userinfo', undefined, { authorization: `${scheme} ${body.access_token}`, ...headers })
    for (const scheme of ['Bearer', 'DPoP']) {
      expect(await userinfo(scheme, shown(own, false))).toMatchObject({ status: 200, body: { sub: user } })
      for (const headers of [{}, shown(worker), { 'client-certificate': 'nonsense' }]) {
        const refused = await userinfo(scheme, headers)
        expect(refused).toMatchObject({ status: 401, body: { error: 'invalid_token' } })
        expect(refused.headers.get('www-authenticate')).toBe(`${scheme} error="invalid_token"`)
      }
    }
    const introspect = { client_id: byThumbprint.client_id, token: body.access_token }
    expect((await scene.form('oauth/introspect', introspect, shown(own, false))).body).toMatchObject({ active: true, cnf, token_type: 'DPoP' })
    expect(await scene.form('oauth/introspect', introspect, shown(worker))).toMatchObject(REFUSED)
  })

  it('open the Management API and introspection with the certificate alone', async () => {
    const bound = await service.managementToken(undefined, { cnf })
    for (const scheme of ['Bearer', 'DPoP']) {
      const get = (headers: Record<string, string>): Promise<{ status: number }> =>
        service.api('GET', 'clients', undefined, { authorization: `${scheme} ${bound}`, ...headers })
      expect((await get(shown(own, false))).status).toBe(200)
      expect((await get(shown(worker))).status).toBe(401)
      expect((await get({})).status).toBe(401)
      const introspect = (headers: Record<string, string>): Promise<Answer> =>
        scene.form('oauth/introspect', { token: bound }, { authorization: `${scheme} ${bound}`, ...headers })
      expect((await introspect(shown(own, false))).body).toMatchObject({ active: true, cnf })
      expect((await introspect({})).status).toBe(401)
    }
  })
})

describe('certificates at the Management API', () => {
  it('are kept as what they are compared by, and never shown', async () => {
    const { body: client } = await service.api('POST', 'clients', { name: 'Later' })
    const path = `clients/${client.client_id}`
    const add = (body: object): Promise<{ status: number; body: Json }> => service.api('POST', `${path}/credentials`, body)
    const subject = await add({ credential_type: 'cert_subject_dn', name: 'by pem', pem: worker.cert })
    expect(subject).toMatchObject({ status: 201, body: { credential_type: 'cert_subject_dn', subject_dn: SUBJECT_DN, name: 'by pem' } })
    const registered = await add({ credential_type: 'x509_cert', pem: own.cert, parse_expiry_from_cert: true })
    expect(registered.body).toMatchObject({ thumbprint_sha256: thumbprint(own), expires_at: new Date(own.certificate.validTo).toISOString() })
    for (const { body } of [subject, registered]) expect(Object.keys(body)).not.toEqual(expect.arrayContaining(['pem']))
    expect((await add({ credential_type: 'x509_cert', pem: own.cert })).body.message).toBe('credentials contains public keys that already exist in client')
    const use = (methods: object): Promise<{ status: number; body: Json }> =>
      service.api('PATCH', path, { client_authentication_methods: methods, token_endpoint_auth_method: null })
    // A subject proves nothing by its thumbprint.
    expect(await use({ self_signed_tls_client_auth: { credentials: [{ id: subject.body.id }] } })).toMatchObject({ status: 400 })
    expect(await use({ tls_client_auth: { credentials: [{ id: registered.body.id }] } })).toMatchObject({ status: 400 })
    const used = await use({ tls_client_auth: { credentials: [{ id: subject.body.id }] } })
    expect(used.body).toMatchObject({ client_authentication_methods: { tls_client_auth: { credentials: [{ id: subject.body.id }] } } })
    expect((await service.api('DELETE', `${path}/credentials/${subject.body.id}`)).body.message).toBe('Cannot delete credential still associated with a client')
    expect((await service.api('DELETE', `${path}/credentials/${registered.body.id}`)).status).toBe(204)
  })

  it.each<[string, () => object]>([
    ['no subject', () => ({ credential_type: 'cert_subject_dn' })],
    ['two subjects', () => ({ credential_type: 'cert_subject_dn', subject_dn: 'CN=x', pem: worker.cert })],
    ['no name', () => ({ credential_type: 'cert_subject_dn', subject_dn: 'worker-1' })],
    ['a long name', () => ({ credential_type: 'cert_subject_dn', subject_dn: `CN=${'x'.repeat(300)}` })],
    ['no certificate', () => ({ credential_type: 'x509_cert' })],
    ['a key for a certificate', () => ({ credential_type: 'x509_cert', pem: worker.certificate.publicKey.export({ type: 'spki', format: 'pem' }) })],
    ['a private key', () => ({ credential_type: 'x509_cert', pem: worker.key })],
  ])('are refused: %s', async (_, body) => {
    expect(await service.api('POST', `clients/${bySubject.client_id}/credentials`, body())).toMatchObject({ status: 400, body: { errorCode: 'invalid_body' } })
  })

  it('are told by discovery, with aliases where the tenant has them', async () => {
    const discovery = async (): Promise<Json> => (await scene.send('GET', '.well-known/openid-configuration')).body
    const before = await discovery()
    expect(before).toMatchObject({ tls_client_certificate_bound_access_tokens: true })
    expect(before).not.toHaveProperty('mtls_endpoint_aliases')
    for (const list of ['token_endpoint', 'revocation_endpoint', 'introspection_endpoint'].map((name) => before[`${name}_auth_methods_supported`])) {
      expect(list).toEqual(expect.arrayContaining(['tls_client_auth', 'self_signed_tls_client_auth']))
    }
    expect((await service.api('PATCH', 'tenants/settings', { mtls: { enable_endpoint_aliases: true } })).status).toBe(200)
    const { host } = new URL(service.url)
    expect((await discovery()).mtls_endpoint_aliases).toMatchObject({
      token_endpoint: `http://mtls.${host}/oauth/token`,
      revocation_endpoint: `http://mtls.${host}/oauth/revoke`,
      userinfo_endpoint: `http://mtls.${host}/userinfo`,
    })
  })
})

async function sentRaw(lines: readonly string[]): Promise<string> {
  const { connect } = await import('node:net')
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(service.url).port), '127.0.0.1', () => socket.write(lines.join('\r\n')))
    let text = ''
    socket.setEncoding('utf8').on('data', (data: string) => (text += data))
    socket.on('error', reject).on('close', () => resolve(text))
  })
}
