import type pg from 'pg'
import { createPool } from '../../src/database/pool.js'
import type { SealedEvent } from '../../src/event-store/event.js'
import { NO_PERSONAL_VALUES } from '../../src/event-store/projection.js'
import { type FamilyEvent, refreshTokenDevicesProjection, refreshTokensProjection } from '../../src/tokens/index.js'
import { freshDatabase } from '../support/database.js'

const DAY = 86_400_000
const NOW = Date.parse('2026-03-01T00:00:00Z')
let pool: pg.Pool
beforeAll(async () => {
  pool = createPool(await freshDatabase(), 2)
})
afterAll(() => pool.end())

let position = 0
const started = (id: string, at: number, expiresAt: number | null): SealedEvent<FamilyEvent> => ({
  type: 'FamilyStarted',
  data: {
    ...{
      userId: 'u',
      clientId: 'c',
      sessionId: null,
      authenticatedAt: null,
      connection: null,
      audience: null,
      scope: [],
      rotating: true,
      keyId: 'k',
      salt: 's',
    },
    ...{
      expiresAt: expiresAt === null ? null : new Date(expiresAt).toISOString(),
      idleExpiresAt: null,
      metadata: null,
      dpopThumbprint: null,
      predecessor: null,
    },
  },
  streamId: `refresh_token_family-${id}`,
  version: 1,
  metadata: { at: new Date(at).toISOString() },
  position: ++position,
})

describe.each([
  ['refresh_tokens', refreshTokensProjection],
  ['refresh_token_devices', refreshTokenDevicesProjection],
] as const)('rows of %s', (table, projection) => {
  const apply = async (...events: SealedEvent<FamilyEvent>[]): Promise<string[]> => {
    const db = await pool.connect()
    await projection.apply(events, db, NO_PERSONAL_VALUES).finally(() => db.release())
    const { rows } = await pool.query<{ id: string }>(`select id from ${table} order by id`)
    return rows.map(({ id }) => id)
  }

  it('leave a day after their absolute end, by the time of the events', async () => {
    expect(await apply(started('a', NOW, NOW + DAY), started('b', NOW, NOW + 3 * DAY), started('c', NOW, null))).toEqual(['a', 'b', 'c'])
    // To the last millisecond of the day they stay: another clock may be behind.
    expect(await apply(started('d', NOW + 2 * DAY, null))).toEqual(['a', 'b', 'c', 'd'])
    expect(await apply(started('e', NOW + 2 * DAY + 1, null))).toEqual(['b', 'c', 'd', 'e'])
    expect(await apply(started('f', NOW + 400 * DAY, null))).toEqual(['c', 'd', 'e', 'f'])
  })

  it('leave a thousand at a time', async () => {
    const many = Array.from({ length: 2500 }, (_, n) => started(`x${n}`, NOW + 400 * DAY, NOW + 401 * DAY))
    const all = await apply(...many)
    expect(all.length).toBe(2504)
    expect((await apply(started('y', NOW + 500 * DAY, null))).length).toBe(1505)
    expect((await apply(started('z', NOW + 500 * DAY, null))).length).toBe(506)
  })
})
