import { randomUUID } from 'node:crypto'
import type { Context } from '../event-store/event.js'
import type { EventStore } from '../event-store/event-store.js'
import { audit, type AuditEvent } from './audit.events.js'
import { notice } from './notice.js'

/** Facts that one append takes at most. */
const MAX_BATCH = 200
/** Notices that a process remembers to have seen given. */
const MAX_GIVEN = 10_000

/**
 * Records facts about requests. Each process writes streams of its own, one a day, so that facts never conflict with one another;
 * those that arrive while an append is under way share the next one.
 */
export class Audit {
  readonly #process = randomUUID()
  #waiting: Waiting[] = []
  #writing = false
  readonly #given = new Set<string>()

  constructor(private readonly store: EventStore) {}

  /** Resolves when the fact is committed. Errors: the database's. */
  record(event: AuditEvent, cause: Context): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ event: { ...event, cause }, resolve, reject })
      if (!this.#writing) void this.#write()
    })
  }

  /** Records what is to be said once a day (UTC) under this key, by whichever process comes first. Errors: the database's. */
  async recordOnceADay(key: string, event: AuditEvent, cause: Context): Promise<void> {
    const id = `${new Date().toISOString().slice(0, 10)}-${key}`
    if (this.#given.has(id)) return
    await this.store.transact(notice, id, ({ given }) => ({ events: given ? [] : [event], result: undefined }), cause)
    if (this.#given.size >= MAX_GIVEN) this.#given.clear()
    this.#given.add(id)
  }

  async #write(): Promise<void> {
    this.#writing = true
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, MAX_BATCH)
      const stream = `${new Date().toISOString().slice(0, 10)}-${this.#process}`
      await this.store
        .transact(audit, stream, () => ({ events: batch.map(({ event }) => event), result: undefined }))
        .then(
          // A batch always writes, so it always has its marks.
          ({ mark }) =>
            batch.forEach(({ event, resolve }, n) => {
              event.cause.onAppended?.({ epoch: mark!.epoch, xid: mark!.xid, sequence: mark!.sequences[n]! })
              resolve()
            }),
          (error: unknown) => batch.forEach(({ reject }) => reject(error)),
        )
    }
    this.#writing = false
  }
}

interface Waiting {
  readonly event: AuditEvent & { readonly cause: Context }
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}
