import { jest } from '@jest/globals'
import type pg from 'pg'
import { MovedElsewhere, moveCheckpoints, readCheckpoints } from '../../src/event-store/checkpoints.js'
import { createPool } from '../../src/database/pool.js'
import { EventStore } from '../../src/event-store/event-store.js'
import { LogFeed } from '../../src/event-store/log-feed.js'
import { readBatch, START } from '../../src/event-store/log-reader.js'
import { ReactorRunner } from '../../src/event-store/reactor-runner.js'
import { add, counter } from '../support/counter.js'
import { freshDatabase } from '../support/database.js'
import { sealAll } from '../support/log.js'

let pool: pg.Pool
let store: EventStore
/** The names of the statements that were sent. */
let sent: string[]

beforeEach(async () => {
  // A second, for which things are known, is not to pass on a busy machine.
  jest.spyOn(performance, 'now').mockReturnValue(performance.now())
  pool = createPool(await freshDatabase(), 10)
  store = new EventStore(pool)
  sent = []
  const query = pool.query.bind(pool) as (...args: unknown[]) => unknown
  pool.query = ((statement: { name?: string }, ...rest: unknown[]) => {
    if (statement.name !== undefined) sent.push(statement.name)
    return query(statement, ...rest)
  }) as unknown as pg.Pool['query']
})
afterEach(async () => {
  jest.restoreAllMocks()
  await pool.end()
})

const write = async (...ids: string[]): Promise<void> => {
  for (const id of ids) await store.transact(counter, id, add('x'))
  await sealAll(pool)
  sent = []
}
const times = (name: string): number => sent.filter((statement) => statement === name).length

it('asks once for what several readers want in one turn, and each hears all of it', async () => {
  await write('a', 'b')
  const feed = new LogFeed(pool)
  const heard: Record<string, string[]> = { one: [], two: [], three: [] }
  const readers = Object.entries(heard).map(([name, ids]) => {
    const react = (event: { streamId: string }): Promise<void> => Promise.resolve(void ids.push(event.streamId))
    return new ReactorRunner(pool, { name, upcasters: counter.upcasters, react }, () => undefined, feed)
  })
  await new LogFeed(pool).checkpoints(Object.keys(heard))
  sent = []
  expect(await Promise.all(readers.map((reader) => reader.advance()))).toEqual([true, true, true])
  expect(heard).toEqual({ one: ['counter-a', 'counter-b'], two: ['counter-a', 'counter-b'], three: ['counter-a', 'counter-b'] })
  expect([times('checkpoints-of'), times('read-log'), times('move-checkpoints')]).toEqual([1, 1, 1])
  expect((await feed.checkpoints(Object.keys(heard))).map(({ position }) => position)).toEqual([2, 2, 2])
})

it('gives a later reader the batch that an earlier one has got', async () => {
  await write('a')
  const feed = new LogFeed(pool)
  const { upTo } = await feed.read(START)
  await write('b')
  expect((await feed.read(START)).events).toHaveLength(1)
  expect(sent).toEqual([])
  expect((await feed.read(upTo)).events.map(({ streamId }) => streamId)).toEqual(['counter-b'])
})

it('looks again at an end that it has seen before', async () => {
  const feed = new LogFeed(pool)
  expect((await feed.read(START)).events).toEqual([])
  await write('a')
  expect((await feed.read(START)).events).toHaveLength(1)
})

it('moves those that stand where they should, and tells the others', async () => {
  await write('a')
  const feed = new LogFeed(pool)
  const [from] = await feed.checkpoints(['one', 'two'])
  const { upTo } = await feed.read(from!)
  await new LogFeed(pool).move({ name: 'two', from: from!, to: upTo })
  const [one, two] = await Promise.allSettled(['one', 'two'].map((name) => feed.move({ name, from: from!, to: upTo })))
  expect(one).toMatchObject({ status: 'fulfilled' })
  expect((two as PromiseRejectedResult).reason).toBeInstanceOf(MovedElsewhere)
})

it('knows where a reader stands from its moves, and asks again after one that failed', async () => {
  await write('a')
  const feed = new LogFeed(pool)
  const heard: string[] = []
  const react = ({ streamId }: { streamId: string }): Promise<void> => Promise.resolve(void heard.push(streamId))
  const reader = new ReactorRunner(pool, { name: 'one', upcasters: counter.upcasters, react }, () => undefined, feed)
  expect(await reader.advance()).toBe(true)
  await write('b')
  const [from] = await feed.checkpoints(['one'])
  expect(sent).toEqual([])
  const { upTo } = await feed.read(from!)
  await new LogFeed(pool).move({ name: 'one', from: from!, to: upTo })
  await expect(reader.advance()).rejects.toThrow(MovedElsewhere)
  await write('c')
  expect(await reader.advance()).toBe(true)
  expect(heard).toEqual(['counter-a', 'counter-b', 'counter-c'])
})

it('moves without waiting for the disk, with all that is written in the same transaction, and no other', async () => {
  await write('a')
  const [from] = await readCheckpoints(pool, ['one'])
  const setting = async (db: pg.Pool | pg.ClientBase): Promise<string> =>
    (await db.query<{ synchronous_commit: string }>('show synchronous_commit')).rows[0]!.synchronous_commit
  const db = await pool.connect()
  try {
    await db.query(`begin; set local synchronous_commit = on`)
    await moveCheckpoints(db, [{ name: 'one', from: from!, to: { ...from!, position: 1 } }])
    expect(await setting(db)).toBe('off')
    await db.query(`commit; set synchronous_commit = on`)
    await moveCheckpoints(db, [{ name: 'one', from: { ...from!, position: 1 }, to: from! }])
    expect(await setting(db)).toBe('on')
    expect(await readCheckpoints(pool, ['one'])).toMatchObject([{ position: 0 }])
  } finally {
    db.release(true)
  }
})

it('goes by the end that it is told: up to there without a look at seals, and there without any', async () => {
  await write('a', 'b')
  const feed = new LogFeed(pool)
  const end = (await readBatch(pool, START, 10)).upTo
  sent = []
  feed.sealed(end)
  expect(await feed.read(START)).toMatchObject({ events: [{}, {}], upTo: end })
  expect(await feed.read(end)).toMatchObject({ events: [], upTo: end })
  expect(sent).toEqual(['read-log'])
})

it('trusts what it knows for a second', async () => {
  await write('a')
  const feed = new LogFeed(pool)
  const [start] = await feed.checkpoints(['one'])
  const { upTo } = await feed.read(start!)
  feed.sealed(upTo)
  await new LogFeed(pool).move({ name: 'one', from: start!, to: upTo })
  await write('b')
  expect(await feed.checkpoints(['one'])).toMatchObject([{ position: 0 }])
  expect((await feed.read(upTo)).events).toEqual([])
  jest.spyOn(performance, 'now').mockReturnValue(performance.now() + 1000)
  expect(await feed.checkpoints(['one'])).toMatchObject([{ position: 1 }])
  expect((await feed.read(upTo)).events).toHaveLength(1)
})

it('is not stopped by a question that failed', async () => {
  await write('a')
  const feed = new LogFeed(pool)
  const { query } = pool
  pool.query = () => Promise.reject(new Error('no database'))
  await expect(feed.checkpoints(['one'])).rejects.toThrow('no database')
  await expect(feed.read(START)).rejects.toThrow('no database')
  pool.query = query
  expect(await feed.checkpoints(['one'])).toHaveLength(1)
  expect((await feed.read(START)).events).toHaveLength(1)
})
