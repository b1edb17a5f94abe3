import { randomUUID } from 'node:crypto'
import { createPool, inTransaction } from '../../src/database/pool.js'
import { lockGuardKey } from '../../src/event-store/append-queue.js'
import type { Decider } from '../../src/event-store/event.js'
import { EventStore } from '../../src/event-store/event-store.js'
import { loginsGuard } from '../../src/users/index.js'
import { add, added, type Counter, counter, type CounterEvent } from '../support/counter.js'
import { databaseUrl } from '../support/own-database.js'
import { eventually } from '../support/eventually.js'

const pool = createPool(databaseUrl, 10)
const [store, otherStore] = [new EventStore(pool), new EventStore(pool)]
afterAll(() => pool.end())

const LONG_AGO = new Date('2026-01-01T00:00:00Z')

/** Counts while nobody has marked its key. */
const guarded = (key: string, after = LONG_AGO): Decider<Counter, CounterEvent> => ({
  ...counter,
  companion: { name: `marked-${key}`, sql: `(select to_jsonb(max(m.before)) from refresh_token_marks m where m.key = '${key}')` },
  seen: (state, companion) => (companion === null ? state : { ...state, last: 'marked' }),
  guards: () => [{ keys: [key], after }],
})
const whileUnmarked = (by: string) => (state: Counter) => ({ events: state.last === 'marked' ? [] : [added(by)], result: state.last === 'marked' })

/** A stream whose ids are keys of guards, as marks' streams are. */
const keys: Decider<Counter, CounterEvent> = { ...counter, streamType: 'key', guardKey: (key) => key }
const markIt = async (of: EventStore, key: string, before = new Date()): Promise<void> => {
  await of.transact(keys, key, add('mark'), {}, (db) => db.query(`insert into refresh_token_marks values ($1, $2, 'api')`, [key, before]).then(() => undefined))
}
const orderOf = async (...streams: string[]): Promise<string[]> => {
  const { rows } = await pool.query<{ id: string }>(`select stream_id as id from events where stream_id = any($1) order by epoch, xid, sequence`, [streams])
  return rows.map(({ id }) => id)
}
const someoneWaits = async (): Promise<boolean> => (await pool.query(`select from pg_locks where locktype = 'advisory' and not granted`)).rowCount! > 0

it('an append that a mark has overtaken is decided again, and its neighbours in the statement are not', async () => {
  const [key, id] = [randomUUID(), randomUUID()]
  const neighbours = Array.from({ length: 8 }, () => randomUUID())
  let asked = 0
  const [{ result }] = await Promise.all([
    store.transact(guarded(key), id, async (state) => {
      asked++
      if (asked === 1) await markIt(otherStore, key)
      return whileUnmarked('late')(state)
    }),
    ...neighbours.map((neighbour, n) => store.transact(n % 2 ? guarded(randomUUID()) : counter, neighbour, add('x'))),
  ])
  expect([asked, result]).toEqual([2, true])
  expect((await store.read(counter, id)).version).toBe(0)
  for (const neighbour of neighbours) expect((await store.read(counter, neighbour)).state.count).toBe(1)
})

it('a mark from before the guard says nothing, and one of its very instant does', async () => {
  const key = randomUUID()
  const instant = new Date('2026-02-01T00:00:00.123Z')
  await markIt(store, key, instant)
  const later = { ...guarded(key, new Date(instant.getTime() + 1)), seen: (state: Counter) => state }
  expect((await store.transact(later, randomUUID(), whileUnmarked('x'))).result).toBe(false)
  expect((await store.transact(guarded(key, instant), randomUUID(), whileUnmarked('x'))).result).toBe(true)
})

it('a mark waits for what was appended without knowing of it, and stands after it in the log', async () => {
  const [key, id] = [randomUUID(), randomUUID()]
  let marking: Promise<void> | undefined
  await store.transact(guarded(key), id, whileUnmarked('first'), {}, async () => {
    // The append is done and not yet committed.
    marking = markIt(otherStore, key)
    await eventually(someoneWaits)
  })
  await marking
  expect(await orderOf(`counter-${id}`, `key-${key}`)).toEqual([`counter-${id}`, `key-${key}`])
})

