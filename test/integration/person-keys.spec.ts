import { randomBytes, randomUUID } from 'node:crypto'
import { createOwnerClient, createPool } from '../../src/database/pool.js'
import type { PersonalData } from '../../src/event-store/event.js'
import { EventStore } from '../../src/event-store/event-store.js'
import { eventHash, ZERO_HASH } from '../../src/event-store/hashes.js'
import { PersonKeys } from '../../src/keys/person-keys.js'
import { keyIdOf } from '../../src/keys/person-cipher.js'
import { RootKeys } from '../../src/keys/root-key.js'
import { visitorsOf } from '../../src/keys/visitor.js'
import { databaseUrl } from '../support/own-database.js'
import { dumpTables, formsOf } from '../support/dump.js'
import { eventually, shortest } from '../support/eventually.js'

const pool = createPool(databaseUrl, 8)
const store = new EventStore(pool)
const root = randomBytes(32)
const worker = (): PersonKeys => new PersonKeys(pool, store, new RootKeys([root]))
const owner = createOwnerClient(databaseUrl)

beforeAll(() => owner.connect())
afterAll(() => Promise.all([pool.end(), owner.end()]))

const newPerson = (): string => `auth0|${randomUUID()}`

/** How many statements the pool runs while `work` does. */
async function statements(work: () => Promise<unknown>): Promise<number> {
  const original = pool.query.bind(pool)
  let count = 0
  pool.query = ((...args: Parameters<typeof original>) => {
    count++
    return original(...args)
  }) as typeof pool.query
  try {
    await work()
  } finally {
    pool.query = original
  }
  return count
}

describe('person keys', () => {
  it('open on one worker what another one sealed', async () => {
    const person = newPerson()
    const sealed = await worker().seal(person, { ip: '203.0.113.5' })
    expect(sealed).toMatch(/^pd1\.[0-9a-f-]{36}\./)
    expect(sealed).not.toContain('203')
    expect(await worker().open(sealed)).toEqual({ ip: '203.0.113.5' })
  })

  it('that were read beside something else are asked for no more, until they are too old to open with', async () => {
    const person = newPerson()
    const sealed = await worker().seal(person, 'x')
    const { rows } = await pool.query<{ id: string; person_id: string; encrypted_key: string }>(
      'select id, person_id, encrypted_key from person_keys where person_id = $1',
      [person],
    )
    const keys = worker()
    keys.learn(rows[0]!, performance.now())
    expect(await statements(() => Promise.all([keys.seal(person, 'y'), keys.open(sealed)]))).toBe(0)
    const late = worker()
    late.learn(rows[0]!, performance.now() - 60_000)
    expect(await statements(() => late.open(sealed))).toBe(1)
  })

  it('make one key when many workers need a new person at once', async () => {
    const person = newPerson()
    const workers = Array.from({ length: 8 }, worker)
    const sealed = await Promise.all(workers.flatMap((keys, n) => [keys.seal(person, n), keys.seal(person, n)]))
    expect(new Set(sealed.map((text) => text.split('.')[1])).size).toBe(1)
    expect(await worker().openMany(sealed)).toEqual([0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7])
  })

  it('are not made for somebody who may be gone: the day’s visitors lend theirs', async () => {
    const [gone, known] = [newPerson(), newPerson()]
    const keyOf = async (person: string): Promise<string | undefined> =>
      (await pool.query<{ id: string }>('select id from person_keys where person_id = $1', [person])).rows[0]?.id
    await worker().seal(known, 'x')
    const keys = worker()
    const [ofGone, ofKnown] = await Promise.all([keys.sealIfKnown(gone, 'left'), keys.sealIfKnown(known, 'kept')])
    expect(await worker().openMany([ofGone, ofKnown])).toEqual(['left', 'kept'])
    expect([keyIdOf(ofGone), keyIdOf(ofKnown)]).toEqual([await keyOf(visitorsOf()), await keyOf(known)])
    expect(await keyOf(gone)).toBeUndefined()
    // Who asked for theirs in the same moment gets it.
    const asked = worker()
    expect(await asked.openMany(await Promise.all([asked.sealIfKnown(gone, 1), asked.seal(gone, 2)]))).toEqual([1, 2])
    expect(await keyOf(gone)).toBeDefined()
  })

  it('do not deadlock when workers make the keys of the same people in different order', async () => {
    const people = Array.from({ length: 50 }, newPerson)
    const seals = (keys: PersonKeys, order: readonly string[]): Promise<PersonalData>[] => order.map((person) => keys.seal(person, person))
    const sealed = await Promise.all([...seals(worker(), people), ...seals(worker(), [...people].reverse())])
    expect(await worker().openMany(sealed)).toEqual([...people, ...[...people].reverse()])
  })

  it('ask once for a list, however many people are in it', async () => {
    const keys = worker()
    const sealed = await Promise.all(Array.from({ length: 40 }, (_, n) => keys.seal(newPerson(), n)))
    const fresh = worker()
    expect(await statements(() => fresh.openMany(sealed))).toBe(1)
    expect(await statements(() => fresh.openMany(sealed))).toBe(0)
  })

  it('seal again without asking the database, in microseconds', async () => {
    const keys = worker()
    const person = newPerson()
    await keys.seal(person, 'x')
    const thousandfold = async (): Promise<number> => {
      const before = performance.now()
      for (let n = 0; n < 1000; n++) await keys.seal(person, '203.0.113.5')
      return performance.now() - before
    }
    expect(await statements(async () => expect(await shortest(500, thousandfold)).toBeLessThan(500))).toBe(0)
  })

  it('refuse what is no personal data', async () => {
    await expect(worker().open('clear' as PersonalData)).rejects.toThrow('not personal data')
  })
})

