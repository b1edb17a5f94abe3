import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { type Json, startApp, type TestApp } from '../support/app.js'
import { clientsOf } from '../support/managed.js'

let service: TestApp
beforeAll(async () => {
  service = await startApp()
})
afterAll(() => service.close())

const { create, patch } = clientsOf(() => service)
const publicKey = (modulusLength = 2048): string => generateKeyPairSync('rsa', { modulusLength }).publicKey.export({ type: 'spki', format: 'pem' }) as string

describe('credentials', () => {
  it('are made with a client or added to it, never shown, and bound while they are used', async () => {
    const credentials = [{ name: 'first', credential_type: 'public_key', pem: publicKey() }]
    const client = await create({ name: 'Keys', client_authentication_methods: { private_key_jwt: { credentials } } })
    const [{ id: first }] = client.client_authentication_methods.private_key_jwt.credentials
    expect(client.client_authentication_methods).toEqual({ private_key_jwt: { credentials: [{ id: expect.stringMatching(/^cred_\w{22}$/) }] } })
    expect(client.jwt_configuration.alg).toBe('RS256')
    expect(client).not.toHaveProperty('client_secret')
    const at = `clients/${client.client_id}/credentials`
    const added = await service.api('POST', at, { credential_type: 'public_key', pem: publicKey(), expires_at: '2040-01-01T00:00:00Z' })
    expect(added).toMatchObject({ status: 201, body: { alg: 'RS256', credential_type: 'public_key', expires_at: '2040-01-01T00:00:00.000Z' } })
    const list = await service.api('GET', `${at}?include_totals=true&per_page=100`)
    expect(list.body.map(({ id }: { id: string }) => id)).toEqual([first, added.body.id])
    expect(list.body.filter((credential: object) => 'public_key' in credential)).toEqual([])
    expect(JSON.stringify(list.body)).not.toContain('BEGIN')

    expect(await service.api('DELETE', `${at}/${first}`)).toMatchObject({
      status: 400,
      body: { message: 'Cannot delete credential still associated with a client' },
    })
    const moved = await patch(client.client_id, { client_authentication_methods: { private_key_jwt: { credentials: [{ id: added.body.id }] } } })
    expect(moved.body.client_authentication_methods.private_key_jwt.credentials).toEqual([{ id: added.body.id }])
    expect((await service.api('DELETE', `${at}/${first}`)).status).toBe(204)
    expect((await service.api('GET', `${at}/${first}`)).status).toBe(404)
    const { body: renewed } = await service.api('PATCH', `${at}/${added.body.id}`, { expires_at: null })
    expect(renewed).not.toHaveProperty('expires_at')

    const back = await patch(client.client_id, { client_authentication_methods: null, token_endpoint_auth_method: 'client_secret_post' })
    expect(back.body).not.toHaveProperty('client_authentication_methods')
    expect(back.body.token_endpoint_auth_method).toBe('client_secret_post')
  })

  it('are limited, and the same key comes once', async () => {
    const { client_id: id } = await create({ name: 'Keys' })
    const add = (pem: string) => service.api('POST', `clients/${id}/credentials`, { credential_type: 'public_key', pem })
    const pem = publicKey()
    expect((await add(pem)).status).toBe(201)
    expect(await add(pem)).toMatchObject({ status: 400, body: { message: 'credentials contains public keys that already exist in client' } })
    for (let n = 1; n < 4; n++) expect((await add(publicKey())).status).toBe(201)
    expect(await add(publicKey())).toMatchObject({ status: 400, body: { message: 'A client can have a maximum of 4 credentials.' } })
    const three = [1, 2, 3].map(() => ({ credential_type: 'public_key', pem }))
    expect(await service.api('POST', 'clients', { name: 'x', client_authentication_methods: { private_key_jwt: { credentials: three } } })).toMatchObject({
      status: 400,
      body: { message: `Payload validation error: 'Array is too long (3), maximum 2' on property client_authentication_methods.private_key_jwt.credentials.` },
    })
  })

  it.each([['no key'], ['-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----'], [publicKey(1024)]])('refuse %j', async (pem) => {
    const { client_id: id } = await create({ name: 'Keys' })
    expect(await service.api('POST', `clients/${id}/credentials`, { credential_type: 'public_key', pem })).toMatchObject({ status: 400 })
  })
})

describe('signing keys', () => {
  it('have certificates, rotate, and the former one can be revoked', async () => {
    const list = async () => (await service.api('GET', 'keys/signing')).body as Record<string, Json>[]
    const before = await list()
    expect(before.map(({ current, next, previous }) => [current, next, previous]).sort()).toEqual([
      [false, true, false],
      [true, false, false],
    ])
    for (const { kid, cert, pkcs7, fingerprint, thumbprint } of before) {
      const certificate = new X509Certificate(cert)
      expect(certificate.fingerprint).toBe(fingerprint)
      expect(fingerprint.replaceAll(':', '')).toBe(thumbprint)
      expect(pkcs7).toContain('BEGIN PKCS7')
      const { keys } = (await (await fetch(`${service.url}.well-known/jwks.json`)).json()) as { keys: { kid: string; n: string }[] }
      expect(certificate.publicKey.export({ format: 'jwk' })).toMatchObject({ n: keys.find((key) => key.kid === kid)!.n })
    }
    const rotated = await service.api('POST', 'keys/signing/rotate')
    expect(rotated).toMatchObject({ status: 201, body: { kid: expect.any(String), cert: expect.stringContaining('BEGIN CERTIFICATE') } })
    const previous = (await list()).find((key) => key['previous'])!
    expect(previous['kid']).toBe(before.find((key) => key['current'])!['kid'])
    expect((await service.api('PUT', `keys/signing/${rotated.body.kid}/revoke`)).status).toBe(400)
    expect(await service.api('PUT', `keys/signing/${previous['kid']}/revoke`)).toMatchObject({ status: 200, body: { kid: previous['kid'] } })
    expect((await service.api('GET', `keys/signing/${previous['kid']}`, undefined, await fresh())).body).toMatchObject({
      revoked: true,
      revoked_at: expect.any(String),
    })
    expect(await service.api('GET', 'keys/signing/none', undefined, await fresh())).toMatchObject({ status: 404, body: { message: 'Signing key not found.' } })
  })

  /** The token of all other calls was signed with the key that is revoked by now. */
  const fresh = async () => ({ authorization: `Bearer ${await service.managementToken()}` })
})
