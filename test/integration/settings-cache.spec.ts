import { randomUUID } from 'node:crypto'
import { SettingsCache, type Versioned } from '../../src/authorization/queries/settings-cache.js'
import { createPool } from '../../src/database/pool.js'
import { EventStore } from '../../src/event-store/event-store.js'
import { add, counter } from '../support/counter.js'
import { databaseUrl } from '../support/own-database.js'
import { eventually, shortest } from '../support/eventually.js'

const pool = createPool(databaseUrl, 4)
const store = new EventStore(pool)
/** The cache's own process, which changes nothing unless a test says so. */
const elsewhere = new EventStore(pool)
afterAll(() => pool.end())

/** A setting that is its stream's count, and how often it was read. */
function setting(): { id: string; reads: () => number; read: () => Promise<Versioned<number> | undefined> } {
  const id = randomUUID()
  let reads = 0
  const read = async (): Promise<Versioned<number> | undefined> => {
    reads++
    const { state, version } = await store.read(counter, id)
    return version === 0 ? undefined : { value: state.count, streamId: `${counter.streamType}-${id}`, version }
  }
  return { id, reads: () => reads, read }
}

describe('settings', () => {
  it('are read once while nothing changes, by however many at a time', async () => {
    const { id, reads, read } = setting()
    await store.transact(counter, id, add('a'))
    const cache = new SettingsCache(pool, elsewhere)
    expect(await Promise.all(Array.from({ length: 10 }, () => cache.get(id, read)))).toEqual(Array.from({ length: 10 }, () => 1))
    const start = performance.now()
    // Past several renewals, which compare versions and do not read again.
    await eventually(async () => (await cache.get(id, read)) === 1 && performance.now() - start > 1500)
    expect(reads()).toBe(1)
  })

  it('that changed anywhere are known within a second', async () => {
    const { id, read } = setting()
    await store.transact(counter, id, add('a'))
    const cache = new SettingsCache(pool, elsewhere)
    expect(await cache.get(id, read)).toBe(1)
    let events = 1
    const untilKnown = async (): Promise<number> => {
      await store.transact(counter, id, add('b'))
      events++
      const changedAt = performance.now()
      await eventually(async () => (await cache.get(id, read)) === events)
      return performance.now() - changedAt
    }
    expect(await shortest(1000, untilKnown)).toBeLessThan(1000)
  })

  it('that its own process changed are known at once', async () => {
    const { id, read } = setting()
    await store.transact(counter, id, add('a'))
    const cache = new SettingsCache(pool, elsewhere)
    for (let n = 1; n < 20; n++) {
      // A reading that is under way meanwhile may answer what was before, and is not held.
      void cache.get(id, read)
      await elsewhere.transact(counter, id, add('b'), {}, () => Promise.resolve())
      expect(await cache.get(id, read)).toBe(n + 1)
    }
  })

  it('that nobody asked for in a while are compared before they are used', async () => {
    const { id, read } = setting()
    await store.transact(counter, id, add('a'))
    const cache = new SettingsCache(pool, elsewhere)
    expect(await cache.get(id, read)).toBe(1)
    await store.transact(counter, id, add('b'))
    const changedAt = performance.now()
    await eventually(() => performance.now() - changedAt > 800)
    expect(await cache.get(id, read)).toBe(2)
  })

  it('that are not there are asked for each time, so that they count as soon as they are made', async () => {
    const { id, read } = setting()
    const cache = new SettingsCache(pool, elsewhere)
    expect(await cache.get(id, read)).toBeUndefined()
    await store.transact(counter, id, add('a'))
    expect(await cache.get(id, read)).toBe(1)
  })
})
