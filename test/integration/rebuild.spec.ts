import type pg from 'pg'
import { createOwnerClient } from '../../src/database/pool.js'
import { type Projection, rowProjection } from '../../src/event-store/projection.js'
import { MovedElsewhere } from '../../src/event-store/checkpoints.js'
import { ProjectionRunner } from '../../src/event-store/projection-runner.js'
import { AlreadyRebuildingError, rebuildProjection } from '../../src/event-store/rebuild-projection.js'
import { add, counter, type CounterEvent } from '../support/counter.js'
import { LogFixture } from './log-fixture.js'

// Each test makes a database of its own, or runs commands as processes.
interface CountRow extends Record<string, unknown> {
  id: string
  count: number
  position: number
}

const COUNTS = rowProjection<CounterEvent, CountRow>({
  name: 'counts',
  table: 'counts',
  key: 'id',
  columns: ['id', 'count', 'position'],
  upcasters: counter.upcasters,
  keyOf: ({ streamId }) => streamId,
  evolve: (row, event) => ({ id: event.streamId, count: (row?.count ?? 0) + 1, position: event.position }),
}) as Projection

let log: LogFixture
let owner: pg.Client
let runner: ProjectionRunner

beforeEach(async () => {
  log = await LogFixture.withLog()
  owner = createOwnerClient(log.url)
  await owner.connect()
  await owner.query(`
    create table counts (id text collate "C" primary key, count int not null default 0, position bigint not null, constraint small check (count < 1000)) with (fillfactor = 70);
    create index counts_by_size on counts (count, id);
    create unique index counts_by_position on counts (position) where count > 0;
    grant select, insert, update, delete on counts to evergrant_app;
    grant select on counts to public`)
  runner = new ProjectionRunner(log.pool, [COUNTS], () => undefined)
  while (await runner.advance());
})
afterEach(async () => {
  await owner.end()
  await log.close()
})

const rows = async (): Promise<CountRow[]> => (await log.pool.query<CountRow>(`select id, count, position from counts order by id`)).rows

/** As the command does it: with a second connection to read on. */
async function rebuilding(projection: Projection = COUNTS): ReturnType<typeof rebuildProjection> {
  const [db, reader] = [createOwnerClient(log.url), createOwnerClient(log.url)]
  await Promise.all([db.connect(), reader.connect()])
  try {
    return await rebuildProjection(db, projection, undefined, reader)
  } finally {
    await Promise.all([db.end(), reader.end()])
  }
}

