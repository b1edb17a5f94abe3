import type pg from 'pg'
import { createPool } from '../../src/database/pool.js'
import { CatchUp } from '../../src/event-store/catch-up.js'
import type { SealedEvent } from '../../src/event-store/event.js'
import { EventStore } from '../../src/event-store/event-store.js'
import { NotYetError, type Projection, rowProjection } from '../../src/event-store/projection.js'
import { MovedElsewhere } from '../../src/event-store/checkpoints.js'
import { ProjectionRunner } from '../../src/event-store/projection-runner.js'
import { ReactorRunner } from '../../src/event-store/reactor-runner.js'
import { add, counter, type CounterEvent } from '../support/counter.js'
import { freshDatabase } from '../support/database.js'
import { sealAll } from '../support/log.js'

interface CountRow extends Record<string, unknown> {
  id: string
  count: number
  position: number
}

let pool: pg.Pool
let store: EventStore
let failures: { projection: string; position: number }[]
const onFailure = (failure: { projection: string; position: number }): number => failures.push(failure)

beforeEach(async () => {
  const url = await freshDatabase()
  pool = createPool(url, 10)
  store = new EventStore(pool)
  failures = []
  const { createOwnerClient } = await import('../../src/database/pool.js')
  const owner = createOwnerClient(url)
  await owner.connect()
  await owner.query(
    `create table counts (id text primary key, count int not null check (count < 100), position bigint not null); grant all on counts to evergrant_app`,
  )
  await owner.end()
})
afterEach(() => pool.end())

const counts = (over: Partial<Projection<CounterEvent>> = {}): Projection => ({
  ...rowProjection<CounterEvent, CountRow>({
    name: 'counts',
    table: 'counts',
    key: 'id',
    columns: ['id', 'count', 'position'],
    upcasters: counter.upcasters,
    keyOf: ({ streamId }) => streamId,
    evolve: (row, event) => (event.type === 'Cleared' ? undefined : { id: event.streamId, count: (row?.count ?? 0) + 1, position: event.position }),
  }),
  ...over,
})
const rows = async (): Promise<CountRow[]> => (await pool.query<CountRow>(`select id, count, position from counts order by id`)).rows
const clear = () => ({ events: [{ type: 'Cleared' as const, data: {} }], result: null })
const runAll = async (runner: ProjectionRunner | ReactorRunner): Promise<void> => {
  while (await runner.advance());
}

it('keeps one row per key, over several batches, and takes it away again', async () => {
  const runner = new ProjectionRunner(pool, [counts()], onFailure)
  await store.transact(counter, 'a', add('x'))
  await store.transact(counter, 'b', add('x'))
  await store.transact(counter, 'a', add('x'))
  await sealAll(pool)
  await runAll(runner)
  expect(await rows()).toEqual([
    { id: 'counter-a', count: 2, position: 3 },
    { id: 'counter-b', count: 1, position: 2 },
  ])
  await store.transact(counter, 'a', clear)
  await store.transact(counter, 'b', add('x'))
  await sealAll(pool)
  await runAll(runner)
  expect(await rows()).toEqual([{ id: 'counter-b', count: 2, position: 5 }])
})

it('counts every event once when two runners race', async () => {
  await Promise.all(Array.from({ length: 60 }, (_, n) => store.transact(counter, `${n % 4}`, add('x'))))
  const race = async (): Promise<void> => {
    const runner = new ProjectionRunner(pool, [counts()], onFailure)
    for (let more = true; more;) {
      more = await runner.advance().catch((error: unknown) => {
        expect(error).toBeInstanceOf(MovedElsewhere)
        return true
      })
    }
  }
  await sealAll(pool)
  await Promise.all([race(), race(), race()])
  expect((await rows()).map(({ count }) => count)).toEqual([15, 15, 15, 15])
  expect(failures).toEqual([])
})

