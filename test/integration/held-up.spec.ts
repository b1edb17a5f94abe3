import { jest } from '@jest/globals'
import type pg from 'pg'
import { createPool } from '../../src/database/pool.js'
import { EventStore } from '../../src/event-store/event-store.js'
import { add, counter } from '../support/counter.js'
import { databaseUrl } from '../support/own-database.js'

const CROWD = 20
let pool: pg.Pool
let store: EventStore

beforeEach(() => {
  pool = createPool(databaseUrl, 4)
  store = new EventStore(pool)
})
afterEach(async () => {
  jest.restoreAllMocks()
  await pool.end()
})

/** As one that waits for a lock until the server ends it; answers how many there were. */
function heldUp(name: RegExp, code: string): () => number {
  const query = pool.query.bind(pool) as (...args: unknown[]) => Promise<unknown>
  let asked = 0
  jest.spyOn(pool, 'query').mockImplementation((async (statement: { name?: string }, ...rest: unknown[]) => {
    if (!name.test(statement.name ?? '')) return query(statement, ...rest)
    asked++
    throw Object.assign(new Error('held up'), { code })
  }) as never)
  return () => asked
}

describe.each([
  ['reads', /^read-streams/],
  ['appends', /^append/],
])('of a crowd whose %s share statements', (_, statement) => {
  const crowd = (): Promise<PromiseSettledResult<unknown>[]> =>
    Promise.allSettled(Array.from({ length: CROWD }, (__, n) => store.transact(counter, `held-up-${n}`, add('x'))))

  it.each([
    ['was ended by the server', '57014'],
    ['found no room', '53100'],
    ['waited for a lock', '55P03'],
  ])('nobody waits for the others one by one where such a statement %s', async (__, code) => {
    const asked = heldUp(statement, code)
    for (const outcome of await crowd()) expect(outcome).toMatchObject({ status: 'rejected', reason: { code } })
    expect(asked()).toBeLessThan(CROWD / 2)
  })

  it.each([
    ['broke off by a deadlock', '40P01'],
    ['has something wrong in it', '22P05'],
  ])('each gets an answer of their own where such a statement %s', async (__, code) => {
    const asked = heldUp(statement, code)
    for (const outcome of await crowd()) expect(outcome).toMatchObject({ status: 'rejected', reason: { code } })
    expect(asked()).toBeGreaterThan(CROWD)
  })
})
