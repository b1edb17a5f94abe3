import type { ClientDocument } from '../../src/authorization/index.js'
import { type Json, startApp, type TestApp } from '../support/app.js'
import { anotherWorker, AUDIENCE, CALLBACK, claimsOf, OAuthScene, ROTATING } from '../support/oauth.js'
import { answerOf, Visitor } from '../support/visitor.js'

const OPEN = 'https://open.example.com/'
const scopes = ['read:orders', 'write:orders', 'ship:orders'].map((value) => ({ value }))
const SCOPE = ['openid', 'offline_access', 'read:orders', 'write:orders']

let service: TestApp
let scene: OAuthScene
let client: ClientDocument
let apiId: string
beforeAll(async () => {
  service = await startApp()
  scene = new OAuthScene(service)
  const made = await service.api('POST', 'resource-servers', {
    identifier: AUDIENCE,
    scopes,
    enforce_policies: true,
    token_dialect: 'access_token_authz',
    allow_offline_access: true,
    skip_consent_for_verifiable_first_party_clients: true,
  })
  apiId = made.body.id
  await scene.api({ identifier: OPEN })
  client = await scene.client({ refresh_token: ROTATING })
})
afterAll(() => service.close())

const permission = (permission_name: string): object => ({ resource_server_identifier: AUDIENCE, permission_name })
const permit = async (userId: string, ...names: string[]): Promise<void> => {
  const { status } = await service.api('POST', `users/${encodeURIComponent(userId)}/permissions`, { permissions: names.map(permission) })
  expect(status).toBe(201)
}
const claims = (jwt: string): Json => claimsOf(jwt)

describe('an API that enforces permissions', () => {
  it('gives at the login what of the request the user is permitted, directly or by a role', async () => {
    const userId = await scene.user({ email: 'clerk@example.com', password: 'Correct-Horse-1' })
    const { body: role } = await service.api('POST', 'roles', { name: 'Clerk' })
    await service.api('POST', `roles/${role.id}/permissions`, { permissions: [permission('read:orders')] })
    await service.api('POST', `roles/${role.id}/users`, { users: [userId] })
    await permit(userId, 'ship:orders')
    const visitor = new Visitor(service.url)
    const query = { client_id: client.client_id, response_type: 'code', redirect_uri: CALLBACK, audience: AUDIENCE, scope: SCOPE.join(' '), state: 's' }
    const form = await visitor.get(`authorize?${new URLSearchParams(query).toString()}`)
    const answer = await visitor.submit(form, { username: 'clerk@example.com', password: 'Correct-Horse-1', action: 'default' })
    const { status, body } = await scene.token(client, { grant_type: 'authorization_code', code: answerOf(answer)['code']!, redirect_uri: CALLBACK })
    expect({ status, scope: body.scope }).toEqual({ status: 200, scope: 'openid offline_access read:orders' })
    // The claim names all that the user may do, asked for or not.
    expect(claims(body.access_token)).toMatchObject({ scope: 'openid offline_access read:orders', permissions: ['read:orders', 'ship:orders'] })
    // What was not given at the login does not come later by itself.
    await permit(userId, 'write:orders')
    expect((await scene.refresh(client, body.refresh_token)).body.scope).toBe('openid offline_access read:orders')
  })

  it('looks again when the code is redeemed and at every exchange, on every worker at once', async () => {
    const userId = await scene.user()
    await permit(userId, 'read:orders', 'write:orders')
    const code = await scene.code(client, userId, { scope: SCOPE })
    await service.api('DELETE', `users/${encodeURIComponent(userId)}/permissions`, { permissions: [permission('write:orders')] })
    const { body } = await scene.token(client, { grant_type: 'authorization_code', code, redirect_uri: CALLBACK })
    expect(claims(body.access_token)).toMatchObject({ scope: 'openid offline_access read:orders', permissions: ['read:orders'] })
    await permit(userId, 'write:orders')
    const other = await anotherWorker(service)
    try {
      const regained = await other.scene.refresh(client, body.refresh_token)
      expect(claims(regained.body.access_token)).toMatchObject({ scope: SCOPE.join(' '), permissions: ['read:orders', 'write:orders'] })
      await service.api('DELETE', `users/${encodeURIComponent(userId)}/permissions`, { permissions: ['read:orders', 'write:orders'].map(permission) })
      const lost = await other.scene.refresh(client, regained.body.refresh_token, { scope: 'openid read:orders' })
      expect(lost.status).toBe(200)
      expect(lost.body.scope.split(' ')).not.toContain('read:orders')
      expect(claims(lost.body.access_token)).toMatchObject({ permissions: [] })
    } finally {
      await other.close()
    }
  })

  it('shows permissions in its dialects only', async () => {
    const userId = await scene.user()
    await permit(userId, 'read:orders')
    for (const [token_dialect, shown] of [
      ['rfc9068_profile_authz', ['read:orders']],
      ['access_token', undefined],
      ['rfc9068_profile', undefined],
      ['access_token_authz', ['read:orders']],
    ] as const) {
      await service.api('PATCH', `resource-servers/${apiId}`, { token_dialect })
      const { refreshToken } = await scene.refreshToken(client, userId, { scope: SCOPE })
      const token = claims((await scene.refresh(client, refreshToken)).body.access_token)
      expect(token.permissions).toEqual(shown)
      expect(token.scope).toBe('openid offline_access read:orders')
    }
  })

  it('shows a client in its own name what it was granted', async () => {
    await scene.grant(client.client_id, ['read:orders', 'ship:orders'])
    const { body } = await scene.token(client, { grant_type: 'client_credentials', audience: AUDIENCE })
    expect(claims(body.access_token)).toMatchObject({ scope: 'read:orders ship:orders', permissions: ['read:orders', 'ship:orders'] })
  })

  it('permits nothing that it does not know any more', async () => {
    const userId = await scene.user()
    await permit(userId, 'ship:orders')
    await service.api('PATCH', `resource-servers/${apiId}`, { scopes: scopes.slice(0, 2) })
    const { refreshToken } = await scene.refreshToken(client, userId, { scope: SCOPE })
    expect(claims((await scene.refresh(client, refreshToken)).body.access_token)).toMatchObject({ permissions: [], scope: 'openid offline_access' })
  })
})

describe('an API that enforces none', () => {
  it('gives what was asked for, and costs no look at permissions', async () => {
    const userId = await scene.user()
    const { refreshToken } = await scene.refreshToken(client, userId, { audience: OPEN, scope: SCOPE })
    const asked: unknown[] = []
    const original = service.pool.query.bind(service.pool)
    service.pool.query = ((...args: Parameters<typeof original>) => {
      asked.push((args[0] as { name?: string }).name)
      return original(...args)
    }) as typeof service.pool.query
    const { body } = await scene.refresh(client, refreshToken)
    service.pool.query = original
    expect(claims(body.access_token)).toMatchObject({ scope: SCOPE.join(' ') })
    expect(claims(body.access_token)).not.toHaveProperty('permissions')
    expect(asked).toContainEqual(expect.stringMatching(/^append/))
    expect(asked).not.toContain('find-user-permissions')
  })
})