it('records an event it cannot handle, keeps the rest of its batch, and stops no other projection', async () => {
  const picky = counts({
    name: 'picky',
    async apply(events, db) {
      for (const { streamId, position } of events) {
        if (streamId === 'counter-bad') throw new Error('cannot handle this')
        await db.query(`insert into counts values ($1, $2, $3)`, [`picky ${position}`, streamId === 'counter-worse' ? 100 : 1, position])
      }
    },
  })
  for (const id of ['good', 'bad', 'worse', 'fine']) await store.transact(counter, id, add('x'))
  await sealAll(pool)
  await runAll(new ProjectionRunner(pool, [picky, counts()], onFailure))
  expect((await rows()).map(({ id }) => id)).toEqual(['counter-bad', 'counter-fine', 'counter-good', 'counter-worse', 'picky 1', 'picky 4'])
  const failed = await pool.query(`select projection, position, stream_id, version, type, error from failed_events order by position`)
  expect(failed.rows).toMatchObject([
    { projection: 'picky', position: 2, stream_id: 'counter-bad', version: 1, type: 'Added', error: 'cannot handle this' },
    { projection: 'picky', position: 3, stream_id: 'counter-worse', error: expect.stringContaining('check constraint') },
  ])
  expect(failures).toMatchObject([{ position: 2 }, { position: 3 }])
})

it('lets a new projection start at the beginning and join the others at the head', async () => {
  await store.transact(counter, 'a', add('x'))
  await sealAll(pool)
  await runAll(new ProjectionRunner(pool, [counts({ name: 'old', apply: () => Promise.resolve() })], onFailure))
  await store.transact(counter, 'a', add('x'))
  await sealAll(pool)
  const seen: [string, number][] = []
  const watching = (name: string): Projection =>
    counts({ name, apply: (events) => Promise.resolve(events.forEach(({ position }) => seen.push([name, position]))) })
  await runAll(new ProjectionRunner(pool, [watching('old'), watching('new')], onFailure))
  expect(seen.sort()).toEqual([
    ['new', 1],
    ['new', 2],
    ['old', 2],
  ])
})

describe('a reactor', () => {
  const reactor = (react: (event: SealedEvent<CounterEvent>) => Promise<void>): ReactorRunner =>
    new ReactorRunner(pool, { name: 'echo', upcasters: counter.upcasters, react }, onFailure)

  it('gets each event in order, and again those whose checkpoint was not reached', async () => {
    for (const id of ['a', 'b', 'c']) await store.transact(counter, id, add('x'))
    await sealAll(pool)
    const seen: number[] = []
    const killed = reactor(({ position }) => {
      seen.push(position)
      return position === 2 && seen.length === 2 ? Promise.reject(new NotYetError('later')) : Promise.resolve()
    })
    await expect(killed.advance()).rejects.toThrow(NotYetError)
    await runAll(killed)
    expect(seen).toEqual([1, 2, 1, 2, 3])
    expect(failures).toEqual([])
  })

  it('records an event that keeps failing and goes on', async () => {
    for (const id of ['a', 'b', 'c']) await store.transact(counter, id, add('x'))
    await sealAll(pool)
    const done: number[] = []
    await runAll(reactor(({ position }) => (position === 2 ? Promise.reject(new Error('never')) : Promise.resolve(void done.push(position)))))
    expect(done).toEqual([1, 3])
    expect((await pool.query(`select projection, position, error from failed_events`)).rows).toEqual([{ projection: 'echo', position: 2, error: 'never' }])
  })
})

describe('caughtUp', () => {
  it('is true at once for an empty log, and false when the projection stays behind', async () => {
    const catchUp = new CatchUp(pool)
    expect(await catchUp.caughtUp('counts', 0)).toBe(true)
    await store.transact(counter, 'a', add('x'))
    expect(await catchUp.caughtUp('counts', 20)).toBe(false)
  })

  it('waits for what was committed when it was asked, and no longer', async () => {
    const catchUp = new CatchUp(pool)
    const runner = new ProjectionRunner(pool, [counts()], onFailure)
    const { mark } = await store.transact(counter, 'a', add('x'))
    const waiting = catchUp.caughtUp('counts', 60_000)
    await sealAll(pool)
    await runAll(runner)
    expect(await waiting).toBe(true)
    await store.transact(counter, 'a', add('x'))
    expect(await catchUp.caughtUp('counts', 0, mark)).toBe(true)
    expect(await catchUp.caughtUp('counts', 0)).toBe(false)
    expect(await catchUp.passed('counts', 1, 0)).toBe(true)
    expect(await catchUp.passed('counts', 2, 0)).toBe(false)
  })
})
