import type pg from 'pg'
import { type Checkpoint, type Move, MovedElsewhere, moveCheckpoints, readCheckpoints } from './checkpoints.js'
import type { Event, SealedEvent, Upcasters } from './event.js'
import { type LoggedEvent, ofTypes, type Place, readBatch } from './log-reader.js'

/** Whole seals of at most so many events, but one at least. */
const BATCH = 1000
/** Batches that stay at hand: one for those who are at the log's end, one for somebody who follows. */
const HELD = 2
/**
 * What is known of readers and of the log's end is asked for again after so long, and batches are read again: another process may have gone on, and
 * this one not been told, or a database may have taken over that lacks what was read last.
 */
const TRUST_MS = 1000

export interface Batch {
  readonly events: readonly LoggedEvent[]
  /** Those of its events. */
  readonly types: ReadonlySet<string>
  readonly upTo: Place
}

/** A reader's own events of a batch. Most readers care about none of a batch's few types, and need not look at each event. */
export function ownEvents<E extends Event>({ events, types }: Batch, upcasters: Upcasters<E>): SealedEvent<E>[] {
  return [...types].some((type) => Object.hasOwn(upcasters, type)) ? ofTypes(events, upcasters) : []
}

/**
 * The sealed log and the checkpoints for all readers of one process. Most of them stand at the same place and go on at the same moment, when a
 * seal is written; so what they ask for in one turn of the event loop is asked once, and a batch that one of them has got serves the others.
 * Where they stand it knows from their own moves, which fail if that is wrong, and where the log ends from the sealer beside them.
 */
export class LogFeed {
  readonly #checkpoints: Together<string, Map<string, Checkpoint>>
  readonly #moves: Together<Move, Set<string>>
  readonly #asked = new Map<number, Promise<Batch>>()
  readonly #held = new Map<number, Known<Batch>>()
  readonly #known = new Map<string, Known<Checkpoint>>()
  #end: Known<Place> | undefined

  constructor(private readonly pool: pg.Pool) {
    this.#checkpoints = new Together(async (names) => new Map((await readCheckpoints(pool, names)).map((checkpoint) => [checkpoint.name, checkpoint])))
    this.#moves = new Together((moves) => moveCheckpoints(pool, moves))
  }

  /** Where readers stand, as far as is known; a new one at the log's start. Errors: the database's. */
  async checkpoints(names: readonly string[]): Promise<Checkpoint[]> {
    const unknown = names.filter((name) => !trusted(this.#known.get(name)))
    if (unknown.length > 0) {
      const found = await this.#checkpoints.ask(unknown)
      for (const name of unknown) this.#known.set(name, known(found.get(name)!))
    }
    return names.map((name) => this.#known.get(name)!.value)
  }

  /** The sealed events after a place; `upTo` equals it when there are none. Errors: the database's; BrokenLogError. */
  async read(from: Place): Promise<Batch> {
    const at = trusted(this.#held.get(from.position)) ?? this.#asked.get(from.position)
    if (at) return at
    const end = trusted(this.#end)
    return end && end.position <= from.position ? { events: [], types: new Set(), upTo: from } : this.#ask(from, end)
  }

  /** Where the last seal ends, as somebody knows who has just looked. */
  sealed(end: Place): void {
    this.#end = known(end)
  }

  /** Moves one reader's checkpoint. Errors: MovedElsewhere; the database's. */
  async move(move: Move): Promise<void> {
    this.forget([move])
    if (!(await this.#moves.ask([move])).has(move.name)) throw new MovedElsewhere()
    this.moved([move])
  }

  /** To be told of moves that were committed elsewhere than here. */
  moved(moves: readonly Move[]): void {
    for (const { name, to } of moves) this.#known.set(name, known({ name, ...to }))
  }

  /** What becomes of these moves is uncertain: the next question goes to the database. */
  forget(moves: readonly Move[]): void {
    for (const { name } of moves) this.#known.delete(name)
  }

  #ask(from: Place, end: Place | undefined): Promise<Batch> {
    const asked = readBatch(this.pool, from, BATCH, end).then(({ events, upTo }) => {
      const batch = { events, types: new Set(events.map(({ type }) => type)), upTo }
      if (events.length > 0) this.#hold(from.position, batch)
      return batch
    })
    this.#asked.set(from.position, asked)
    // Whoever comes later may know of a seal that this question came too early for.
    setImmediate(() => this.#asked.delete(from.position))
    return asked
  }

  #hold(position: number, batch: Batch): void {
    this.#held.delete(position)
    this.#held.set(position, known(batch))
    if (this.#held.size > HELD) this.#held.delete(this.#held.keys().next().value!)
  }
}

interface Known<T> {
  readonly value: T
  /** By the steady clock. */
  readonly at: number
}

const known = <T>(value: T): Known<T> => ({ value, at: performance.now() })
const trusted = <T>(it: Known<T> | undefined): T | undefined => (it && performance.now() - it.at < TRUST_MS ? it.value : undefined)

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
