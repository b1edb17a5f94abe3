import type { Worker } from 'node:cluster'
import type { Order, Report } from './messages.js'

interface Spread {
  readonly by: Worker
  readonly id: number
  /** Who has not said yet that they know. */
  readonly unaware: Set<Worker>
}

/** Passes on to all processes what one of them changed, and tells that one when all of them know. */
export class SpreadChanges {
  readonly #underway = new Map<string, Spread>()

  constructor(private readonly tell: (worker: Worker, order: Order) => void) {}

  changed(by: Worker, { id, streamId }: Extract<Report, { type: 'changed' }>, all: Iterable<Worker>): void {
    const spread = { by, id, unaware: new Set([...all].filter((worker) => worker !== by)) }
    this.#underway.set(`${by.id} ${id}`, spread)
    for (const worker of spread.unaware) this.tell(worker, { type: 'changed', id, by: by.id, streamId })
    this.#settle(spread)
  }

  known(worker: Worker, { id, by }: Extract<Report, { type: 'known' }>): void {
    const spread = this.#underway.get(`${by} ${id}`)
    if (!spread) return
    spread.unaware.delete(worker)
    this.#settle(spread)
  }

  /** Who is gone holds nothing any more. */
  gone(worker: Worker): void {
    for (const spread of this.#underway.values()) {
      spread.unaware.delete(worker)
      this.#settle(spread)
    }
  }

  #settle({ by, id, unaware }: Spread): void {
    if (unaware.size > 0) return
    this.#underway.delete(`${by.id} ${id}`)
    this.tell(by, { type: 'known', id })
  }
}
