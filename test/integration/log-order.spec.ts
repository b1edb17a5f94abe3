import type pg from 'pg'
import { ensureEpoch } from '../../src/database/migrate.js'
import { createOwnerClient, createPool } from '../../src/database/pool.js'
import { EventStore } from '../../src/event-store/event-store.js'
import { BrokenLogError, type LoggedEvent, type Place, readBatch, START } from '../../src/event-store/log-reader.js'
import { SealedElsewhere, Sealer } from '../../src/event-store/sealer.js'
import { add, counter } from '../support/counter.js'
import { freshDatabase } from '../support/database.js'
import { sealAll, testSigner } from '../support/log.js'

const pools: pg.Pool[] = []
async function newLog(): Promise<{ pool: pg.Pool; store: EventStore; url: string }> {
  const url = await freshDatabase()
  const pool = createPool(url, 40)
  pools.push(pool)
  return { pool, store: new EventStore(pool), url }
}
afterAll(() => Promise.all(pools.map((pool) => pool.end())))

async function readAll(pool: pg.Pool, from: Place = START, limit = 100): Promise<LoggedEvent[]> {
  const all: LoggedEvent[] = []
  for (;;) {
    const { events, upTo } = await readBatch(pool, from, limit)
    if (events.length === 0) return all
    all.push(...events)
    from = upTo
  }
}
const names = (events: readonly LoggedEvent[]): string[] => events.map(({ streamId, version }) => `${streamId}/${version}`)

it('shows 8 readers each event once and in one order, while 64 writers commit late, roll back, and two sealers race', async () => {
  const { pool, store } = await newLog()
  let writing = true
  const committed: string[] = []
  const writer = async (w: number): Promise<void> => {
    for (let n = 0; n < 12; n++) {
      const id = `${w}-${n % 3}`
      const late = async (db: pg.PoolClient): Promise<void> => {
        await db.query(`select pg_sleep(random() / 50)`)
        if ((w + n) % 5 === 0) throw new Error('changed its mind')
      }
      await store.transact(counter, id, add('x'), {}, n % 2 ? late : undefined).then(
        ({ result }) => committed.push(`counter-${id}/${result}`),
        (error: Error) => expect(error.message).toBe('changed its mind'),
      )
    }
  }
  const seal = async (): Promise<void> => {
    const sealer = new Sealer(pool, testSigner())
    while (writing) await sealer.seal().catch((error: unknown) => expect(error).toBeInstanceOf(SealedElsewhere))
  }
  const reader = async (): Promise<string[]> => {
    const seen: LoggedEvent[] = []
    let from = START
    for (let last = false; ;) {
      const { events, upTo } = await readBatch(pool, from, 50)
      seen.push(...events)
      from = upTo
      if (events.length > 0) continue
      if (last) break
      last = !writing
    }
    expect(seen.map(({ position }) => position)).toEqual(seen.map((_, n) => n + 1))
    return names(seen)
  }
  const sealers = [seal(), seal()]
  const readers = Array.from({ length: 8 }, reader)
  await Promise.all(Array.from({ length: 64 }, (_, w) => writer(w)))
  await sealAll(pool)
  writing = false
  await Promise.all(sealers)
  const [first, ...others] = await Promise.all(readers)
  for (const other of others) expect(other).toEqual(first)
  expect([...first!].sort()).toEqual(committed.sort())
  const versions = new Map<string, number>()
  for (const name of first!) {
    const [stream, version] = name.split('/') as [string, string]
    expect(Number(version)).toBe((versions.get(stream) ?? 0) + 1)
    versions.set(stream, Number(version))
  }
})

it('seals nothing past a transaction that may still add an earlier event', async () => {
  const { pool, store } = await newLog()
  const sealer = new Sealer(pool, testSigner())
  const open = await pool.connect()
  await open.query('begin; select pg_current_xact_id()')
  await store.transact(counter, 'later', add('x'))
  expect(await sealer.seal()).toBe(0)
  await open.query('rollback')
  open.release()
  // Other test files' transactions on the same server may hold it up for a moment, too.
  await sealAll(pool, sealer)
  expect(names(await readAll(pool))).toEqual(['counter-later/1'])
})

it('makes several seals of a long backlog, and reads them in batches that end with a seal', async () => {
  const { pool, store } = await newLog()
  const sealer = new Sealer(pool, testSigner())
  for (let round = 0; round < 5; round++) {
    await Promise.all(Array.from({ length: 20 }, (_, n) => store.transact(counter, `${round}-${n}`, add('x'))))
    await sealAll(pool, sealer)
  }
  expect((await readBatch(pool, START, 45)).upTo.position).toBeLessThanOrEqual(45)
  expect((await readBatch(pool, START, 1)).events.length).toBeGreaterThanOrEqual(1)
  expect((await readAll(pool)).map(({ position }) => position)).toEqual(Array.from({ length: 100 }, (_, n) => n + 1))
})

it('refuses to read on when the sealed events are not as many as their seals say', async () => {
  const { pool, store, url } = await newLog()
  await store.transact(counter, 'a', add('x'))
  await store.transact(counter, 'b', add('x'))
  await sealAll(pool)
  const owner = createOwnerClient(url)
  await owner.connect()
  await owner.query(`set session_replication_role = replica; delete from events where stream_id = 'counter-a'`)
  await owner.end()
  await expect(readAll(pool)).rejects.toThrow(BrokenLogError)
})

describe('a log that was restored into another cluster', () => {
  it('keeps its order: what was unsealed there comes first, what is written here after it', async () => {
    const { pool, store, url } = await newLog()
    await store.transact(counter, 'sealed', add('x'))
    await sealAll(pool)
    await store.transact(counter, 'unsealed', add('x'))
    const owner = createOwnerClient(url)
    await owner.connect()
    // As in a restored dump: transaction ids of the old cluster, far above this one's, and another system identifier.
    await owner.query(`set session_replication_role = replica`)
    await owner.query(`update events set xid = (xid::text::numeric + 1e15)::text::xid8`)
    await owner.query(`update seals set xid = (xid::text::numeric + 1e15)::text::xid8`)
    await owner.query(`update epochs set system_identifier = 'the old cluster'`)
    expect(await ensureEpoch(owner)).toBe(2)
    expect(await ensureEpoch(owner)).toBe(2)
    await owner.end()
    await store.transact(counter, 'new', add('x'))
    await store.transact(counter, 'unsealed', add('x'))
    await sealAll(pool)
    expect(names(await readAll(pool))).toEqual(['counter-sealed/1', 'counter-unsealed/1', 'counter-new/1', 'counter-unsealed/2'])
  })
})
