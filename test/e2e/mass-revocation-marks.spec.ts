import { CommandBus } from '@nestjs/cqrs'
import { CatchUp } from '../../src/event-store/catch-up.js'
import { RevokeRefreshToken, RevokeRefreshTokens } from '../../src/tokens/index.js'
import { DeleteUser } from '../../src/users/index.js'
import { type Json, startApp, type TestApp } from '../support/app.js'
import { DEAD, Devices, GONE, type Owner, pathOf } from '../support/devices.js'
import { eventually } from '../support/eventually.js'
import { anotherWorker, OAuthScene } from '../support/oauth.js'
import { recorded } from '../support/recorded.js'

let service: TestApp
let other: Awaited<ReturnType<typeof anotherWorker>>
let devices: Devices
beforeAll(async () => {
  service = await startApp()
  other = await anotherWorker(service)
  devices = new Devices(service, other.scene)
})
afterAll(async () => {
  await other.close()
  await service.close()
})

describe.each<[string, (of: Owner) => Promise<unknown>, (of: Owner) => object]>([
  ['deleting a user', (of) => devices.api('DELETE', pathOf(of)), ({ userId }) => ({ kind: 'user', userId })],
  ['deleting a client', ({ client }) => devices.api('DELETE', `clients/${client.client_id}`), ({ client }) => ({ kind: 'client', clientId: client.client_id })],
  ['changing a password', (of) => devices.api('PATCH', pathOf(of), { password: 'Another-Horse-2' }), ({ userId }) => ({ kind: 'user', userId })],
])('%s', (_, act, scopeOf) => {
  it('is answered once its mark is written, by the request itself and by nobody again', async () => {
    const of = await devices.owner()
    await act(of)
    /** From the request's own on: on a slow machine the reactor's may come before it, and never after. */
    const marks = async (): Promise<Json[]> => {
      const all = ((await recorded(service, 'RefreshTokensRevoked')) as Json[]).filter(({ data }) => JSON.stringify(data.scope) === JSON.stringify(scopeOf(of)))
      return all.slice(all.findIndex(({ metadata }) => metadata.actor !== undefined))
    }
    const once = [expect.objectContaining({ metadata: expect.objectContaining({ actor: 'management@clients' }) })]
    expect(await marks()).toEqual(once)
    const caughtUp = await Promise.all(['user_deleted', 'client_deleted'].map((name) => service.app.get(CatchUp).caughtUp(name, 60_000)))
    expect([caughtUp, await marks()]).toEqual([[true, true], once])
  })
})

describe('a token that was ended with many others', () => {
  it('is not active, cannot be found, changed or listed, and revoking it once more is no failure', async () => {
    const of = await devices.owner()
    const { id } = await devices.tokenOf(of, of.phone)
    await devices.api('DELETE', `${pathOf(of)}/refresh-tokens`)
    const asked = { authorization: `Bearer ${await service.managementToken()}` }
    expect((await new OAuthScene(service).form('oauth/introspect', { token: of.phone.refreshToken }, asked)).body).toEqual({ active: false })
    expect((await devices.api('GET', `refresh-tokens/${id}`)).status).toBe(404)
    expect((await devices.api('PATCH', `refresh-tokens/${id}`, { refresh_token_metadata: { a: 'b' } })).status).toBe(404)
    expect((await devices.api('GET', `${pathOf(of)}/refresh-tokens?include_totals=true`)).body).toEqual({ tokens: [], total: 0 })
    expect((await devices.api('GET', `device-credentials?user_id=${encodeURIComponent(of.userId)}`)).body).toEqual([])
    expect((await devices.revoke(of.client, of.phone)).status).toBe(200)
    expect(((await recorded(service, 'FamilyRevoked')) as Json[]).filter(({ metadata }) => metadata.userId === of.userId)).toEqual([])
    expect((await new OAuthScene(service).facts('ExchangeFailed')).filter(({ data }) => data.familyId === id)).toEqual([])
  })

  it('is told once in the log, however many they were', async () => {
    const of = await devices.owner()
    await devices.api('DELETE', `${pathOf(of)}/refresh-tokens`)
    const entries = await eventually(async () => {
      const { body } = await devices.api('GET', `logs?q=${encodeURIComponent(`type:srrt AND user_id:"${of.userId}"`)}`)
      return (body as Json[]).length > 0 && body
    })
    expect(entries).toEqual([
      expect.objectContaining({
        type: 'srrt',
        user_id: of.userId,
        description: 'Revoked all refresh tokens of the user',
        details: { reason: 'api-bulk', refresh_token: { access: 'offline' } },
      }),
    ])
  })

  it('is not told where there is no such session', async () => {
    const [of, another] = [await devices.owner(), await devices.owner()]
    for (const session_id of ['nope', another.phone.sessionId]) {
      expect((await devices.api('POST', `${pathOf(of)}/revoke-access`, { session_id })).status).toBe(202)
    }
    expect((await devices.api('GET', `logs?q=${encodeURIComponent(`type:srrt AND user_id:"${of.userId}"`)}`)).body).toEqual([])
    expect(await devices.exchange(another.client, another.phone)).toBe('lives')
  })
})

describe('what nobody waited for', () => {
  it('a password that is changed leaves refresh tokens alone where that is set', async () => {
    const { config } = service
    const keeping = await anotherWorker({ ...service, config: { ...config, settings: { ...config.settings, passwordChangeRefreshTokens: 'keep' } } })
    try {
      const of = await devices.owner()
      await keeping.scene.service.app.get(CommandBus).execute(new RevokeRefreshTokens({ userId: of.userId }, 'password-changed'))
      expect(await devices.exchange(of.client, of.phone)).toBe('lives')
    } finally {
      await keeping.close()
    }
  })

  it('a user who is deleted by nobody who would end the tokens is followed by the background', async () => {
    const of = await devices.owner()
    await service.commands.execute(new DeleteUser(of.userId, {}))
    expect(await devices.exchange(of.client, of.phone)).toBe(GONE)
    const { userId } = of
    await eventually(async () => ((await recorded(service, 'RefreshTokensRevoked')) as Json[]).some(({ data }) => data.scope.userId === userId))
    await eventually(async () => (await service.pool.query('select from consents where user_id = $1', [userId])).rowCount === 0)
  })

  it('a grant whose end was begun with a token by a process that died is followed by the background', async () => {
    const of = await devices.owner()
    const { id } = await devices.tokenOf(of, of.phone)
    await devices.flagged(async () => {
      await service.commands.execute(new RevokeRefreshToken(id, 'client'))
      await eventually(async () => (await devices.grantsOf(of)).length === 1)
      await eventually(async () => (await devices.exchange(of.client, of.secondPhone)) === DEAD)
    })
  })
})
