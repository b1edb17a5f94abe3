import { rmSync } from 'node:fs'
import { tlsFiles } from '../../src/processes/local-authority.js'
import type { ClientDocument } from '../../src/authorization/index.js'
import { type Json, startApp, type TestApp } from '../support/app.js'
import { Auth0Sdk } from '../support/auth0-sdk.js'
import { claimsOf, ROTATING, SECRET } from '../support/oauth.js'
import { REALM_GRANT } from '../support/password-logins.js'
import { aClient, anApi, aPerson, DIRECTORY, PASSWORD } from '../support/people.js'
import { temporaryFolder } from '../support/service.js'

const GRANT_TYPES = ['password', REALM_GRANT, 'refresh_token']

let folder: string
let service: TestApp
let client: ClientDocument
let audience: string
let sdk: Auth0Sdk
beforeAll(async () => {
  folder = temporaryFolder()
  const tls = await tlsFiles({ tls: 'auto', dataDir: folder, issuer: 'https://localhost/' })
  service = await startApp({}, tls)
  audience = await anApi(service)
  const members = { token_endpoint_auth_method: 'client_secret_post', grant_types: GRANT_TYPES, refresh_token: ROTATING } as const
  client = await aClient(service, members, SECRET)
  sdk = new Auth0Sdk({ domain: new URL(service.url).host, clientId: client.client_id, clientSecret: SECRET }, tls!.authority!)
})
afterAll(async () => {
  await sdk.close()
  await service.close()
  rmSync(folder, { recursive: true })
})

const passwordGrant = (asked: object): Promise<Json> => sdk.call('authentication.oauth.passwordGrant', asked)

describe('the AuthenticationClient of the npm package auth0, over TLS', () => {
  it('logs people in by password, in the default directory and by realm, and goes on with the refresh token', async () => {
    const { userId, email } = await aPerson(service)
    const asked = { username: email, password: PASSWORD, audience, scope: 'openid profile offline_access read:plants' }
    // It verifies the ID token itself.
    for (const realm of [{}, { realm: DIRECTORY }]) {
      const { data, status } = await passwordGrant({ ...asked, ...realm })
      expect({ status, data }).toMatchObject({ status: 200, data: { token_type: 'Bearer', scope: 'openid profile offline_access read:plants' } })
      expect(claimsOf(data.access_token)).toMatchObject({ sub: userId, gty: 'password', azp: client.client_id })
      const next = await sdk.call('authentication.oauth.refreshTokenGrant', { refresh_token: data.refresh_token })
      expect(claimsOf(next.data.access_token)).toMatchObject({ sub: userId })
    }
    expect((await passwordGrant({ username: email, password: PASSWORD, audience })).data.scope).toBe('read:plants water:plants')
  })

  it('is told why not', async () => {
    const { email } = await aPerson(service)
    const wrong = { error: 'invalid_grant', error_description: 'Wrong email or password.' }
    await expect(passwordGrant({ username: email, password: 'wrong' })).rejects.toMatchObject({ statusCode: 403, body: JSON.stringify(wrong) })
    const unknown = { error: 'invalid_request', error_description: `Unknown realm 'x'` }
    await expect(passwordGrant({ username: email, password: PASSWORD, realm: 'x' })).rejects.toMatchObject({ statusCode: 403, body: JSON.stringify(unknown) })
  })
})