describe('rebuild', () => {
  it('makes the same table from the log', async () => {
    const before = await rows()
    expect(before).toHaveLength(4)
    await owner.query(`update counts set count = 99, position = -position`)
    expect(await rebuilding()).toEqual({ position: 12, events: 12, failed: 0 })
    expect(await rows()).toEqual(before)
  })

  it('leaves the projection where it goes on by itself', async () => {
    await rebuilding()
    await log.seal()
    while (await runner.advance());
    expect((await rows())[0]).toEqual({ id: 'counter-a', count: 5, position: 13 })
  })

  it('brings a projection back that somebody moved ahead of the log', async () => {
    const before = await rows()
    await owner.query(`update checkpoints set position = position + 100000 where name = 'counts'`)
    expect(await rebuilding()).toEqual({ position: 12, events: 12, failed: 0 })
    expect(await rows()).toEqual(before)
    expect((await owner.query(`select position from checkpoints where name = 'counts'`)).rows).toEqual([{ position: 12 }])
  })

  it('catches up with the log where the projection was behind', async () => {
    await log.seal()
    expect(await rebuilding()).toMatchObject({ position: 13 })
    expect((await owner.query(`select position, epoch from checkpoints where name = 'counts'`)).rows).toEqual([{ position: 13, epoch: 1 }])
    // It believes for a second that it stands where it stood; then, or when it wants to keep something, it finds out.
    const moved = await runner.advance().catch((error: unknown) => error)
    expect(moved === false || moved instanceof MovedElsewhere).toBe(true)
    expect(await runner.advance()).toBe(false)
    expect((await rows())[0]).toEqual({ id: 'counter-a', count: 5, position: 13 })
  })

  it('keeps names, settings, owner and grants', async () => {
    const look = async (): Promise<unknown> => {
      const { rows: table } = await owner.query(
        `select relname, nspname, reloptions, relowner, relacl::text from pg_class c join pg_namespace n on n.oid = relnamespace where c.oid = 'counts'::regclass`,
      )
      const { rows: indexes } = await owner.query(`select indexname, indexdef from pg_indexes where tablename = 'counts' order by 1`)
      const { rows: constraints } = await owner.query(
        `select conname, pg_get_constraintdef(oid) from pg_constraint where conrelid = 'counts'::regclass order by 1`,
      )
      return { table, indexes, constraints }
    }
    const before = await look()
    await rebuilding()
    expect(await look()).toEqual(before)
    expect((await owner.query(`select nspname from pg_namespace where nspname like 'rebuild%'`)).rows).toEqual([])
  })

  it('makes the indexes that only readers want at the end', async () => {
    await owner.query('create index counts_by_position_alone on counts (position)')
    const during: string[] = []
    const watched: Projection = {
      ...COUNTS,
      searches: ['position'],
      async apply(events, db, personal) {
        const { rows: indexes } = await db.query<{ name: string }>(
          `select indexrelid::regclass::text as name from pg_index where indrelid = 'counts'::regclass`,
        )
        during.push(...indexes.map(({ name }) => name))
        return COUNTS.apply(events, db, personal)
      },
    }
    await rebuilding(watched)
    expect(during.sort()).toEqual(['counts_by_position', 'counts_by_position_alone', 'counts_pkey'])
    const { rows: after } = await owner.query<{ name: string }>(`select indexname as name from pg_indexes where tablename = 'counts' order by 1`)
    expect(after.map(({ name }) => name)).toEqual(['counts_by_position', 'counts_by_position_alone', 'counts_by_size', 'counts_pkey'])
  })

  it('does without a second connection', async () => {
    const before = await rows()
    await owner.query(`update counts set count = 99`)
    expect(await rebuildProjection(owner, COUNTS)).toMatchObject({ position: 12 })
    expect(await rows()).toEqual(before)
  })

  it('tries failed events again and records those that still fail', async () => {
    await owner.query(
      `insert into failed_events (projection, position, stream_id, version, type, error) values ('counts', 1, 'counter-a', 1, 'Added', 'old'), ('other', 1, 'counter-a', 1, 'Added', 'kept')`,
    )
    const picky: Projection = {
      ...COUNTS,
      apply: (events, db, personal) => {
        if (events.some(({ position }) => position === 5)) throw new Error('no fives')
        return COUNTS.apply(events, db, personal)
      },
    }
    expect(await rebuilding(picky)).toMatchObject({ failed: 1 })
    const { rows: failed } = await owner.query(`select projection, position, error from failed_events order by 1, 2`)
    expect(failed).toEqual([
      { projection: 'counts', position: 5, error: 'no fives' },
      { projection: 'other', position: 1, error: 'kept' },
    ])
    expect((await rows()).find(({ id }) => id === 'counter-b')?.count).toBe(2)
  })

  it('refuses a second one at the same time', async () => {
    let entered = (): void => undefined
    let release = (): void => undefined
    const inside = new Promise<void>((resolve) => (entered = resolve))
    const held = new Promise<void>((resolve) => (release = resolve))
    const slow: Projection = {
      ...COUNTS,
      async apply(events, db, personal) {
        entered()
        await held
        return COUNTS.apply(events, db, personal)
      },
    }
    const first = rebuilding(slow)
    await inside
    await expect(rebuilding()).rejects.toBeInstanceOf(AlreadyRebuildingError)
    release()
    expect(await first).toMatchObject({ position: 12 })
  })

  it('clears up after one that was killed, which had changed nothing', async () => {
    const before = await rows()
    const killed: Projection = {
      ...COUNTS,
      async apply(events, db, personal) {
        await COUNTS.apply(events, db, personal)
        await db.query(`select pg_terminate_backend(pg_backend_pid())`)
      },
    }
    await expect(rebuilding(killed)).rejects.toThrow()
    expect(await rows()).toEqual(before)
    expect((await owner.query(`select nspname from pg_namespace where nspname = 'rebuild_counts'`)).rowCount).toBe(1)
    expect(await rebuilding()).toMatchObject({ position: 12 })
    expect(await rows()).toEqual(before)
  })

  it('says so when the table is not there', async () => {
    await expect(rebuilding({ ...COUNTS, table: 'nonsense' })).rejects.toThrow('there is no table nonsense')
  })

  it('goes unnoticed by writers and by readers of the table', async () => {
    let working = true
    let least = 0
    const acknowledged = new Map<string, number>()
    const write = async (worker: number): Promise<void> => {
      for (let n = 0; working; n++) {
        await log.store.transact(counter, `w${worker}-${n % 40}`, add('writer'))
        if (n % 4 === 0) await log.sealReady()
      }
    }
    const project = async (): Promise<void> => {
      while (working) {
        await runner.advance().catch(() => undefined)
        for (const { id, count } of await rows()) acknowledged.set(id, Math.max(count, acknowledged.get(id) ?? 0))
      }
    }
    const looks: number[] = []
    const read = async (): Promise<void> => {
      while (working) {
        const [before, expected] = [least, new Map(acknowledged)]
        const seen = new Map((await rows()).map(({ id, count }) => [id, count]))
        looks.push(seen.size)
        expect(seen.size).toBeGreaterThanOrEqual(before)
        for (const [id, count] of expected) expect(seen.get(id) ?? 0).toBeGreaterThanOrEqual(count)
        least = Math.max(least, seen.size)
      }
    }
    const others = [write(1), write(2), project(), read(), read(), read()]
    const rebuilds = (async () => {
      for (let n = 0; n < 8; n++) await rebuilding()
    })()
    try {
      await Promise.race([rebuilds, ...others])
      await rebuilds
    } finally {
      working = false
      await Promise.allSettled(others)
    }
    await Promise.all(others)
    expect(looks.length).toBeGreaterThan(50)
    await log.seal()
    while (await runner.advance());
    const built = await rows()
    const { rows: counted } = await owner.query(`select stream_id as id, count(*)::int as count from events group by 1 order by 1`)
    expect(built.map(({ id, count }) => ({ id, count }))).toEqual(counted)
    await rebuilding()
    expect(await rows()).toEqual(built)
  })
})
