import { generateKeyPairSync } from 'node:crypto'
import { readFileSync, rmSync } from 'node:fs'
import { tlsFiles } from '../../src/processes/local-authority.js'
import { StartSession } from '../../src/sessions/index.js'
import { type Json, MANAGEMENT_CLIENT, startApp, type TestApp } from '../support/app.js'
import { ActionsScene } from '../support/actions.js'
import { Auth0Sdk } from '../support/auth0-sdk.js'
import { eventually } from '../support/eventually.js'
import { fetchTrusting } from '../support/https.js'
import { AUDIENCE, OAuthScene, ROTATING } from '../support/oauth.js'
import { temporaryFolder } from '../support/service.js'

const DATABASE = 'Username-Password-Authentication'
let folder: string
let service: TestApp
let scene: OAuthScene
let sdk: Auth0Sdk
beforeAll(async () => {
  folder = temporaryFolder()
  const tls = (await tlsFiles({ tls: 'auto', dataDir: folder, issuer: 'https://localhost/' }))!
  service = await startApp({}, tls, undefined, fetchTrusting(readFileSync(tls.authority!)))
  scene = new OAuthScene(service)
  sdk = new Auth0Sdk({ domain: new URL(service.url).host, clientId: MANAGEMENT_CLIENT.id, clientSecret: MANAGEMENT_CLIENT.secret }, tls.authority!)
})
afterAll(async () => {
  await sdk.close()
  await service.close()
  rmSync(folder, { recursive: true })
})

const refusal = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => 'no error',
    ({ statusCode, body }) => [statusCode, body.message],
  )