it('an append waits for a mark under way, and then does not happen; one under another key does not wait', async () => {
  const [key, id, other] = [randomUUID(), randomUUID(), randomUUID()]
  let late: Promise<{ result: boolean }> | undefined
  await inTransaction(pool, async (db) => {
    await lockGuardKey(db, key)
    late = store.transact(guarded(key), id, whileUnmarked('late'))
    await eventually(someoneWaits)
    await otherStore.transact(guarded(randomUUID()), other, whileUnmarked('x'))
    await db.query(`insert into refresh_token_marks values ($1, now(), 'api')`, [key])
  })
  expect((await late!).result).toBe(true)
  expect(await orderOf(`counter-${id}`, `counter-${other}`)).toEqual([`counter-${other}`])
})

describe('the end of a user’s logins', () => {
  const somebody = async (): Promise<string> => {
    const userId = `auth0|${randomUUID()}`
    await pool.query(`insert into users (user_id, connection_id, document, created_at, updated_at) values ($1, 'con_1', '{}', now(), now())`, [userId])
    return userId
  }
  const asRead = (userId: string): Decider<Counter, CounterEvent> => ({
    ...counter,
    companion: { name: `logins-${userId}`, sql: `(select to_jsonb(u) from users u where u.user_id = '${userId}')` },
    guards: (_, row) => [loginsGuard(userId, { loginsEndedAt: (row as { logins_ended_at: string | null }).logins_ended_at })],
  })
  const end = (userId: string, at: Date): Promise<unknown> =>
    otherStore.transact(keys, `logins:${userId}`, add('end'), {}, (db) =>
      db.query('update users set logins_ended_at = $2 where user_id = $1', [userId, at]).then(() => undefined),
    )

  it('has an append that was decided before it decided again, and is known then, even one of an earlier time', async () => {
    const userId = await somebody()
    const [first, second] = [new Date('2026-02-01T00:00:00.123Z'), new Date('2026-02-01T00:00:00.124Z')]
    for (const at of [first, second]) {
      let asked = 0
      await store.transact(asRead(userId), randomUUID(), async (state) => {
        if (++asked === 1) await end(userId, at)
        return add('x')(state)
      })
      expect(asked).toBe(2)
    }
    const stranger = await somebody()
    let asked = 0
    await store.transact(asRead(stranger), randomUUID(), (state) => (asked++, add('x')(state)))
    expect(asked).toBe(1)
  })

  it('waits for what was appended without knowing of it', async () => {
    const [userId, id] = [await somebody(), randomUUID()]
    let ending: Promise<unknown> | undefined
    await store.transact(asRead(userId), id, add('first'), {}, async () => {
      ending = end(userId, new Date())
      await eventually(someoneWaits)
    })
    await ending
    expect(await orderOf(`counter-${id}`, `key-logins:${userId}`)).toEqual([`counter-${id}`, `key-logins:${userId}`])
  })

  it('stands in the way of whoever is gone', async () => {
    const userId = await somebody()
    const gone = { ...asRead(userId), seen: (state: Counter, row: unknown) => (row === null ? { ...state, last: 'marked' } : state) }
    const { result } = await store.transact(gone, randomUUID(), async (state) => {
      await pool.query('delete from users where user_id = $1', [userId])
      return whileUnmarked('late')(state)
    })
    expect(result).toBe(true)
  })
})

it('many appends under many keys, in whatever order they name them, do not block each other for ever', async () => {
  const all = Array.from({ length: 12 }, () => randomUUID())
  const both = (n: number): Decider<Counter, CounterEvent> => ({
    ...counter,
    guards: () => [{ keys: n % 2 ? all : [...all].reverse(), after: new Date(Date.now() + 3_600_000) }],
  })
  const ids = Array.from({ length: 120 }, () => randomUUID())
  await Promise.all([
    ...ids.map((id, n) => (n % 3 ? store : otherStore).transact(both(n), id, add('x'))),
    ...all.map((key, n) => markIt(n % 2 ? store : otherStore, key)),
  ])
  for (const id of ids) expect((await store.read(counter, id)).state.count).toBe(1)
})
