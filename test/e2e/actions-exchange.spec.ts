import { jest } from '@jest/globals'
import { ChangeClient } from '../../src/authorization/index.js'
import { access, ActionExchanges, type Holder, identity } from '../support/action-exchanges.js'
import type { ActionsScene } from '../support/actions.js'
import type { Json, TestApp } from '../support/app.js'
import { eventually } from '../support/eventually.js'
import { AUDIENCE, type OAuthScene, ROTATING, UNKNOWN } from '../support/oauth.js'

/* Post-login Actions at the token endpoint: what an exchange makes of their answer (spec/actions.md §4.4–§4.8). */
let exchanges: ActionExchanges
let service: TestApp
let scene: OAuthScene
let actions: ActionsScene
let told: Json
beforeAll(async () => {
  exchanges = await ActionExchanges.start({ ACTIONS_TIMEOUT_MS: '1500', METADATA_PATCH: 'merge' })
  ;({ service, scene, actions, told } = exchanges)
})
afterAll(() => service.close())

const shown = async (familyId: string): Promise<Json> => (await service.api('GET', `refresh-tokens/${familyId}`)).body
const metadata = async (familyId: string): Promise<Json> => (await shown(familyId)).refresh_token_metadata
const holder = (settings?: object, over?: object): Promise<Holder> => exchanges.holder(settings, over)
const row = (familyId: string): Promise<Json> => exchanges.row(familyId)
const events = (familyId: string): Promise<Json[]> => exchanges.events(familyId)
const logs = (type: string, field: string, value: string): Promise<Json[]> => exchanges.logs(type, field, value)

test('without a bound Action nothing is asked, and the event says nothing of any', async () => {
  const { act, familyId } = await holder()
  expect((await act(`api.access.deny('no')`)).status).toBe(200)
  const [, { data, metadata: context }] = await events(familyId)
  expect(data).not.toHaveProperty('metadata')
  expect(context).not.toHaveProperty('actions')
})

