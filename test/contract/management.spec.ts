import { rmSync } from 'node:fs'
import { tlsFiles } from '../../src/processes/local-authority.js'
import { IssueRefreshToken, type IssuedRefreshToken } from '../../src/tokens/index.js'
import { MANAGEMENT_CLIENT, startApp, type TestApp } from '../support/app.js'
import { Auth0Sdk } from '../support/auth0-sdk.js'
import { temporaryFolder } from '../support/service.js'

const AUDIENCE = 'https://orders.example'
let folder: string
let service: TestApp
let sdk: Auth0Sdk
beforeAll(async () => {
  folder = temporaryFolder()
  const tls = await tlsFiles({ tls: 'auto', dataDir: folder, issuer: 'https://localhost/' })
  service = await startApp({}, tls)
  // The package knows no address but https://<domain>.
  const domain = new URL(service.url).host
  sdk = new Auth0Sdk({ domain, clientId: MANAGEMENT_CLIENT.id, clientSecret: MANAGEMENT_CLIENT.secret }, tls!.authority!)
})
afterAll(async () => {
  await sdk.close()
  await service.close()
  rmSync(folder, { recursive: true })
})

const refusal = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => 'no error',
    ({ statusCode, body }) => ({ statusCode, body }),
  )

describe('the npm package auth0, over TLS, with its own token', () => {
  it('sets up an API, a client and a grant, changes, lists and deletes them', async () => {
    const api = await sdk.call('resourceServers.create', {
      identifier: AUDIENCE,
      name: 'Orders',
      scopes: [{ value: 'read:orders' }],
      allow_offline_access: true,
    })
    expect(api).toMatchObject({ identifier: AUDIENCE, scopes: [{ value: 'read:orders' }], is_system: false })
    expect(await sdk.call('resourceServers.get', AUDIENCE)).toEqual(api)
    expect((await sdk.call('resourceServers.list')).map(({ name }: { name: string }) => name)).toEqual(['Auth0 Management API', 'Orders'])
    expect(await sdk.call('resourceServers.update', api.id, { token_lifetime: 3600 })).toMatchObject({ token_lifetime: 3600, token_lifetime_for_web: 3600 })

    const client = await sdk.call('clients.create', { name: 'Shop', app_type: 'non_interactive', client_metadata: { team: 'a' } })
    expect(client).toMatchObject({ name: 'Shop', client_secret: expect.any(String), grant_types: expect.arrayContaining(['client_credentials']) })
    expect(await sdk.call('clients.update', client.client_id, { description: 'sells', client_metadata: { more: 'b' } })).toMatchObject({
      description: 'sells',
      client_metadata: { team: 'a', more: 'b' },
    })
    expect((await sdk.call('clients.rotateSecret', client.client_id)).client_secret).not.toBe(client.client_secret)

    const grant = await sdk.call('clientGrants.create', { client_id: client.client_id, audience: AUDIENCE, scope: ['read:orders'] })
    expect(await sdk.call('clientGrants.list', { client_id: client.client_id })).toEqual([grant])
    expect(await sdk.call('clientGrants.update', grant.id, { scope: [] })).toMatchObject({ scope: [] })
    await sdk.call('clientGrants.delete', grant.id)
    expect(await refusal(sdk.call('clientGrants.get', grant.id))).toMatchObject({ statusCode: 404, body: { errorCode: 'inexistent_client_grant' } })

    await sdk.call('clients.delete', client.client_id)
    expect(await refusal(sdk.call('clients.get', client.client_id))).toEqual({
      statusCode: 404,
      body: { statusCode: 404, error: 'Not Found', message: 'The client does not exist', errorCode: 'inexistent_client' },
    })
  })

  it('lists more than a page, in both styles', async () => {
    const made = []
    for (let n = 0; n < 12; n++) made.push((await sdk.call('clients.create', { name: `Many ${n}` })).client_id)
    const ids = async (options: object) => (await sdk.call('clients.list', options)).map(({ client_id }: { client_id: string }) => client_id)
    expect(await ids({ is_global: false, per_page: 5 })).toEqual(expect.arrayContaining(made))
    expect(new Set(await ids({ per_page: 5 })).size).toBe((await ids({ per_page: 100 })).length)
  })

  it('makes a user, finds, changes and deletes them', async () => {
    const user = await sdk.call('users.create', {
      connection: 'Username-Password-Authentication',
      email: 'Ann@Example.com',
      password: 'A-long-Passw0rd',
      user_metadata: { plan: 'free' },
    })
    expect(user).toMatchObject({ email: 'ann@example.com', user_metadata: { plan: 'free' } })
    expect(await sdk.call('users.listUsersByEmail', { email: 'ann@example.com' })).toMatchObject([{ user_id: user.user_id }])
    expect(await sdk.call('users.update', user.user_id, { user_metadata: { plan: 'paid' }, blocked: true })).toMatchObject({
      blocked: true,
      user_metadata: { plan: 'paid' },
    })
    expect((await sdk.call('users.list')).map(({ user_id }: { user_id: string }) => user_id)).toContain(user.user_id)
    await sdk.call('users.delete', user.user_id)
    expect(await refusal(sdk.call('users.get', user.user_id))).toMatchObject({ statusCode: 404, body: { errorCode: 'inexistent_user' } })
  })

  it('works on refresh tokens: list, metadata, revoke', async () => {
    const { client_id: clientId } = await sdk.call('clients.create', { name: 'App' })
    const { user_id: userId } = await sdk.call('users.create', {
      connection: 'Username-Password-Authentication',
      email: 'ben@example.com',
      password: 'A-long-Passw0rd',
    })
    const issue = (): Promise<IssuedRefreshToken> =>
      service.commands.execute(
        new IssueRefreshToken(
          { userId, clientId, sessionId: null, audience: AUDIENCE, scope: ['read:orders', 'offline_access'], rotating: true },
          { absoluteSeconds: 3600, idleSeconds: 600 },
          { ip: '203.0.113.1', userAgent: 'test' },
        ),
      )
    const issued = (await Promise.all([issue(), issue(), issue()])).map(({ familyId }) => familyId).sort()
    const [first, second, third] = issued
    expect((await sdk.call('refreshTokens.list', { user_id: userId, take: 2 })).map(({ id }: { id: string }) => id)).toEqual(issued)
    expect((await sdk.call('users.refreshToken.list', userId, { take: 1 })).map(({ id }: { id: string }) => id)).toEqual(issued)
    expect(await sdk.call('refreshTokens.update', first, { refresh_token_metadata: { device: 'phone' } })).toMatchObject({
      id: first,
      refresh_token_metadata: { device: 'phone' },
    })
    expect(await sdk.call('refreshTokens.get', first)).toMatchObject({ resource_servers: [{ audience: AUDIENCE, scopes: 'read:orders offline_access' }] })
    await sdk.call('refreshTokens.delete', first)
    expect(await refusal(sdk.call('refreshTokens.get', first))).toMatchObject({ statusCode: 404, body: { message: 'The refresh token does not exist.' } })
    await sdk.call('refreshTokens.revoke', { ids: [second] })
    expect((await sdk.call('users.refreshToken.list', userId)).map(({ id }: { id: string }) => id)).toEqual([third])
    await sdk.call('users.revokeAccess', userId)
    await sdk.call('users.refreshToken.delete', userId)
    expect(await sdk.call('users.refreshToken.list', userId)).toEqual([])
  })

  it('takes our further parameters and answers of refresh tokens, and device credentials', async () => {
    const [app, other] = [await sdk.call('clients.create', { name: 'Wide' }), await sdk.call('clients.create', { name: 'Other' })]
    const { user_id: userId } = await sdk.call('users.create', {
      connection: 'Username-Password-Authentication',
      email: 'cleo@example.com',
      password: 'A-long-Passw0rd',
    })
    const issue = (clientId: string, sessionId: string, rotating: boolean): Promise<IssuedRefreshToken> =>
      service.commands.execute(
        new IssueRefreshToken(
          { userId, clientId, sessionId, audience: AUDIENCE, scope: ['read:orders', 'offline_access'], rotating },
          { absoluteSeconds: 3600, idleSeconds: 600 },
          { ip: '203.0.113.1', userAgent: 'test' },
        ),
      )
    const [a, b, c] = [await issue(app.client_id, 's1', true), await issue(app.client_id, 's2', false), await issue(other.client_id, 's3', false)]
    const ids = async (query: object): Promise<string[]> => (await sdk.call('refreshTokens.list', query)).map(({ id }: { id: string }) => id)

    // The package hands on query parameters that it does not know only where the request options name them.
    expect(await ids({ user_id: userId, client_id: app.client_id, take: 1 })).toEqual([a.familyId, b.familyId].sort())
    expect(await sdk.call('refreshTokens.list', { user_id: userId, take: 1 }, { queryParams: { session_id: 's3' } })).toMatchObject([
      { id: c.familyId, session_id: 's3' },
    ])

    const credentials = async (query: object): Promise<{ id: string; type: string }[]> => sdk.call('deviceCredentials.list', { user_id: userId, ...query })
    expect((await credentials({})).map(({ type }) => type)).toEqual(['refresh_token', 'refresh_token'])
    const [rotating] = await credentials({ type: 'rotating_refresh_token', per_page: 1 })
    expect(rotating).toMatchObject({ id: expect.stringMatching(/^dcr_/), type: 'rotating_refresh_token', client_id: app.client_id })
    await sdk.call('deviceCredentials.delete', rotating!.id)
    expect(await ids({ user_id: userId })).toEqual([b.familyId, c.familyId].sort())
    expect(await refusal(sdk.call('deviceCredentials.delete', 'dcr_1'))).toMatchObject({ statusCode: 400, body: { errorCode: 'invalid_uri' } })

    // What the package makes of the answer to a form that it does not know.
    const filter = { client_id: app.client_id, session_id: 's2' }
    await sdk.call('refreshTokens.revoke', { filter, dry_run: true })
    expect(await ids({ user_id: userId })).toHaveLength(2)
    await sdk.call('refreshTokens.revoke', { filter })
    expect(await ids({ user_id: userId })).toEqual([c.familyId])
    expect(await refusal(sdk.call('refreshTokens.revoke', { client_id: app.client_id }))).toMatchObject({
      statusCode: 400,
      body: { message: 'Invalid combination of parameters.' },
    })
    await sdk.call('refreshTokens.revoke', { user_id: userId, client_id: other.client_id, audience: AUDIENCE })
    expect(await sdk.call('users.refreshToken.list', userId, { include_totals: true })).toEqual([])
  })

  it('reads and sets the tenant, keys, and what is not built', async () => {
    expect(await sdk.call('tenants.settings.update', { friendly_name: 'Evergrant' })).toMatchObject({ friendly_name: 'Evergrant', session_lifetime: 168 })
    expect(await sdk.call('tenants.settings.get')).toMatchObject({ friendly_name: 'Evergrant' })
    expect(await sdk.call('keys.signing.list')).toHaveLength(2)
    for (const list of ['roles.list', 'organizations.list', 'userGrants.list', 'deviceCredentials.list', 'actions.list'])
      expect(await sdk.call(list)).toEqual([])
    expect(await sdk.call('logStreams.list')).toEqual([])
    expect(await refusal(sdk.call('emails.provider.get'))).toMatchObject({ statusCode: 404 })
  })

  it('gets back what it has types for, also where nothing here acts on it', async () => {
    const future = {
      b2b_integration_configuration: { integration_type: 'application', sso_profiles: ['one'] },
      identity_assertion_authorization_grant: { active: true },
      anonymous_sessions: { active: true },
    }
    const client = await sdk.call('clients.create', { name: 'Future', app_type: 'oag', ...future })
    expect(client).toMatchObject({ app_type: 'oag', ...future })
    expect(await sdk.call('clients.update', client.client_id, { anonymous_sessions: null })).not.toHaveProperty('anonymous_sessions')

    const anonymous = { token_lifetime_for_anonymous_access_tokens: 600, subject_type_authorization: { anonymous_user: { policy: 'deny_all' } } }
    expect(await sdk.call('resourceServers.create', { identifier: 'future', ...anonymous })).toMatchObject(anonymous)

    const access = {
      connected_accounts: { active: true, cross_app_access: true, allow_missing_user_id: false },
      cross_app_access_requesting_app: { active: true },
    }
    const resourceApp = { cross_app_access_resource_app: { status: 'enabled' } }
    const connection = await sdk.call('connections.create', { name: 'code', strategy: 'gitlab', ...access, ...resourceApp })
    expect(connection).toMatchObject({ strategy: 'gitlab', ...access, ...resourceApp })
    const changed = await sdk.call('connections.update', connection.id, { cross_app_access_resource_app: null })
    expect(changed).toMatchObject(access)
    expect(changed).not.toHaveProperty('cross_app_access_resource_app')

    const sessions = { anonymous: { lifetime_in_minutes: 60 } }
    expect(await sdk.call('tenants.settings.update', { sessions, flags: { local_resource_discovery: true } })).toMatchObject({
      sessions,
      flags: { local_resource_discovery: true },
    })
    expect(await sdk.call('roles.create', { name: 'Clerk', type: 'tenant' })).toMatchObject({ name: 'Clerk' })
  })

  it('gets errors it can read', async () => {
    expect(await refusal(sdk.call('clients.create', { name: '' }))).toMatchObject({ statusCode: 400, body: { statusCode: 400, errorCode: 'invalid_body' } })
    expect(await refusal(sdk.call('roles.create', { name: '' }))).toMatchObject({ statusCode: expect.any(Number) })
  })
})
