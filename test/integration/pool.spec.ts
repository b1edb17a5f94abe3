import type pg from 'pg'
import { createPool, inTransaction } from '../../src/database/pool.js'
import { migrate } from '../../src/database/migrate.js'
import { EventStore } from '../../src/event-store/event-store.js'
import { add, counter } from '../support/counter.js'
import { freshDatabase } from '../support/database.js'

let pool: pg.Pool
beforeAll(async () => {
  const databaseUrl = await freshDatabase()
  await migrate(databaseUrl)
  pool = createPool(databaseUrl, 1)
})
afterAll(() => pool.end())

test('no statement starts parallel workers, whatever PostgreSQL expects of them', async () => {
  await pool.query('set debug_parallel_query = on')
  const { rows } = await pool.query<{ 'QUERY PLAN': string }>('explain select type from events order by epoch, xid, sequence')
  expect(rows.map((row) => row['QUERY PLAN']).join('\n')).not.toContain('Gather')
})

describe('a connection whose transaction failed', () => {
  const backend = async (): Promise<number> => (await pool.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]!.pid
  const fails = (work: (db: pg.PoolClient) => Promise<unknown>): Promise<void> =>
    expect(
      inTransaction(pool, async (db) => {
        await db.query('create temporary table left_behind (n int)')
        await work(db)
      }),
    ).rejects.toThrow()
  const isGone = async (): Promise<void> => expect((await pool.query(`select to_regclass('left_behind') as it`)).rows).toEqual([{ it: null }])

  test.each([
    ['the server refused a statement', (db: pg.PoolClient) => db.query('select 1 / 0')],
    ['a statement took too long for it', (db: pg.PoolClient) => db.query('set local statement_timeout = 1').then(() => db.query('select pg_sleep(10)'))],
    ['we refused', () => Promise.reject(new Error('there is one already'))],
  ])('is rolled back and kept where %s', async (_, work) => {
    const before = await backend()
    await fails(work)
    expect(await backend()).toBe(before)
    await isGone()
  })

  test.each([
    ['it was lost', (db: pg.PoolClient) => db.query('set role none').then(() => db.query('select pg_terminate_backend(pg_backend_pid())'))],
    [
      'the server takes no writes any more',
      (db: pg.PoolClient) => db.query('set local transaction_read_only = on').then(() => db.query(`insert into leases values ('a', 'b', now())`)),
    ],
    ['its answer did not come', () => Promise.reject(new Error('Query read timeout'))],
    [
      'it cannot be rolled back',
      (db: pg.PoolClient) => {
        jest.spyOn(db, 'query').mockRejectedValue(new Error('not now') as never)
        return Promise.reject(new Error('there is one already'))
      },
    ],
  ])('is closed where %s', async (_, work) => {
    const before = await backend()
    await fails(work)
    expect(await backend()).not.toBe(before)
    await isGone()
  })

  test('is kept by the store, where what belongs to an append was refused', async () => {
    const store = new EventStore(pool)
    const before = await backend()
    const refused = store.transact(counter, 'refused', add('a'), {}, async (db) => {
      await db.query('select 1 / 0')
    })
    await expect(refused).rejects.toThrow('division by zero')
    expect(await backend()).toBe(before)
    expect(await store.read(counter, 'refused')).toMatchObject({ version: 0 })
  })
})