describe('a bound Action', () => {
  beforeAll(() => actions.bind('post-login', told))

  test('is told of the exchange, the person, the client and the token, and no secret', async () => {
    const { act, client, userId, familyId } = await holder({}, { metadata: { plan: 'gold' } })
    await service.api('PATCH', `users/${encodeURIComponent(userId)}`, { user_metadata: { theme: 'dark' }, app_metadata: { tier: 1 } })
    const answer = await act(`api.idToken.setCustomClaim('seen', event)`, { scope: 'openid read:orders' })
    const { seen } = identity(answer)
    expect(Object.keys(seen).sort()).toEqual(
      'authentication authorization client configuration connection refresh_token request resource_server secrets stats tenant transaction user'.split(' '),
    )
    expect(seen).toMatchObject({
      client: { client_id: client.client_id, metadata: {} },
      connection: { name: 'Username-Password-Authentication', strategy: 'auth0' },
      resource_server: { identifier: AUDIENCE },
      transaction: { protocol: 'oauth2-refresh-token', requested_scopes: ['openid', 'read:orders'], metadata: {} },
      request: { method: 'POST', query: {}, ip: '127.0.0.1', hostname: 'localhost' },
      user: { user_id: userId, user_metadata: { theme: 'dark' }, app_metadata: { tier: 1 } },
      authorization: { roles: [] },
      refresh_token: {
        id: familyId,
        user_id: userId,
        client_id: client.client_id,
        session_id: 'session-1',
        rotating: true,
        access: 'offline',
        resource_servers: [{ audience: AUDIENCE, scopes: 'openid profile email offline_access read:orders write:orders' }],
        device: { initial_ip: '203.0.113.9', initial_user_agent: 'test' },
        metadata: { plan: 'gold' },
      },
    })
    expect(seen.refresh_token).not.toHaveProperty('last_exchanged_at')
    expect(Object.keys(seen.request.body).sort()).toEqual(['act', 'client_id', 'grant_type', 'scope'])
    const { seen: again } = identity(await act(`api.idToken.setCustomClaim('seen', event)`))
    expect(again.refresh_token).toMatchObject({ last_exchanged_at: expect.any(String), device: { last_ip: '127.0.0.1' } })
    expect(again.transaction.requested_scopes).toEqual([])
  })

  test('is told the roles of the person, in the order that they got them, and nobody else’s', async () => {
    const [{ act, userId }, other] = [await holder(), await holder()]
    const seen = async (): Promise<Json> => identity(await act(`api.idToken.setCustomClaim('seen', event.authorization.roles)`)).seen
    const role = async (name: string): Promise<string> => (await service.api('POST', 'roles', { name })).body.id
    const [viewer, editor, root] = [await role('viewer'), await role('editor'), await role('root')]
    const assign = (id: string, ...roles: string[]): Promise<Json> => service.api('POST', `users/${encodeURIComponent(id)}/roles`, { roles })
    await assign(other.userId, root, viewer)
    expect(await seen()).toEqual([])
    await assign(userId, editor)
    await assign(userId, viewer)
    expect(await seen()).toEqual(['editor', 'viewer'])
  })

  test('shows what the login was for, also where that was no API', async () => {
    const { act } = await holder({}, { audience: null, scope: ['openid', 'offline_access'] })
    const { seen } = identity(await act(`api.idToken.setCustomClaim('seen', event.refresh_token.resource_servers)`))
    expect(seen).toEqual([{ audience: `${service.url}userinfo`, scopes: 'openid offline_access' }])
  })

  test('brings claims into both tokens, below the standard ones, and scopes into this access token alone', async () => {
    const { act, familyId } = await holder()
    const answer = await act(`
      api.accessToken.setCustomClaim('https://x/a', { deep: [1] }); api.idToken.setCustomClaim('color', 'pink'); api.idToken.setCustomClaim('nickname', 'Lovelace')
      api.idToken.setCustomClaim('sub', 'evil'); api.accessToken.setCustomClaim('azp', 'evil'); api.accessToken.setCustomClaim('permissions', ['all'])
      api.accessToken.addScope('read:x'); api.accessToken.removeScope('write:orders')`)
    const scope = 'openid profile email offline_access read:orders read:x'
    expect(answer.body.scope).toBe(scope)
    expect(access(answer)).toMatchObject({ 'https://x/a': { deep: [1] }, scope })
    expect(access(answer).azp).not.toBe('evil')
    expect(access(answer)).not.toHaveProperty('permissions')
    expect(identity(answer)).toMatchObject({ color: 'pink', nickname: 'Lovelace', sub: expect.stringMatching(/^auth0\|/) })
    expect((await shown(familyId)).resource_servers).toEqual([{ audience: AUDIENCE, scopes: 'openid profile email offline_access read:orders write:orders' }])
    const plain = await act()
    expect(plain.body.scope).toBe('openid profile email offline_access read:orders write:orders')
    expect(access(plain)).not.toHaveProperty('https://x/a')
  })

  test('adds nothing to what may be done at an API beside the login’s either, nor at the Management API', async () => {
    const other = await scene.api({ identifier: 'https://other.example.com/', skip_consent_for_verifiable_first_party_clients: true })
    const { act, familyId } = await holder({ policies: [{ audience: other, scope: ['read:orders'] }] })
    const { body } = await act(`api.accessToken.addScope('read:x')`, { audience: other })
    expect(body.scope.split(' ')).toContain('read:x')
    const [, ofPolicy] = (await shown(familyId)).resource_servers
    expect(ofPolicy.scopes.split(' ')).not.toContain('read:x')

    const management = `${service.url}api/v2/`
    const admin = await holder({}, { audience: management, scope: ['openid', 'offline_access', 'read:current_user'] })
    const answer = await admin.act(
      `api.accessToken.addScope('read:users'); api.accessToken.setCustomClaim('https://x/a', 1); api.idToken.setCustomClaim('ok', 1)`,
    )
    expect(access(answer).scope).toBe('openid offline_access read:current_user')
    expect(access(answer)).not.toHaveProperty('https://x/a')
    expect(identity(answer).ok).toBe(1)
    const [told] = await eventually(async () => {
      const found = await logs('sertft', 'user_id', admin.userId)
      return found.length > 0 && found
    })
    const { body: execution } = await service.api('GET', `actions/executions/${told!.details.actions.executions[0]}`)
    expect(execution.results[0].warnings).toEqual([
      'The scope read:users cannot be added at the Management API and was left out.',
      'The claim https://x/a is set by the service alone and was left out.',
    ])
  })

  test('has the exchange ask the database no more often than without it', async () => {
    const { act } = await holder()
    await act()
    const query = service.pool.query.bind(service.pool)
    const own: string[] = []
    const spy = jest.spyOn(service.pool, 'query').mockImplementation((...args: Parameters<typeof query>) => {
      const [{ name = '' }] = args as unknown as [{ name?: string }]
      // What is renewed or recorded meanwhile no exchange waits for.
      if (/^(read-stream|append|find-(?!person-keys))/.test(name)) own.push(name)
      return query(...args)
    })
    for (let n = 0; n < 3; n++) expect((await act(`api.refreshToken.setMetadata('n', event.stats.logins_count + '${n}')`)).status).toBe(200)
    spy.mockRestore()
    expect(own).toEqual(Array.from({ length: 3 }, () => ['read-streams-family-user-login', 'append-guarded']).flat())
  })

  test('changes the metadata in the exchange’s own event, sealed, with the version of the code that did', async () => {
    const { act, familyId, userId } = await holder({}, { metadata: { plan: 'gold', gone: '1' } })
    await act(`api.refreshToken.setMetadata('device', 'a-phone-of-ada'); api.refreshToken.deleteMetadata('gone')`)
    expect(await metadata(familyId)).toEqual({ plan: 'gold', device: 'a-phone-of-ada' })
    const { body: list } = await service.api('GET', `users/${encodeURIComponent(userId)}/refresh-tokens`)
    expect(list.refresh_tokens ?? list.tokens).toMatchObject([{ refresh_token_metadata: { plan: 'gold', device: 'a-phone-of-ada' } }])

    const all = await events(familyId)
    expect(all.map(({ type }) => type)).toEqual(['FamilyStarted', 'RefreshTokenRotated'])
    expect(JSON.stringify(all)).not.toContain('a-phone-of-ada')
    const { id: execution } = all[1].metadata.actions
    expect(all[1].metadata.actions).toEqual({
      id: expect.any(String),
      actions: [
        {
          action_id: told.id,
          version_id: told.deployed_version.id,
          number: 1,
          // The names came with the request: what stands in clear is what stands in the code.
          decided: ['refreshToken.metadata set *', 'refreshToken.metadata delete *'],
        },
      ],
    })
    const { body: history } = await service.api('GET', `refresh-tokens/${familyId}/history`)
    expect(history.history[1]).toMatchObject({
      type: 'rotated',
      details: { metadata: { plan: 'gold', device: 'a-phone-of-ada' }, actions: { execution_id: execution, versions: [{ action_id: told.id, number: 1 }] } },
    })
    const [row] = await eventually(async () => {
      const found = await logs('sertft', 'user_id', userId)
      return found.length > 0 && found
    })
    expect(row.details).toMatchObject({ actions: { executions: [execution] }, familyId, tokenCounter: 2 })

    await act(`api.refreshToken.setMetadata('plan', 'gold')`)
    expect((await events(familyId))[2].data).not.toHaveProperty('metadata')
    await act(`api.refreshToken.evictMetadata()`)
    expect(await metadata(familyId)).toEqual({})
    expect((await events(familyId))[3].data.metadata).toBeNull()
    expect(identity(await act(`api.idToken.setCustomClaim('none', event.refresh_token.metadata === undefined)`)).none).toBe(true)
  })

  test('loses no key where exchanges and an operator change the metadata at once', async () => {
    const { client, familyId, refreshToken } = await holder({ rotation_type: 'non-rotating' })
    const exchanges = [1, 2, 3, 4, 5, 6].map((n) => scene.refresh(client, refreshToken, { act: `api.refreshToken.setMetadata('exchange${n}', 'x')` }))
    const patches = [1, 2, 3].map((n) => service.api('PATCH', `refresh-tokens/${familyId}`, { refresh_token_metadata: { [`operator${n}`]: 'x' } }))
    expect((await Promise.all([...exchanges, ...patches])).map(({ status }) => status)).toEqual(Array(9).fill(200))
    expect(Object.keys(await metadata(familyId)).sort()).toEqual([...[1, 2, 3, 4, 5, 6].map((n) => `exchange${n}`), ...[1, 2, 3].map((n) => `operator${n}`)])
  })

  test('counts an exchange once that is repeated since its answer was lost', async () => {
    const count = `api.refreshToken.setMetadata('n', String(Number(event.refresh_token.metadata?.n ?? 0) + 1))`
    const { client, familyId, refreshToken } = await holder({ leeway: 60 })
    const [first, again, once] = [
      await scene.refresh(client, refreshToken, { act: count }),
      await scene.refresh(client, refreshToken, { act: count }),
      await scene.refresh(client, refreshToken, { act: `${count}; api.refreshToken.setMetadata('more', '1')` }),
    ]
    expect([again.body.refresh_token, once.body.refresh_token]).toEqual([first.body.refresh_token, first.body.refresh_token])
    expect(await metadata(familyId)).toEqual({ n: '1', more: '1' })
    await scene.refresh(client, first.body.refresh_token, { act: count })
    expect(await metadata(familyId)).toEqual({ n: '2', more: '1' })
  })

  test('goes with the refresh token when its client’s tokens begin to rotate, and counts a repeated exchange once there too', async () => {
    const count = `api.refreshToken.setMetadata('n', String(Number(event.refresh_token.metadata?.n ?? 0) + 1)); api.refreshToken.setExpiresAt(Date.now() + 60000)`
    const { client, familyId, refreshToken } = await holder({ rotation_type: 'non-rotating', leeway: 60 }, { metadata: { n: '1' } })
    const changes = { refresh_token: { ...ROTATING, leeway: 60 } }
    await service.commands.execute(new ChangeClient(client.client_id, changes, {}))
    const { body } = await scene.refresh(client, refreshToken, { act: count })
    const again = await scene.refresh(client, refreshToken, { act: count })
    expect(again.body.refresh_token).toBe(body.refresh_token)
    const successor = (await row(familyId)).state.successorId
    expect(await metadata(successor)).toEqual({ n: '2' })
    expect(Date.parse((await shown(successor)).expires_at)).toBeLessThan(Date.now() + 61_000)
    expect((await events(successor))[0].metadata.actions.actions).toHaveLength(1)
  })

  describe('that ends the refresh token earlier', () => {
    const ends = async (familyId: string): Promise<{ expires: number; idle: number }> => {
      const { expires_at, idle_expires_at } = await shown(familyId)
      return { expires: Date.parse(expires_at), idle: Date.parse(idle_expires_at) }
    }

    test('is heard, and asked for a later end is not, which the log tells', async () => {
      const { act, familyId, userId } = await holder()
      const at = Date.now() + 1_200_000
      await act(`api.refreshToken.setExpiresAt(${at + 1000}); api.refreshToken.setExpiresAt(${at})`)
      expect((await ends(familyId)).expires).toBe(at)
      await act(`api.refreshToken.setExpiresAt(Date.now() + 90 * 86400e3); api.refreshToken.setIdleExpiresAt(1e300)`)
      expect((await ends(familyId)).expires).toBe(at)
      const warnings = await eventually(async () => {
        const found = await logs('w', 'user_id', userId)
        return found.length > 1 && found.map(({ description }) => description).sort()
      })
      expect(warnings).toEqual([
        expect.stringMatching(`^An Action asked for 20.* as the absolute end of refresh token ${familyId}; it is ${new Date(at).toISOString()}\\.$`),
        expect.stringMatching(`^An Action asked for 9999-12-31T23:59:59.999Z as the idle end of refresh token ${familyId}; it is 20`),
      ])
    })

    test('sets the idle end for one exchange', async () => {
      const { act, familyId } = await holder()
      await act(`api.refreshToken.setIdleExpiresAt(Date.now() + 60000)`)
      expect((await ends(familyId)).idle).toBeLessThan(Date.now() + 61_000)
      await act()
      expect((await ends(familyId)).idle).toBeGreaterThan(Date.now() + 500_000)
    })

    test('ends one that nothing would have ended, and it does not go back', async () => {
      const client = await scene.client()
      const { refreshToken, familyId } = await scene.refreshToken(client, await scene.user())
      expect((await shown(familyId)).expires_at).toBeNull()
      await scene.refresh(client, refreshToken, { act: `api.refreshToken.setIdleExpiresAt(Date.now() + 60000)` })
      const { expires, idle } = await ends(familyId)
      expect(idle).toBeLessThan(Date.now() + 61_000)
      expect(expires).toBeLessThan(Date.now() + 2_592_001_000)
      await scene.refresh(client, refreshToken)
      expect((await ends(familyId)).expires).toBe(expires)
    })

    test('may end it at once: what was given is expired when it is used', async () => {
      const { act } = await holder()
      expect((await act(`api.refreshToken.setExpiresAt(-1e300)`)).status).toBe(200)
      expect(await act()).toMatchObject(UNKNOWN)
    })
  })
})
