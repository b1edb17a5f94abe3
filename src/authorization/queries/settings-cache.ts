import { Inject, Injectable } from '@nestjs/common'
import pg from 'pg'
import { EventStore } from '../../event-store/event-store.js'

/** The age at which what is held is compared with its streams again, and the one beyond which nobody uses it before it was. */
const RENEW_MS = 400
const TRUST_MS = 750
/** Bounds what a process holds. */
const MAX_HELD = 10_000

/** A value with the stream that it follows from, and the version that the stream had in the same snapshot. */
export interface Versioned<T> {
  readonly value: T
  readonly streamId: string
  readonly version: number
}

/**
 * Settings that every request needs and operators rarely change. A value is dropped once its stream has moved on; the versions of all that
 * is in use are asked for by one query, in the background, so that no value is ever used that was not current less than a second ago.
 * What does not exist is not remembered: it may be made at any moment.
 */
@Injectable()
export class SettingsCache {
  readonly #held = new Map<string, Held>()
  readonly #reading = new Map<string, Promise<unknown>>()
  #checking: Promise<void> | undefined

  /** How often something was dropped: what was read before a change must not be held after it. */
  #drops = 0

  constructor(
    @Inject(pg.Pool) private readonly pool: pg.Pool,
    store: EventStore,
  ) {
    store.onTablesChanged((streamId) => this.#drop(streamId))
  }

  /** The value under `key`, which `read` gets from the database. Errors: those of `read` and of the database. */
  async get<T>(key: string, read: () => Promise<Versioned<T> | undefined>): Promise<T | undefined> {
    const held = this.#held.get(key)
    if (held) {
      held.used = true
      const age = performance.now() - held.checkedAt
      if (age < RENEW_MS) return held.value as T
      const checking = this.#check()
      if (age < TRUST_MS) {
        // Asked again at the next use, and waited for once the value is too old.
        checking.catch(() => undefined)
        return held.value as T
      }
      await checking
      if (this.#held.get(key) === held && performance.now() - held.checkedAt < TRUST_MS) return held.value as T
    }
    return this.#read(key, read)
  }

  async #read<T>(key: string, read: () => Promise<Versioned<T> | undefined>): Promise<T | undefined> {
    const reading = (this.#reading.get(key) ?? this.#hold(key, read)) as Promise<T | undefined>
    this.#reading.set(key, reading)
    return reading.finally(() => {
      if (this.#reading.get(key) === reading) this.#reading.delete(key)
    })
  }

  async #hold<T>(key: string, read: () => Promise<Versioned<T> | undefined>): Promise<T | undefined> {
    const checkedAt = performance.now()
    const drops = this.#drops
    const found = await read()
    this.#held.delete(key)
    if (!found || drops !== this.#drops) return found?.value
    this.#held.set(key, { ...found, checkedAt, used: false })
    if (this.#held.size > MAX_HELD) this.#held.delete(this.#held.keys().next().value!)
    return found.value
  }

  /** What this process changed, or another told it of, is read anew from now on, also by who would have shared a reading under way. */
  #drop(streamId: string): void {
    this.#drops++
    this.#reading.clear()
    for (const [key, held] of this.#held) if (held.streamId === streamId) this.#held.delete(key)
  }

  #check(): Promise<void> {
    this.#checking ??= this.#compare().finally(() => {
      this.#checking = undefined
    })
    return this.#checking
  }

  async #compare(): Promise<void> {
    const inUse = [...this.#held].filter(([, { used }]) => used)
    const askedAt = performance.now()
    const { rows } = await this.pool.query<{ id: string; version: number }>({
      name: 'settings-versions',
      text: `select id, version from streams where id = any($1)`,
      values: [inUse.map(([, { streamId }]) => streamId)],
    })
    const versions = new Map(rows.map(({ id, version }) => [id, version]))
    for (const [key, held] of inUse) {
      if (this.#held.get(key) !== held) continue
      held.used = false
      if (versions.get(held.streamId) === held.version) held.checkedAt = askedAt
      else this.#held.delete(key)
    }
  }
}

interface Held extends Versioned<unknown> {
  /** When the database was asked, by this process's steady clock. */
  checkedAt: number
  used: boolean
}