describe('erasing a person', () => {
  it('makes everything unreadable, on other workers within a second, and may be repeated', async () => {
    const [here, there] = [worker(), worker()]
    const untilUnreadable = async (): Promise<number> => {
      const person = newPerson()
      const sealed = await here.seal(person, 'value')
      expect(await there.open(sealed)).toBe('value')
      expect(await here.erase(person)).toBe(true)
      const erasedAt = performance.now()
      expect(await here.open(sealed)).toBeUndefined()
      await eventually(async () => (await there.open(sealed)) === undefined)
      const took = performance.now() - erasedAt
      expect(await worker().open(sealed)).toBeUndefined()
      expect(await here.erase(person)).toBe(false)
      return took
    }
    expect(await shortest(1000, untilUnreadable)).toBeLessThan(1000)
    expect(await there.erase(newPerson())).toBe(false)
  })

  it('is recorded once, when two workers do it at once, without naming the person', async () => {
    const person = newPerson()
    const keyId = (await worker().seal(person, 'value')).split('.')[1]!
    const done = await Promise.all([worker(), worker(), worker()].map((keys) => keys.erase(person, { actor: 'operator' })))
    expect(done.filter(Boolean)).toHaveLength(1)
    const { rows } = await owner.query<{ text: string }>(`select e::text as text from events e where stream_id = $1`, [`person-${keyId}`])
    expect(rows).toHaveLength(1)
    expect(rows[0]!.text).not.toContain(person.slice(6))
  })

  it('keeps what was sealed before unreadable when the person comes back', async () => {
    const person = newPerson()
    const [here, there] = [worker(), worker()]
    const old = await there.seal(person, 'old')
    await here.erase(person)
    const fresh = await there.seal(person, 'new', { current: true })
    expect(await worker().open(fresh)).toBe('new')
    expect(await worker().open(old)).toBeUndefined()
    expect(await there.openMany([old, fresh])).toEqual([undefined, 'new'])
  })

  it('is noticed by a worker that only seals', async () => {
    const [here, there] = [worker(), worker()]
    const untilNoticed = async (): Promise<number> => {
      const person = newPerson()
      await there.seal(person, 1)
      await here.erase(person)
      const erasedAt = performance.now()
      await eventually(async () => (await here.open(await there.seal(person, 2))) === 2)
      return performance.now() - erasedAt
    }
    expect(await shortest(2000, untilNoticed)).toBeLessThan(2000)
  })

  it('loses nothing of a person who is being erased and recreated all the time but what was sealed before', async () => {
    const person = newPerson()
    const keys = worker()
    const erasing = (async () => {
      for (let n = 0; n < 20; n++) await worker().erase(person)
    })()
    const sealed = await Promise.all(Array.from({ length: 20 }, (_, n) => worker().seal(person, n, { current: true })))
    await erasing
    for (const [n, value] of (await keys.openMany(sealed)).entries()) expect([undefined, n]).toContain(value)
  })

  it('leaves no readable byte, and hashes that verify', async () => {
    const planted = ['Änne "Test" O’Planted', 'planted.person@example.test', '198.51.100.77']
    const person = newPerson()
    const keys = worker()
    const sealed = await Promise.all(planted.map((value) => keys.seal(person, value)))
    type Met = { readonly type: 'Met'; readonly data: { readonly name: PersonalData; readonly email: PersonalData } }
    const meeting = { streamType: 'meeting', initial: {}, stateVersion: 1, upcasters: { Met: [] }, evolve: (_: object, { data }: Met) => data }
    const met: Met = { type: 'Met', data: { name: sealed[0]!, email: sealed[1]! } }
    await store.transact(meeting, 'm1', () => ({ events: [met], result: undefined }), { origin: sealed[2]! })
    await keys.erase(person)

    const rows = await dumpTables(owner)
    expect(rows.some(({ row }) => row.includes('pd1.'))).toBe(true)
    for (const form of [...planted, person.slice(6)].flatMap(formsOf)) expect(rows.filter(({ row }) => row.includes(form))).toEqual([])
    expect(await worker().openMany(sealed)).toEqual([undefined, undefined, undefined])

    const events = await owner.query<{ version: number; type: string; schema_version: number; data: string; metadata: string; hash: Buffer }>(
      `select version, type, schema_version, data::text, metadata::text, hash from events where stream_id = 'meeting-m1'`,
    )
    const { schema_version: schemaVersion, hash, ...event } = events.rows[0]!
    expect(eventHash(ZERO_HASH, { streamId: 'meeting-m1', schemaVersion, ...event })).toEqual(hash)
  })
})
