import {
  ChangeClient,
  ChangeClientGrant,
  ChangeResourceServer,
  type ClientDocument,
  CreateClientGrant,
  DeleteClientGrant,
  DeleteResourceServer,
} from '../../../src/authorization/index.js'
import { startApp, type TestApp } from '../../support/app.js'
import { type Answer, AUDIENCE, claimsOf, OAuthScene, ROTATING } from '../../support/oauth.js'
import { eventually } from '../../support/eventually.js'
import { familyEvents } from '../../support/recorded.js'

const BILLS = 'https://bills.example.com/'
const ASKS = 'https://asks.example.com/'
const OTHER = 'https://other.example.com/'
const LOGIN = ['openid', 'profile', 'offline_access', 'read:orders']
const SKIPS = { skip_consent_for_verifiable_first_party_clients: true }

let service: TestApp
let scene: OAuthScene
let userId: string
beforeAll(async () => {
  service = await startApp()
  scene = new OAuthScene(service)
  await scene.api(SKIPS)
  await scene.api({ identifier: BILLS, scopes: [{ value: 'read:bills' }, { value: 'pay:bills' }], ...SKIPS })
  await scene.api({ identifier: ASKS, scopes: [{ value: 'read:asks' }] })
  await scene.api({ identifier: OTHER, scopes: [{ value: 'read:other' }], ...SKIPS })
  userId = await scene.user()
})
afterAll(() => service.close())

const withPolicies = (policies: object, over: Partial<ClientDocument> = {}): Promise<ClientDocument> =>
  scene.client({ refresh_token: { ...ROTATING, leeway: 60, policies }, ...over })
const POLICIES = [
  { audience: AUDIENCE, scope: ['write:orders', 'never:registered'] },
  { audience: BILLS, scope: ['read:bills', 'pay:bills', 'never:registered'] },
  { audience: ASKS, scope: ['read:asks'] },
  { audience: 'https://gone.example.com/', scope: ['read:gone'] },
]
const login = (client: ClientDocument): ReturnType<OAuthScene['refreshToken']> => scene.refreshToken(client, userId, { scope: LOGIN })
const seen = ({ body }: Answer): unknown => {
  const { aud, scope } = claimsOf(body.access_token) as unknown as { aud: string | string[]; scope?: string }
  return { aud: [aud].flat()[0], scope, answered: body.scope }
}

describe('edge cases of refresh tokens: several APIs (spec/refresh-tokens.md §17)', () => {
  it('#39 wider scope: 200, silently cut, and said so', async () => {
    const client = await withPolicies(POLICIES)
    const { refreshToken } = await login(client)
    expect(seen(await scene.refresh(client, refreshToken, { scope: 'openid read:orders write:orders never:registered admin' }))).toEqual({
      aud: AUDIENCE,
      scope: 'openid read:orders write:orders',
      answered: 'openid offline_access read:orders write:orders',
    })
    expect(seen(await scene.refresh(client, refreshToken, { audience: BILLS, scope: 'read:bills read:orders admin' }))).toEqual({
      aud: BILLS,
      scope: 'read:bills',
      answered: 'openid offline_access read:bills',
    })
    expect(seen(await scene.refresh(client, refreshToken, { audience: BILLS, scope: 'read:orders' }))).toEqual({
      aud: BILLS,
      scope: undefined,
      answered: 'openid offline_access',
    })
  })

  it('#40 audience outside: 403 access_denied, and the token is not consumed', async () => {
    const client = await withPolicies(POLICIES)
    const { refreshToken, familyId } = await login(client)
    expect(await scene.refresh(client, refreshToken, { audience: OTHER })).toMatchObject({
      status: 403,
      body: { error: 'access_denied', error_description: `Client "${client.client_id}" is not authorized to access resource server "${OTHER}".` },
    })
    for (const audience of ['https://nowhere.example.com/', 'https://gone.example.com/']) {
      expect(await scene.refresh(client, refreshToken, { audience })).toMatchObject({
        status: 403,
        body: { error: 'access_denied', error_description: `Service not found: ${audience}` },
      })
    }
    expect(await familyEvents(service, familyId)).toEqual(['FamilyStarted'])
    expect((await scene.refresh(client, refreshToken)).status).toBe(200)
  })
})

