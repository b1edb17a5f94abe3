import type pg from 'pg'
import type { Context, PersonalData } from '../event-store/event.js'
import type { EventStore } from '../event-store/event-store.js'
import { parseSealed, type PlainText, plainText, type SealedValue, sealWith, valueOf } from './person-cipher.js'
import { type PersonEvent, person } from './person.events.js'
import { type PersonKey, type PersonKeyRow, PersonKeyStore } from './person-key-store.js'
import type { RootKeys } from './root-key.js'
import { visitorsOf } from './visitor.js'

/** How old a look into the table may be for a key to open with it: the promise is a second, the rest is the answer's way. */
const OPEN_MS = 750
/** How old it may be for sealing. */
const SEAL_MS = 60_000
/** Bounds what a process holds: some 10 MB. */
const MAX_CACHED = 20_000
/** Values that were opened last: less than half a megabyte. */
const MAX_OPENED = 500
const MAX_OPENED_LENGTH = 400

/**
 * Encrypts what identifies a person under a key of that person alone; destroying the key erases all of it, everywhere, while the hashes
 * over the ciphertext still verify.
 *
 * Opening trusts a key for under a second since the table was asked, counted from before the question: so an erased person is unreadable
 * on every worker within that second. Sealing trusts it for a minute and has it checked in the background meanwhile, so that a rotation
 * costs no round trip. Sealing under a key just destroyed reveals nothing: it can only lose what was recorded. Where a loss would matter
 * (what somebody was told is kept of a person, who may bear the id of somebody erased) ask for the `current` key.
 */
export class PersonKeys {
  readonly #table: PersonKeyStore
  readonly #byId = new Map<string, Cached>()
  readonly #byPerson = new Map<string, Cached>()
  /**
   * What one request opens more than once. Whoever asks has the key, with which the same text says the same for ever. Nothing in clear is kept for
   * longer than a key is trusted, also where nobody asks any more.
   */
  readonly #opened = new Map<PersonalData, PlainText>()
  #next: Batch | undefined

  constructor(
    pool: pg.Pool,
    private readonly store: EventStore,
    rootKeys: RootKeys,
  ) {
    this.#table = new PersonKeyStore(pool, rootKeys)
  }

