import { ChangeClient, type ClientDocument } from '../../../src/authorization/index.js'
import { FindRefreshToken, type RefreshTokenRecord } from '../../../src/tokens/index.js'
import { startApp, type TestApp } from '../../support/app.js'
import { type Clock, databaseWithClock } from '../../support/clock.js'
import { OAuthScene, ROTATING, UNKNOWN } from '../../support/oauth.js'
import { familyEvents } from '../../support/recorded.js'

const FOREVER = { rotation_type: 'non-rotating', expiration_type: 'non-expiring', infinite_token_lifetime: true, infinite_idle_token_lifetime: true }
const EXPIRING = { rotation_type: 'non-rotating', expiration_type: 'expiring', token_lifetime: 3600, idle_token_lifetime: 600 }

let service: TestApp
let scene: OAuthScene
let clock: Clock
beforeAll(async () => {
  const moved = await databaseWithClock()
  clock = moved.clock
  service = await startApp({}, undefined, moved.databaseUrl)
  scene = new OAuthScene(service)
  await scene.api()
})
afterAll(() => service.close())

const change = (client: ClientDocument, settings: object): Promise<unknown> =>
  service.commands.execute(new ChangeClient(client.client_id, { refresh_token: settings }, {}))
const record = async (familyId: string): Promise<RefreshTokenRecord> => (await service.queries.execute(new FindRefreshToken(familyId)))!
const secondsBetween = (from: string | null, to: string | null): number => (Date.parse(to!) - Date.parse(from!)) / 1000

