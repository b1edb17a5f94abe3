import { jest } from '@jest/globals'
import type pg from 'pg'
import { createOwnerClient, createPool } from '../../src/database/pool.js'
import { EventStore } from '../../src/event-store/event-store.js'
import { LogFeed } from '../../src/event-store/log-feed.js'
import { readBatch, START } from '../../src/event-store/log-reader.js'
import { Sealer } from '../../src/event-store/sealer.js'
import { add, counter } from '../support/counter.js'
import { freshDatabase } from '../support/database.js'
import { sealAll, testSigner } from '../support/log.js'

let pool: pg.Pool
let owner: pg.Client
let store: EventStore
let sealer: Sealer

beforeEach(async () => {
  const url = await freshDatabase()
  pool = createPool(url, 4)
  owner = createOwnerClient(url)
  await owner.connect()
  await owner.query('set session_replication_role = replica')
  store = new EventStore(pool)
  sealer = new Sealer(pool, testSigner())
})
afterEach(async () => {
  jest.restoreAllMocks()
  await Promise.all([pool.end(), owner.end()])
})

const write = async (id: string): Promise<void> => {
  await store.transact(counter, id, add('x'))
  await sealAll(pool, sealer)
}

/** The database is from now on one that has not heard of the newest seal and its events. */
async function failOver(): Promise<void> {
  await owner.query(`
    create temporary table lost as select e.stream_id from events e
    where (e.epoch, e.xid, e.sequence) > (select epoch, xid, sequence from seals order by number desc offset 1 limit 1)`)
  await owner.query(`delete from events where stream_id in (select stream_id from lost)`)
  await owner.query(`delete from streams where id in (select stream_id from lost)`)
  await owner.query(`delete from seals where number = (select max(number) from seals)`)
}

describe('after a database took over that lacks the newest seal,', () => {
  beforeEach(async () => {
    for (const id of ['a', 'b', 'lost']) await write(id)
    await failOver()
  })

  it('the sealer that wrote it goes on from what is there', async () => {
    await write('c')
    const { rows } = await pool.query<{ number: number; chained: boolean }>(
      `select number, previous_hash = lag(hash, 1, decode(repeat('00', 32), 'hex')) over (order by number) as chained from seals order by number`,
    )
    expect(rows).toEqual([1, 2, 3].map((number) => ({ number, chained: true })))
    const { events } = await readBatch(pool, START, 10)
    expect(events.map(({ streamId }) => streamId)).toEqual(['counter-a', 'counter-b', 'counter-c'])
  })

  it('it finds within a second what stands below the end that it knew of', async () => {
    const end = sealer.end!
    await store.transact(counter, 'c', add('x'))
    // Transaction numbers of what was lost are given again.
    await owner.query(`update events set xid = $1, sequence = $2 where stream_id = 'counter-c'`, [end.xid, end.sequence - 1])
    jest.spyOn(performance, 'now').mockReturnValue(performance.now() + 1000)
    expect(await sealer.seal()).toBe(1)
  })
})

it('readers hold what they have read of a log that is gone for no longer than a second', async () => {
  for (const id of ['a', 'lost']) await write(id)
  const feed = new LogFeed(pool)
  const { upTo: from } = await readBatch(pool, START, 1)
  expect(await feed.read(from)).toMatchObject({ events: [{ streamId: 'counter-lost' }] })
  await failOver()
  await write('c')
  jest.spyOn(performance, 'now').mockReturnValue(performance.now() + 1000)
  expect(await feed.read(from)).toMatchObject({ events: [{ streamId: 'counter-c' }] })
})
