import type pg from 'pg'
import type { CounterEvent } from '../support/counter.js'
import { add, added, type Counter, counter } from '../support/counter.js'
import { createOwnerClient, createPool } from '../../src/database/pool.js'
import type { Decider } from '../../src/event-store/event.js'
import { EventStore } from '../../src/event-store/event-store.js'
import { eventHash, ZERO_HASH } from '../../src/event-store/hashes.js'
import { databaseUrl } from '../support/own-database.js'

const pool = createPool(databaseUrl, 8)
const otherPool = createPool(databaseUrl, 8)
const store = new EventStore(pool)
const otherStore = new EventStore(otherPool)
const owner = createOwnerClient(databaseUrl)

beforeAll(() => owner.connect())
afterAll(() => Promise.all([pool.end(), otherPool.end(), owner.end()]))

let nextId = 0
const newId = (): string => `id${nextId++}`
const eventsOf = async (id: string): Promise<Record<string, unknown>[]> =>
  (
    await owner.query<Record<string, unknown>>(`select version, type, data::text, metadata::text, hash from events where stream_id = $1 order by version`, [
      `counter-${id}`,
    ])
  ).rows

describe('transact', () => {
  it('keeps events, state and version of a stream', async () => {
    const id = newId()
    await store.transact(counter, id, add('a'))
    const { result, mark } = await store.transact(counter, id, add('b'), { actor: 'tester' })
    expect(result).toBe(2)
    expect(mark).toEqual({ epoch: 1, xid: expect.stringMatching(/^\d+$/), sequence: expect.any(Number), sequences: [expect.any(Number)] })
    expect(await store.read(counter, id)).toMatchObject({ state: { count: 2, last: 'b' }, version: 2 })
    expect(await store.history(counter, id)).toMatchObject([
      { type: 'Added', data: { by: 'a' }, version: 1, streamId: `counter-${id}` },
      { type: 'Added', data: { by: 'b' }, version: 2, metadata: { actor: 'tester' } },
    ])
  })

  it('chains the hashes of a stream over the stored text', async () => {
    const id = newId()
    await store.transact(counter, id, () => ({ events: [added('ä "1"\n'), added('2')], result: undefined }))
    await store.transact(counter, id, add('3'))
    let previous = ZERO_HASH
    for (const event of await eventsOf(id)) {
      const { version, type, data, metadata, hash } = event as { version: number; type: string; data: string; metadata: string; hash: Buffer }
      previous = eventHash(previous, { streamId: `counter-${id}`, version, type, schemaVersion: 1, data, metadata })
      expect(hash).toEqual(previous)
    }
    const { rows } = await owner.query<{ head_hash: Buffer }>(`select head_hash from streams where id = $1`, [`counter-${id}`])
    expect(rows[0]!.head_hash).toEqual(previous)
  })

  it('writes nothing when nothing was decided', async () => {
    const id = newId()
    expect(await store.transact(counter, id, () => ({ events: [], result: 'no' }))).toEqual({ result: 'no' })
    expect(await store.read(counter, id)).toMatchObject({ version: 0, state: counter.initial })
  })

  it('writes nothing when the decision throws', async () => {
    const id = newId()
    const refused = store.transact(counter, id, () => {
      throw new Error('cannot be')
    })
    await expect(refused).rejects.toThrow('cannot be')
    expect(await eventsOf(id)).toEqual([])
  })

  it('counts each of 64 simultaneous commands from two processes exactly once', async () => {
    const id = newId()
    const results = await Promise.all(Array.from({ length: 64 }, (_, n) => (n % 2 ? store : otherStore).transact(counter, id, add(`c${n}`))))
    expect(results.map(({ result }) => result).sort((a, b) => a - b)).toEqual(Array.from({ length: 64 }, (_, n) => n + 1))
    const events = await eventsOf(id)
    expect(events.map(({ version }) => version)).toEqual(Array.from({ length: 64 }, (_, n) => n + 1))
    expect(new Set(events.map(({ data }) => data)).size).toBe(64)
  })

  it('gives the decision the database clock, never earlier than the last event of the stream', async () => {
    const id = newId()
    await store.transact(counter, id, add('a'))
    await owner.query(`update streams set last_at = now() + interval '1 hour' where id = $1`, [`counter-${id}`])
    const { result } = await store.transact(counter, id, (_, now) => ({ events: [added('b')], result: now }))
    expect(result.getTime()).toBeGreaterThan(Date.now() + 3_500_000)
    const last = (await store.history(counter, id)).at(-1)!
    expect(last.metadata.at).toBe(result.toISOString())
  })

  it('folds again from the events when the state is of another version', async () => {
    const id = newId()
    await store.transact(counter, id, add('a'))
    await store.transact(counter, id, add('b'))
    const newer: Decider<Counter & { twice: number }, CounterEvent> = {
      ...counter,
      initial: { count: 0, last: null, twice: 0 },
      stateVersion: 2,
      evolve: (state, event, metadata) => ({ ...counter.evolve(state, event, metadata), twice: state.twice + 2 }),
    }
    expect((await store.read(newer, id)).state).toEqual({ count: 2, last: 'b', twice: 4 })
    await store.transact(newer, id, (state) => ({ events: [added('c')], result: state }))
    const { rows } = await owner.query(`select state, state_version from streams where id = $1`, [`counter-${id}`])
    expect(rows).toEqual([{ state: { count: 3, last: 'c', twice: 6 }, state_version: 2 }])
  })
})