describe('edge cases of refresh tokens: lifetimes (spec/refresh-tokens.md §17)', () => {
  it('#7 rotated token near its absolute end: the new one has the same end, and dies with it', async () => {
    const client = await scene.client({ refresh_token: { ...ROTATING, token_lifetime: 3600, idle_token_lifetime: 3600 } })
    const { refreshToken, familyId, expiresAt } = await scene.refreshToken(client, await scene.user())
    await clock.move(3500)
    const { body } = await scene.refresh(client, refreshToken)
    expect(await record(familyId)).toMatchObject({ expires_at: expiresAt, idle_expires_at: expiresAt })
    await clock.move(50)
    const last = await scene.refresh(client, body.refresh_token)
    expect(last.status).toBe(200)
    await clock.move(50)
    expect(await scene.refresh(client, last.body.refresh_token)).toMatchObject(UNKNOWN)
  })

  it('#8 idle 60 s: exchanges at 50, 100 and 150 s keep it alive, a pause of 61 s does not', async () => {
    const client = await scene.client({ refresh_token: { ...ROTATING, idle_token_lifetime: 60 } })
    let token = (await scene.refreshToken(client, await scene.user())).refreshToken
    for (let n = 0; n < 3; n++) {
      await clock.move(50)
      const { status, body } = await scene.refresh(client, token)
      expect(status).toBe(200)
      token = body.refresh_token
    }
    await clock.move(61)
    expect(await scene.refresh(client, token)).toMatchObject(UNKNOWN)
  })

  it('#9 idle changed from 1 d to 1 h: the old idle end counts until the next exchange', async () => {
    const settings = { ...ROTATING, token_lifetime: 2_592_000, idle_token_lifetime: 86_400 }
    const client = await scene.client({ refresh_token: settings })
    const { refreshToken, familyId } = await scene.refreshToken(client, await scene.user())
    await change(client, { ...settings, idle_token_lifetime: 3600 })
    await clock.move(7200)
    const { status, body } = await scene.refresh(client, refreshToken)
    expect(status).toBe(200)
    const { last_exchanged_at, idle_expires_at } = await record(familyId)
    expect(secondsBetween(last_exchanged_at, idle_expires_at)).toBe(3600)
    await clock.move(3600)
    expect(await scene.refresh(client, body.refresh_token)).toMatchObject(UNKNOWN)
  })

  it('#10 token_lifetime changed: existing records keep their end, new ones get the new one', async () => {
    const client = await scene.client({ refresh_token: ROTATING })
    const { refreshToken, familyId, expiresAt } = await scene.refreshToken(client, await scene.user())
    for (const token_lifetime of [60, 86_400]) {
      await change(client, { ...ROTATING, token_lifetime, idle_token_lifetime: 60 })
      expect((await record(familyId)).expires_at).toBe(expiresAt)
    }
    expect((await scene.refresh(client, refreshToken)).status).toBe(200)
    expect((await record(familyId)).expires_at).toBe(expiresAt)
  })

  it('#11 non-expiring token, client becomes expiring: the next exchange gives it an end that stays when the client is set back', async () => {
    const client = await scene.client({ refresh_token: FOREVER })
    const { refreshToken, familyId } = await scene.refreshToken(client, await scene.user())
    await clock.move(365 * 86_400)
    expect((await scene.refresh(client, refreshToken)).status).toBe(200)
    expect(await record(familyId)).toMatchObject({ expires_at: null, idle_expires_at: null, last_exchanged_at: null })
    await change(client, EXPIRING)
    expect(await record(familyId)).toMatchObject({ expires_at: null, idle_expires_at: null })
    expect((await scene.refresh(client, refreshToken)).status).toBe(200)
    const { expires_at, idle_expires_at, last_exchanged_at } = await record(familyId)
    expect(secondsBetween(last_exchanged_at, expires_at)).toBe(3600)
    await change(client, FOREVER)
    for (let n = 0; n < 2; n++) {
      await clock.move(200)
      expect((await scene.refresh(client, refreshToken)).status).toBe(200)
      expect(await record(familyId)).toMatchObject({ expires_at, idle_expires_at })
    }
    await clock.move(200)
    expect(await scene.refresh(client, refreshToken)).toMatchObject(UNKNOWN)
  })

  it('#11 as above: an idle end alone stays, too', async () => {
    const client = await scene.client({ refresh_token: { ...EXPIRING, infinite_token_lifetime: true } })
    const { refreshToken, familyId, idleExpiresAt } = await scene.refreshToken(client, await scene.user())
    await change(client, FOREVER)
    expect((await scene.refresh(client, refreshToken)).status).toBe(200)
    expect(await record(familyId)).toMatchObject({ expires_at: null, idle_expires_at: idleExpiresAt })
    await clock.move(600)
    expect(await scene.refresh(client, refreshToken)).toMatchObject(UNKNOWN)
  })

  it('#12 expired and retired token presented: 403 and fertft, but no reuse', async () => {
    const client = await scene.client({ refresh_token: ROTATING })
    const { refreshToken, familyId } = await scene.refreshToken(client, await scene.user())
    await scene.refresh(client, refreshToken)
    await clock.move(3600)
    expect(await scene.refresh(client, refreshToken)).toMatchObject(UNKNOWN)
    expect(await familyEvents(service, familyId)).toEqual(['FamilyStarted', 'RefreshTokenRotated'])
    const failures = (await scene.facts('ExchangeFailed')).filter(({ data }) => data.familyId === familyId)
    expect(failures.map(({ data }) => data.reason)).toEqual(['expired'])
  })

  it('#57 server clock back-step: the database’s time rules, and rotated_at never decreases', async () => {
    const client = await scene.client({ refresh_token: { ...ROTATING, leeway: 30 } })
    const { refreshToken, familyId } = await scene.refreshToken(client, await scene.user())
    const second = await scene.refresh(client, refreshToken)
    await clock.move(-3600)
    const times = async (): Promise<number[]> => {
      const { rows } = await service.pool.query<{ at: Date }>('select occurred_at as at from events where stream_id = $1 order by version', [
        `refresh_token_family-${familyId}`,
      ])
      return rows.map(({ at }) => at.getTime())
    }
    // An hour earlier by the clock, it is still the moment of the rotation for this family: its leeway neither ended nor grew.
    expect((await scene.refresh(client, refreshToken)).body.refresh_token).toBe(second.body.refresh_token)
    const third = await scene.refresh(client, second.body.refresh_token)
    expect(third.status).toBe(200)
    await clock.move(3600 + 31)
    const written = await times()
    expect(written).toEqual([...written].sort((a, b) => a - b))
    expect(await scene.refresh(client, second.body.refresh_token)).toMatchObject(UNKNOWN)
    expect((await familyEvents(service, familyId)).at(-1)).toBe('FamilyRevoked')
  })
})
