import { setTimeout as pause } from 'node:timers/promises'
import type pg from 'pg'
import type { Mark } from './event.js'
import type { Place } from './log-reader.js'

/** How often waiting readers look; one look serves all of a process. */
const LOOK_EVERY_MS = 5
/** So long a list waits for what was written before it was asked for. */
const LIST_WAIT_MS = 2000

/** Lets a list read what was written before it was asked for, on every node: read the mark, wait for the projection, read the table. */
export class CatchUp {
  #look: Promise<Map<string, Place>> | undefined

  constructor(private readonly pool: pg.Pool) {}

  /** The place in the log of everything that is committed now; undefined for an empty log. */
  async mark(): Promise<Mark | undefined> {
    const { rows } = await this.pool.query<Mark>({
      name: 'log-mark',
      text: `select epoch, xid, sequence from events order by epoch desc, xid desc, sequence desc limit 1`,
    })
    return rows[0]
  }

  /**
   * Waits until the projection (or reactor) has done every event up to the mark; by default up to what is committed now.
   * Answers false when that took longer than `waitMs`, by default as long as a list waits: the caller then says that its answer may be behind.
   */
  async caughtUp(name: string, waitMs = LIST_WAIT_MS, mark?: Mark): Promise<boolean> {
    const target = mark ?? (await this.mark())
    if (!target) return true
    return this.#wait(name, waitMs, (checkpoint) => !before(checkpoint, target))
  }

  /** Waits until the projection (or reactor) has done the event at a position; false when that took longer than `waitMs`. */
  passed(name: string, position: number, waitMs: number): Promise<boolean> {
    return this.#wait(name, waitMs, (checkpoint) => checkpoint.position >= position)
  }

  async #wait(name: string, waitMs: number, reached: (checkpoint: Place) => boolean): Promise<boolean> {
    const deadline = performance.now() + waitMs
    for (;;) {
      const checkpoint = (await this.#checkpoints()).get(name)
      if (checkpoint && reached(checkpoint)) return true
      if (performance.now() >= deadline) return false
      await pause(LOOK_EVERY_MS)
    }
  }

  #checkpoints(): Promise<Map<string, Place>> {
    this.#look ??= this.pool
      .query<Place & { name: string }>({ name: 'read-checkpoints', text: `select name, position, epoch, xid, sequence from checkpoints` })
      .then(({ rows }) => new Map(rows.map(({ name, ...place }) => [name, place])))
      .finally(() => {
        this.#look = undefined
      })
    return this.#look
  }
}

/** Order of the log. */
export function before(a: Mark, b: Mark): boolean {
  if (a.epoch !== b.epoch) return a.epoch < b.epoch
  const [x, y] = [BigInt(a.xid), BigInt(b.xid)]
  return x !== y ? x < y : a.sequence < b.sequence
}