describe('the npm package auth0 calls', () => {
  it('of its session manager, and those of a user’s sessions', async () => {
    const client = await scene.client()
    const userId = await scene.user()
    const login = { userId, clientId: client.client_id, connection: DATABASE, method: 'pwd' }
    const start = async (): Promise<string> => (await service.commands.execute(new StartSession(login, {})))!.sessionId
    const [first, second, third] = [await start(), await start(), await start()]
    expect(await sdk.call('sessions.get', first)).toMatchObject({ id: first, user_id: userId, cookie: { mode: 'persistent' } })
    expect(await sdk.call('sessions.update', first, { session_metadata: { device: 'kiosk' } })).toMatchObject({ session_metadata: { device: 'kiosk' } })
    const ids = async (): Promise<string[]> => (await sdk.call('users.sessions.list', userId, { take: 1 })).map(({ id }: Json) => id).sort()
    expect(await ids()).toEqual([first, second, third].sort())
    await sdk.call('sessions.delete', first)
    await sdk.call('sessions.revoke', second)
    expect(await ids()).toEqual([third])
    await sdk.call('users.sessions.delete', userId)
    await eventually(async () => (await ids()).length === 0)
    expect(await refusal(sdk.call('sessions.get', first))).toEqual([404, 'The session does not exist.'])
  })

  it('of a client’s credentials and connections, and of a connection', async () => {
    const { client_id: id } = await sdk.call('clients.create', { name: 'With keys' })
    const pem = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ type: 'spki', format: 'pem' })
    const made = await sdk.call('clients.credentials.create', id, { credential_type: 'public_key', name: 'first', pem })
    expect(await sdk.call('clients.credentials.list', id)).toMatchObject([{ id: made.id, kid: made.kid }])
    const expires_at = '2040-01-02T03:04:05.000Z'
    expect(await sdk.call('clients.credentials.update', id, made.id, { expires_at })).toMatchObject({ expires_at })
    expect(await sdk.call('clients.credentials.get', id, made.id)).toMatchObject({ name: 'first', expires_at })
    await sdk.call('clients.credentials.delete', id, made.id)
    expect(await sdk.call('clients.credentials.list', id)).toEqual([])

    const connection = await sdk.call('connections.create', { name: 'partner', strategy: 'oidc', options: { client_id: 'us', client_secret: 'shh' } })
    expect(await sdk.call('connections.get', connection.id)).toEqual(connection)
    expect(await sdk.call('connections.update', connection.id, { display_name: 'Partner' })).toMatchObject({ display_name: 'Partner' })
    expect((await sdk.call('connections.list', { strategy: ['oidc'] })).map(({ name }: Json) => name)).toEqual(['partner'])
    await sdk.call('connections.clients.update', connection.id, [{ client_id: id, status: true }])
    expect(await sdk.call('connections.clients.get', connection.id)).toEqual([{ client_id: id }])
    expect((await sdk.call('clients.connections.get', id)).map(({ name }: Json) => name)).toEqual(['partner'])
    await sdk.call('connections.checkStatus', connection.id)
    expect(await sdk.call('connections.keys.get', connection.id)).toEqual([])
    expect(await refusal(sdk.call('connections.keys.create', connection.id))).toEqual([403, 'This feature is not enabled for this tenant.'])
    expect(await refusal(sdk.call('connections.scimConfiguration.get', connection.id))).toEqual([404, expect.any(String)])
    expect(await refusal(sdk.call('connections.users.deleteByEmail', connection.id, { email: 'a@example.com' }))).toEqual([
      400,
      'Connection must be a database connection',
    ])
    await sdk.call('connections.delete', connection.id)
    expect(await refusal(sdk.call('connections.get', connection.id))).toEqual([404, 'The connection does not exist'])
  })

  it('of its action manager', async () => {
    const code = `exports.onExecutePostLogin = async (event, api) => { api.accessToken.setCustomClaim('https://a.example/b', 1) }`
    const { id } = await sdk.call('actions.create', { name: 'one', supported_triggers: [{ id: 'post-login', version: 'v3' }], code })
    await new ActionsScene(service).built(id)
    const version = await sdk.call('actions.deploy', id)
    expect(await sdk.call('actions.get', id)).toMatchObject({ deployed_version: { id: version.id, deployed: true } })
    await sdk.call('actions.triggers.bindings.updateMany', 'post-login', { bindings: [{ ref: { type: 'action_name', value: 'one' }, display_name: 'one' }] })
    expect(await sdk.call('actions.triggers.bindings.list', 'post-login')).toMatchObject([{ action: { id } }])
    expect((await sdk.call('actions.triggers.list')).triggers.map(({ id }: Json) => id)).toContain('post-login')
    expect(await sdk.call('actions.test', id, { payload: { event: { user: { user_id: 'auth0|x' } } } })).toHaveProperty('payload')
    expect(await sdk.call('actions.update', id, { code: `${code} // more` })).toMatchObject({ all_changes_deployed: false })
    expect(await sdk.call('actions.versions.list', id)).toMatchObject([{ id: version.id }])
    expect(await sdk.call('actions.versions.get', id, version.id)).toMatchObject({ id: version.id, code })
    expect(await sdk.call('actions.versions.deploy', id, version.id)).toHaveProperty('id')
    expect(await refusal(sdk.call('actions.executions.get', 'none'))).toEqual([404, 'That execution does not exist.'])
    expect(await sdk.call('actions.modules.list')).toEqual([])
    expect((await sdk.call('actions.list', { actionName: 'one' })).map((action: Json) => action.id)).toEqual([id])
    await sdk.call('actions.triggers.bindings.updateMany', 'post-login', { bindings: [] })
    await sdk.call('actions.delete', id)
    expect(await refusal(sdk.call('actions.get', id))).toEqual([404, 'That action does not exist.'])
  })

  it('of what users have at Auth0 and not here', async () => {
    const userId = await scene.user()
    expect(await sdk.call('users.authenticationMethods.list', userId)).toEqual([])
    expect(await sdk.call('users.authenticationMethods.set', userId, [])).toEqual([])
    await sdk.call('users.authenticationMethods.deleteAll', userId)
    await sdk.call('users.authenticationMethods.delete', userId, 'none')
    await sdk.call('users.authenticators.deleteAll', userId)
    await sdk.call('users.multifactor.deleteProvider', userId, 'duo')
    await sdk.call('users.multifactor.invalidateRememberBrowser', userId)
    expect(await refusal(sdk.call('users.multifactor.invalidateRememberBrowser', 'auth0|nobody'))).toEqual([404, 'The user does not exist.'])
    expect(await sdk.call('users.enrollments.get', userId)).toEqual([])
    const method = { type: 'phone', name: 'p', phone_number: '+15550100' }
    expect(await refusal(sdk.call('users.authenticationMethods.create', userId, method))).toEqual([403, 'This feature is not enabled for this tenant.'])
    expect(await refusal(sdk.call('users.authenticationMethods.get', userId, 'none'))).toEqual([404, expect.any(String)])
    expect(await refusal(sdk.call('users.regenerateRecoveryCode', userId))).toEqual([404, 'Enrollment not found.'])
    expect(await refusal(sdk.call('users.identities.delete', userId, 'auth0', userId.slice('auth0|'.length)))).toEqual([
      400,
      'Main identity cannot be removed.',
    ])
    expect(await refusal(sdk.call('users.enrollments.get', 'auth0|nobody'))).toEqual([404, 'The user does not exist.'])
  })

  it('of grants, keys, logs, tenant settings and APIs', async () => {
    await scene.api()
    const client = await scene.client({ refresh_token: ROTATING })
    const userId = await scene.user()
    await scene.refreshToken(client, userId)
    expect(await sdk.call('deviceCredentials.list', { user_id: userId, type: 'rotating_refresh_token' })).toHaveLength(1)
    await sdk.call('userGrants.list', { user_id: userId })
    await sdk.call('userGrants.deleteByUserId', { user_id: userId })
    await sdk.call('userGrants.delete', '5f5f5f5f5f5f5f5f5f5f5f5f')
    // What somebody let a client have goes with its refresh tokens.
    expect(await sdk.call('deviceCredentials.list', { user_id: userId, type: 'rotating_refresh_token' })).toEqual([])
    expect(await refusal(sdk.call('deviceCredentials.createPublicKey', { device_name: 'd', type: 'public_key', value: 'v', device_id: 'ab' }))).toEqual([
      403,
      'The account is not allowed to perform this operation.',
    ])

    const grant = await sdk.call('clientGrants.create', { client_id: client.client_id, audience: AUDIENCE, scope: ['read:orders'] })
    expect(await sdk.call('clientGrants.get', grant.id)).toEqual(grant)
    expect(await sdk.call('clientGrants.organizations.list', grant.id)).toEqual([])

    const logs = await sdk.call('logs.list', { per_page: 100 })
    expect(logs.length).toBeGreaterThan(10)
    expect(await sdk.call('logs.get', logs[0].log_id)).toEqual(logs[0])
    expect(await sdk.call('users.logs.list', userId)).toEqual(expect.any(Array))
    expect(await sdk.call('tenants.settings.get', { fields: 'session_lifetime' })).toEqual({ session_lifetime: 168 })

    const [api] = await sdk.call('resourceServers.list', { identifiers: [AUDIENCE] })
    expect(api).toMatchObject({ identifier: AUDIENCE })
    expect((await sdk.call('resourceServers.search', { q: `identifier:"${AUDIENCE}"` })).map(({ id }: Json) => id)).toEqual([api.id])
    await sdk.call('resourceServers.delete', api.id)
    expect(await refusal(sdk.call('resourceServers.get', api.id))).toEqual([404, 'The resource server does not exist'])

    // Last of all: revoking the key makes the package's own token worthless.
    const { kid } = await sdk.call('keys.signing.rotate')
    expect(await sdk.call('keys.signing.get', kid)).toMatchObject({ kid, next: true })
    const previous = (await sdk.call('keys.signing.list')).find((key: Json) => key.previous)
    expect(await sdk.call('keys.signing.revoke', previous.kid)).toMatchObject({ kid: previous.kid })
  })
})
