import type pg from 'pg'
import { ensureEventPartitions } from '../../src/database/migrate.js'
import { createOwnerClient, createPool } from '../../src/database/pool.js'
import { EventStore } from '../../src/event-store/event-store.js'
import { add, counter } from '../support/counter.js'
import { freshDatabase } from '../support/database.js'

let pool: pg.Pool
let owner: pg.Client
let reader: pg.Client

beforeEach(async () => {
  const url = await freshDatabase()
  pool = createPool(url, 4)
  ;[owner, reader] = [createOwnerClient(url), createOwnerClient(url)]
  await Promise.all([owner.connect(), reader.connect()])
})
afterEach(() => Promise.all([pool.end(), owner.end(), reader.end()]))

const months = async (): Promise<number> =>
  (await owner.query(`select from pg_inherits where inhparent = 'events'::regclass and inhrelid::regclass::text ~ '^events_\\d'`)).rowCount!

it('a month is prepared without holding up appends, whoever reads the log at the time', async () => {
  const all = await months()
  await owner.query(`do $$ begin execute format('drop table events_%s', to_char(current_date + interval '2 months', 'YYYY_MM')); end $$`)
  // As a backup or `verify` does, for as long as it takes.
  await reader.query('begin isolation level repeatable read; select from events limit 1')
  const preparing = ensureEventPartitions(pool)
  const began = performance.now()
  await new EventStore(pool).transact(counter, 'a', add('x'))
  expect(performance.now() - began).toBeLessThan(2000)
  expect(await preparing).toBe(false)
  expect(await months()).toBe(all - 1)
  await reader.query('commit')
  expect(await ensureEventPartitions(pool)).toBe(true)
  expect(await months()).toBe(all)
})
