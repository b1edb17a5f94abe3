import type pg from 'pg'
import { writeAppends } from '../../src/event-store/append-queue.js'
import { createPool, inTransaction } from '../../src/database/pool.js'
import { EventStore } from '../../src/event-store/event-store.js'
import { ZERO_HASH } from '../../src/event-store/hashes.js'
import { readStreams } from '../../src/event-store/read-queue.js'
import { add, counter } from '../support/counter.js'
import { databaseUrl } from '../support/own-database.js'

const pool = createPool(databaseUrl, 2)
const store = new EventStore(pool)
afterAll(() => pool.end())

interface Touched {
  readonly table: string
  readonly seq: number
  readonly index: number
  readonly inserted: number
  readonly updated: number
  readonly hot: number
}

/** What `work` touches, by PostgreSQL's own counts for this session. */
async function touchedBy(db: pg.ClientBase, work: () => Promise<unknown>): Promise<Touched[]> {
  const before = new Map((await counts(db)).map((row) => [row.table, row]))
  await work()
  return (await counts(db))
    .map((row) => {
      const { seq, index, inserted, updated, hot } = before.get(row.table)!
      return {
        table: row.table,
        seq: row.seq - seq,
        index: row.index - index,
        inserted: row.inserted - inserted,
        updated: row.updated - updated,
        hot: row.hot - hot,
      }
    })
    .filter(({ table: _, ...numbers }) => Object.values(numbers).some((n) => n > 0))
}

async function counts(db: pg.ClientBase): Promise<Touched[]> {
  const { rows } = await db.query<Touched>(`
    select relname as table, seq_scan as seq, coalesce(idx_scan, 0) as index, n_tup_ins as inserted, n_tup_upd as updated, n_tup_hot_upd as hot
    from pg_stat_xact_user_tables where relname like 'streams%' or relname like 'events%' order by relname`)
  return rows
}

/** Enough rows that a plan without the index would be chosen if it could be, and enough calls that the plan is the generic one. */
beforeAll(async () => {
  await Promise.all(Array.from({ length: 400 }, (_, n) => store.transact(counter, `${n}`, add('x'))))
  for (let n = 0; n < 8; n++) await store.transact(counter, '0', add('x'))
})

it('a command reads one partition of streams, by its index', async () => {
  await inTransaction(pool, async (db) => {
    const read = (): Promise<unknown> => db.query({ ...readStreams(), values: [['counter-3']] })
    for (let n = 0; n < 7; n++) await read()
    expect(await touchedBy(db, read)).toEqual([{ table: expect.stringMatching(/^streams_\d$/), seq: 0, index: 1, inserted: 0, updated: 0, hot: 0 }])
  })
})

it.each([
  ['an append', undefined],
  ['a guarded append', { keys: ['a', 'b', 'c', 'd', 'e'], after: new Date() }],
])('%s moves its stream in one partition, by the index and within its page, and adds its events to one', async (_, guard) => {
  const { version, state } = await store.read(counter, '5')
  const event = { version: version + 1, type: 'Added', schemaVersion: 1, data: '{"by":"x"}', metadata: '{}', hash: ZERO_HASH, occurredAt: new Date() }
  const append = {
    streamId: 'counter-5',
    streamType: 'counter',
    expected: version,
    version: version + 1,
    headHash: ZERO_HASH,
    state: JSON.stringify(state),
    stateVersion: 1,
    lastAt: event.occurredAt,
    events: [event],
    guard,
  }
  await inTransaction(pool, async (db) => {
    expect(await touchedBy(db, () => writeAppends(db, [append]))).toEqual([
      { table: expect.stringMatching(/^events_\d{4}_\d\d$/), seq: 0, index: 0, inserted: 1, updated: 0, hot: 0 },
      { table: expect.stringMatching(/^streams_\d$/), seq: 0, index: 1, inserted: 0, updated: 1, hot: 1 },
    ])
  })
})