describe('appends that share a statement', () => {
  it('keep their own outcomes: a conflict and a value that the database refuses harm no neighbour', async () => {
    const ids = Array.from({ length: 40 }, newId)
    const conflicting = ids[3]!
    const hostile = ids[7]!
    const outcomes = await Promise.allSettled(
      ids.map((id) =>
        store.transact(counter, id, async (state) => {
          if (id === conflicting && state.count === 0) await otherStore.transact(counter, id, add('first'))
          return { events: [added(id === hostile ? 'nul\u0000' : id)], result: state.count + 1 }
        }),
      ),
    )
    const failed = outcomes.map(({ status }, n) => (status === 'rejected' ? ids[n] : undefined)).filter(Boolean)
    expect(failed).toEqual([hostile])
    expect(outcomes[3]).toMatchObject({ value: { result: 2 } })
    expect(await eventsOf(hostile)).toEqual([])
    const { rows } = await owner.query<{ count: number }>(`select count(*) from streams where id = any($1)`, [ids.map((id) => `counter-${id}`)])
    expect(rows[0]!.count).toBe(39)
  })
})

describe('reads that share a statement', () => {
  it('each get their own stream, and an id that the database refuses fails alone', async () => {
    const ids = Array.from({ length: 40 }, newId)
    await Promise.all(ids.map((id) => store.transact(counter, id, add(id))))
    const [hostile, ...reads] = await Promise.allSettled(['nul\u0000', ...ids, ids[0]!].map((id) => store.read(counter, id)))
    expect(hostile).toMatchObject({ status: 'rejected', reason: { code: '22021' } })
    expect(reads.map((read) => (read as { value: { state: Counter } }).value.state.last)).toEqual([...ids, ids[0]])
  })

  it('answer a companion with the row, as of the same moment', async () => {
    const id = newId()
    await store.transact(counter, id, add('a'))
    const withName = { ...counter, companion: { name: 'test', sql: `(select upper(s.id) || (s.state->>'last'))` } }
    const { result } = await store.transact(withName, id, (_state, _now, companion) => ({ events: [], result: companion }))
    expect(result).toBe(`COUNTER-${id.toUpperCase()}a`)
    expect((await store.transact(withName, newId(), (_state, _now, companion) => ({ events: [], result: companion }))).result).toBeNull()
  })
})

describe('changes of tables alongside', () => {
  const exists = async (holder: string): Promise<boolean> => (await owner.query(`select 1 from leases where name = $1`, [holder])).rowCount === 1
  const insert = (name: string) => (db: pg.PoolClient) => db.query(`insert into leases values ($1, 'h', now())`, [name]).then(() => undefined)

  it('commit with the event', async () => {
    const id = newId()
    await store.transact(counter, id, add('a'), {}, insert(id))
    expect([await exists(id), (await eventsOf(id)).length]).toEqual([true, 1])
  })

  it('take the event back when they fail', async () => {
    const id = newId()
    await store.transact(counter, id, add('a'), {}, insert(id))
    await expect(store.transact(counter, id, add('b'), {}, insert(id))).rejects.toMatchObject({ code: '23505' })
    await expect(store.transact(counter, id, add('b'), {}, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect((await eventsOf(id)).length).toBe(1)
  })

  it('never put events of one stream out of order, however their transactions overlap', async () => {
    const id = newId()
    const slow = (db: pg.PoolClient): Promise<void> => db.query(`select pg_sleep(random() / 100)`).then(() => undefined)
    await Promise.all(Array.from({ length: 30 }, (_, n) => (n % 2 ? store : otherStore).transact(counter, id, add('x'), {}, n % 3 ? slow : undefined)))
    const { rows } = await owner.query<{ version: number }>(`select version from events where stream_id = $1 order by epoch, xid, sequence`, [`counter-${id}`])
    expect(rows.map(({ version }) => version)).toEqual(Array.from({ length: 30 }, (_, n) => n + 1))
  })
})

describe('who may change the log', () => {
  const changes = [
    `update events set type = 'x'`,
    `delete from events`,
    `truncate events`,
    `update seals set number = 9`,
    `delete from seals`,
    `truncate seals`,
  ]

  beforeAll(async () => {
    await store.transact(counter, newId(), add('a'))
    await owner.query(`
      insert into seals values (1000000, 1000000, 1000000, 0, '1', 1, '', '', '', now(), '', 'k', '')`)
  })
  afterAll(async () => {
    await owner.query(`set session_replication_role = replica; delete from seals where number = 1000000; set session_replication_role = origin`)
  })

  it.each(changes)('the service may not: %s', async (sql) => {
    await expect(pool.query(sql)).rejects.toThrow(/permission denied/)
  })

  it.each(changes)('a trigger refuses even the owner: %s', async (sql) => {
    await expect(owner.query(sql)).rejects.toThrow(/insert-only/)
  })

  it('a trigger refuses the owner on each partition', async () => {
    const { rows } = await owner.query<{ part: string }>(`select inhrelid::regclass::text as part from pg_inherits where inhparent = 'events'::regclass`)
    expect(rows.length).toBeGreaterThan(3)
    for (const { part } of rows) await expect(owner.query(`truncate ${part}`)).rejects.toThrow(/insert-only/)
  })

  it('the service may make partitions only through their function', async () => {
    await pool.query(`select create_event_partition('2031-05-17')`)
    const { rows } = await owner.query(`select pg_get_expr(relpartbound, oid) as bound from pg_class where relname = 'events_2031_05'`)
    expect(rows).toEqual([{ bound: `FOR VALUES FROM ('2031-05-01 00:00:00+00') TO ('2031-06-01 00:00:00+00')` }])
    await expect(pool.query(`create table mine (a int)`)).rejects.toThrow(/permission denied/)
  })
})