describe('a client with policies (§6.3)', () => {
  it('gets of each API what the login brought and its policy adds, when it names no scope', async () => {
    const client = await withPolicies(POLICIES)
    let { refreshToken: token } = await login(client)
    const next = async (more: Record<string, string>): Promise<Answer> => {
      const answer = await scene.refresh(client, token, more)
      expect(answer.status).toBe(200)
      expect(answer.body.id_token).toBeDefined()
      expect(answer.body.refresh_token).not.toBe(token)
      token = answer.body.refresh_token
      return answer
    }
    const original = {
      aud: AUDIENCE,
      scope: 'openid profile offline_access read:orders write:orders',
      answered: 'openid profile offline_access read:orders write:orders',
    }
    expect(seen(await next({}))).toEqual(original)
    expect(seen(await next({ audience: AUDIENCE }))).toEqual(original)
    expect(seen(await next({ audience: BILLS }))).toEqual({
      aud: BILLS,
      scope: 'openid profile read:bills pay:bills',
      answered: 'openid profile offline_access read:bills pay:bills',
    })
    expect(seen(await next({}))).toEqual(original)
  })

  it('gets nothing by a policy for an API that asks for consent, for the Management API, or once it is somebody else’s', async () => {
    const managementApi = `${service.url}api/v2/`
    const client = await withPolicies([...POLICIES, { audience: managementApi, scope: ['read:users'] }])
    const { refreshToken } = await login(client)
    for (const audience of [ASKS, managementApi]) {
      expect(await scene.refresh(client, refreshToken, { audience })).toMatchObject({ status: 403, body: { error: 'access_denied' } })
    }
    await service.commands.execute(new ChangeClient(client.client_id, { is_first_party: false }, {}))
    expect(await scene.refresh(client, refreshToken, { audience: BILLS })).toMatchObject({ status: 403, body: { error: 'access_denied' } })
    expect(await scene.refresh(client, refreshToken, { scope: 'write:orders' })).toMatchObject({ status: 400, body: { error: 'invalid_scope' } })
  })

  it('loses with an API what was for it alone: the login’s deleted, the others still work', async () => {
    const audience = await scene.api({ identifier: 'https://short-lived.example.com/', id: 'short-lived', ...SKIPS })
    const client = await withPolicies(POLICIES)
    const { refreshToken } = await scene.refreshToken(client, userId, { audience })
    await service.commands.execute(new DeleteResourceServer('short-lived', {}))
    expect(await scene.refresh(client, refreshToken)).toMatchObject({
      status: 403,
      body: { error: 'access_denied', error_description: `Service not found: ${audience}` },
    })
    expect((await scene.refresh(client, refreshToken, { audience: BILLS })).status).toBe(200)
  })

  it('shows in the record which APIs it went to, and in the log what was asked', async () => {
    const client = await withPolicies(POLICIES)
    const { refreshToken, familyId } = await login(client)
    await scene.refresh(client, refreshToken, { audience: BILLS, scope: 'read:bills' })
    await scene.refresh(client, refreshToken, { audience: BILLS, scope: 'pay:bills admin' })
    const servers = [
      { audience: AUDIENCE, scopes: LOGIN.join(' ') },
      { audience: BILLS, scopes: 'read:bills pay:bills' },
    ]
    expect((await service.api('GET', `refresh-tokens/${familyId}`)).body.resource_servers).toEqual(servers)
    const listed = (await service.api('GET', `refresh-tokens?user_id=${encodeURIComponent(userId)}&client_id=${client.client_id}`)).body.refresh_tokens
    expect(listed).toEqual([expect.objectContaining({ id: familyId, resource_servers: servers })])
    const entries = await eventually(async () => {
      const { body } = await service.api('GET', `logs?q=${encodeURIComponent(`type:sertft AND client_id:"${client.client_id}"`)}&sort=date:1`)
      return body.length === 2 && body
    })
    expect(entries[1]).toMatchObject({
      audience: BILLS,
      scope: 'pay:bills',
      details: { policy_used: 'mrrt', requested_audience: BILLS, requested_scope: 'pay:bills admin', familyId },
    })
  })
})

describe('what an API demands (§6.3)', () => {
  const DEMANDS = 'https://demands.example.com/'
  const policy = (name: string): object => ({ subject_type_authorization: { user: { policy: name }, client: { policy: 'require_client_grant' } } })

  it('is asked again at each exchange: a client grant for users bounds the scope, and its end ends the access', async () => {
    await scene.api({ identifier: DEMANDS, id: 'demands', ...SKIPS, ...policy('require_client_grant') })
    const client = await scene.client({ refresh_token: { ...ROTATING, leeway: 60 } })
    const grant = (id: string, subject_type: 'user' | 'client', scope: string[]): Promise<unknown> =>
      service.commands.execute(new CreateClientGrant({ id, client_id: client.client_id, audience: DEMANDS, scope, subject_type }, {}))
    const { refreshToken } = await scene.refreshToken(client, userId, { audience: DEMANDS })
    const refused = { status: 403, body: { error: 'access_denied', error_description: expect.stringContaining('"client-grant"') } }
    expect(await scene.refresh(client, refreshToken)).toMatchObject(refused)
    await grant('cgr_client', 'client', ['read:orders', 'write:orders'])
    expect(await scene.refresh(client, refreshToken)).toMatchObject(refused)
    await grant('cgr_user', 'user', ['read:orders'])
    expect(seen(await scene.refresh(client, refreshToken))).toMatchObject({ scope: 'openid profile email offline_access read:orders' })
    expect(await scene.refresh(client, refreshToken, { scope: 'write:orders' })).toMatchObject({ status: 400, body: { error: 'invalid_scope' } })
    await service.commands.execute(new ChangeClientGrant('cgr_user', { allow_all_scopes: true }, {}))
    expect(seen(await scene.refresh(client, refreshToken))).toMatchObject({ scope: 'openid profile email offline_access read:orders write:orders' })
    await service.commands.execute(new DeleteClientGrant('cgr_user', {}))
    expect(await scene.refresh(client, refreshToken)).toMatchObject(refused)
    await service.commands.execute(new ChangeResourceServer('demands', policy('deny_all'), {}))
    expect(await scene.refresh(client, refreshToken)).toMatchObject({
      status: 403,
      body: { error: 'access_denied', error_description: `Client is not authorized to access "${DEMANDS}".` },
    })
    await service.commands.execute(new ChangeResourceServer('demands', policy('allow_all'), {}))
    expect((await scene.refresh(client, refreshToken)).status).toBe(200)
  })

  it('cuts what it has taken out of its scopes since', async () => {
    const audience = await scene.api({ identifier: 'https://shrinks.example.com/', id: 'shrinks' })
    const client = await scene.client()
    const { refreshToken } = await scene.refreshToken(client, userId, { audience })
    await service.commands.execute(new ChangeResourceServer('shrinks', { scopes: [{ value: 'read:orders' }], allow_offline_access: false }, {}))
    expect((await scene.refresh(client, refreshToken)).body.scope).toBe('openid profile email offline_access read:orders')
    expect(await scene.refresh(client, refreshToken, { scope: 'write:orders' })).toMatchObject({ status: 400, body: { error: 'invalid_scope' } })
  })
})
