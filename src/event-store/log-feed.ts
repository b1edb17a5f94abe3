import type pg from 'pg'
import { type Checkpoint, type Move, MovedElsewhere, moveCheckpoints, readCheckpoints } from './checkpoints.js'
import { type LoggedEvent, type Place, readBatch } from './log-reader.js'

/** Whole seals of at most so many events, but one at least. */
const BATCH = 1000
/** Batches that stay at hand: one for those who are at the log's end, one for somebody who follows. */
const HELD = 2

export interface Batch {
  readonly events: readonly LoggedEvent[]
  readonly upTo: Place
}

/**
 * The sealed log and the checkpoints for all readers of one process. Most of them stand at the same place and go on at the same moment, when a
 * seal is written; so what they ask for in one turn of the event loop is asked once, and a batch that one of them has got serves the others.
 */
export class LogFeed {
  readonly #checkpoints: Together<string, Map<string, Checkpoint>>
  readonly #moves: Together<Move, Set<string>>
  readonly #asked = new Map<number, Promise<Batch>>()
  readonly #held = new Map<number, Batch>()

  constructor(private readonly pool: pg.Pool) {
    this.#checkpoints = new Together(async (names) => new Map((await readCheckpoints(pool, names)).map((checkpoint) => [checkpoint.name, checkpoint])))
    this.#moves = new Together((moves) => moveCheckpoints(pool, moves))
  }

  /** Where readers stand; a new one at the log's start. Errors: the database's. */
  async checkpoints(names: readonly string[]): Promise<Checkpoint[]> {
    const found = await this.#checkpoints.ask(names)
    return names.map((name) => found.get(name)!)
  }

  /** The sealed events after a place; `upTo` equals it when there are none. Errors: the database's; BrokenLogError. */
  async read(from: Place): Promise<Batch> {
    return this.#held.get(from.position) ?? this.#asked.get(from.position) ?? this.#ask(from)
  }

  /** Moves one reader's checkpoint. Errors: MovedElsewhere; the database's. */
  async move(move: Move): Promise<void> {
    if (!(await this.#moves.ask([move])).has(move.name)) throw new MovedElsewhere()
  }

  #ask(from: Place): Promise<Batch> {
    const asked = readBatch(this.pool, from, BATCH).then((batch) => {
      if (batch.events.length > 0) this.#hold(from.position, batch)
      return batch
    })
    this.#asked.set(from.position, asked)
    // Whoever comes later may know of a seal that this question came too early for.
    setImmediate(() => this.#asked.delete(from.position))
    return asked
  }

  #hold(position: number, batch: Batch): void {
    this.#held.set(position, batch)
    if (this.#held.size > HELD) this.#held.delete(this.#held.keys().next().value!)
  }
}

/** Gathers what is asked for in one turn of the event loop, and answers all of it by one question. */
class Together<T, A> {
  #next: { readonly items: T[]; readonly answer: Promise<A> } | undefined

  constructor(private readonly question: (items: readonly T[]) => Promise<A>) {}

  ask(items: readonly T[]): Promise<A> {
    this.#next ??= this.#start()
    this.#next.items.push(...items)
    return this.#next.answer
  }

  #start(): { items: T[]; answer: Promise<A> } {
    const items: T[] = []
    const answer = new Promise((turn) => setImmediate(turn)).then(() => {
      this.#next = undefined
      return this.question(items)
    })
    return { items, answer }
  }
}