  /** Encrypts a JSON value for a person; the key is made at its first use. `current`: under the key that the table holds now. */
  async seal(personId: string, value: unknown, { current = false } = {}): Promise<PersonalData> {
    const { id, key } = (await this.#sealingKey(personId, { current }))!
    return sealWith(id, key, value)
  }

  /** As `seal`, for somebody who may have been erased: no new key is made for them; without one, the key of the day's visitors is used. */
  async sealIfKnown(personId: string, value: unknown): Promise<PersonalData> {
    const known = await this.#sealingKey(personId, { makes: false })
    return known ? sealWith(known.id, known.key, value) : this.seal(visitorsOf(), value)
  }

  /** The value, or undefined once the person was erased. Errors: PersonalDataError for a text that is not ours or was changed. */
  async open<T>(data: PersonalData): Promise<T | undefined> {
    const [value] = await this.openMany<T>([data])
    return value
  }

  /** As `open`, for a list: all keys that are not at hand come by one query. */
  async openMany<T>(list: readonly PersonalData[]): Promise<(T | undefined)[]> {
    const keys = new Map<string, Buffer>()
    const missing = new Set<string>()
    const values = list.map((data) => this.#opened.get(data) ?? parseSealed(data))
    for (const { keyId } of values) {
      const cached = this.#byId.get(keyId)
      if (cached && age(cached) < OPEN_MS) keys.set(keyId, cached.key)
      else missing.add(keyId)
    }
    if (missing.size > 0) for (const { id, key } of await this.#load([...missing], [])) keys.set(id, key)
    return values.map((value, n) => {
      const key = keys.get(value.keyId)
      return key && (valueOf('text' in value ? value : this.#open(key, list[n]!, value)) as T)
    })
  }

  #open(key: Buffer, data: PersonalData, sealed: SealedValue): PlainText {
    const plain = plainText(key, sealed)
    if (data.length > MAX_OPENED_LENGTH) return plain
    if (this.#opened.size === 0) setTimeout(() => this.#opened.clear(), OPEN_MS).unref()
    this.#opened.set(data, plain)
    if (this.#opened.size > MAX_OPENED) this.#opened.delete(this.#opened.keys().next().value!)
    return plain
  }

  /** As `openMany`, with null for what is not there: undefined for that, too. */
  async openPresent(list: readonly (PersonalData | null)[]): Promise<unknown[]> {
    const present = list.filter((data) => data !== null)
    const opened = await this.openMany<unknown>(present)
    const values = new Map(present.map((data, n) => [data, opened[n]]))
    return list.map((data) => (data === null ? undefined : values.get(data)))
  }

  /** Takes in a key that was read beside something else, by a question asked at `askedAt` of this process's steady clock, so that it need not be asked for. */
  learn(row: PersonKeyRow, askedAt: number): void {
    const cached = this.#byId.get(row.id)
    if (cached && cached.checkedAt >= askedAt) return
    const { id, personId, key } = cached ?? this.#table.decrypt(row)
    this.#remember({ id, personId, key, checkedAt: askedAt, checking: false })
  }

  /**
   * Destroys the person's key and records that it happened. Answers false, and does nothing, when there is none (any more), or when it was not
   * made before `madeBefore`, an ISO time.
   */
  async erase(personId: string, context: Context = {}, { madeBefore }: { readonly madeBefore?: string } = {}): Promise<boolean> {
    const [found] = await this.#table.find([], [personId])
    if (!found || (madeBefore !== undefined && !(await this.#table.wasMadeBefore(found.id, madeBefore)))) return false
    const { result } = await this.store.transact(
      person,
      found.id,
      (state) => ({ events: state.status === 'erased' ? [] : [erased(found.id)], result: state.status !== 'erased' }),
      context,
      async (db) => {
        await db.query('delete from person_keys where id = $1', [found.id])
      },
    )
    this.#forget(found.id)
    return result
  }

  async #sealingKey(personId: string, { current = false, makes = true }): Promise<PersonKey | undefined> {
    const cached = this.#byPerson.get(personId)
    if (cached && !current && age(cached) < SEAL_MS) {
      if (age(cached) >= OPEN_MS && !cached.checking) this.#check(cached)
      return cached
    }
    const found = await this.#load([], makes ? [personId] : [], makes ? [] : [personId])
    return found.find((key) => key.personId === personId)
  }

  /** Failing is no matter: the next use asks again, and after a minute it has to wait for the answer. */
  #check(cached: Cached): void {
    cached.checking = true
    this.#load([cached.id], []).catch(() => {
      cached.checking = false
    })
  }

  /** One query serves all who ask in the same turn of the event loop. People without a key get one, except those in `lookedFor`. */
  #load(keyIds: readonly string[], personIds: readonly string[], lookedFor: readonly string[] = []): Promise<PersonKey[]> {
    this.#next ??= this.#startBatch()
    for (const id of keyIds) this.#next.keyIds.add(id)
    for (const id of personIds) this.#next.personIds.add(id)
    for (const id of lookedFor) this.#next.lookedFor.add(id)
    return this.#next.keys
  }

  #startBatch(): Batch {
    const keyIds = new Set<string>()
    const personIds = new Set<string>()
    const lookedFor = new Set<string>()
    const keys = new Promise<void>((resolve) => setImmediate(resolve)).then(async () => {
      this.#next = undefined
      const checkedAt = performance.now()
      const found = await this.#table.find([...keyIds], [...personIds, ...lookedFor])
      const present = new Set(found.map((key) => key.personId))
      const people = [...personIds].filter((id) => !present.has(id))
      if (people.length > 0) found.push(...(await this.#table.findOrCreate(people)))
      for (const id of keyIds) this.#forget(id)
      for (const key of found) this.#remember({ ...key, checkedAt, checking: false })
      return found
    })
    return { keyIds, personIds, lookedFor, keys }
  }

  #remember(key: Cached): void {
    const former = this.#byPerson.get(key.personId)
    if (former) this.#forget(former.id)
    this.#byId.set(key.id, key)
    this.#byPerson.set(key.personId, key)
    // A key moves to the end whenever it is checked, which a used one is every second: the first is the one longest unused.
    if (this.#byId.size > MAX_CACHED) this.#forget(this.#byId.keys().next().value!)
  }

  #forget(keyId: string): void {
    const key = this.#byId.get(keyId)
    this.#byId.delete(keyId)
    if (key && this.#byPerson.get(key.personId) === key) this.#byPerson.delete(key.personId)
  }
}

interface Cached extends PersonKey {
  /** When the table was asked, by this process's steady clock. */
  readonly checkedAt: number
  checking: boolean
}

interface Batch {
  readonly keyIds: Set<string>
  readonly personIds: Set<string>
  readonly lookedFor: Set<string>
  readonly keys: Promise<PersonKey[]>
}

const age = ({ checkedAt }: Cached): number => performance.now() - checkedAt

const erased = (keyId: string): PersonEvent => ({ type: 'PersonErased', data: { keyId } })
