import { setImmediate as nextTurn } from 'node:timers/promises'
import type pg from 'pg'
import { isConnectionError } from '../database/errors.js'
import { giveBack } from '../database/pool.js'
import { traced } from '../tracing.js'
import { type Append, type AppendOutcome, AppendQueue, lockGuardKey, UnknownOutcome, writeAppends } from './append-queue.js'
import {
  type Appended,
  type Context,
  type Decider,
  type Decision,
  type Event,
  type Mark,
  type Metadata,
  type StoredEvent,
  schemaVersion,
  streamName,
} from './event.js'
import { appendConflicts } from './event-store.metrics.js'
import { type EventRow, storedEvent } from './event-row.js'
import { eventHash, ZERO_HASH } from './hashes.js'
import { ReadQueue } from './read-queue.js'

/** Decisions are made again at most this often before the caller is told to try later. */
const MAX_ATTEMPTS = 100

/** The stream moved under every attempt: nothing was written, the caller may try again. */
export class ConcurrencyError extends Error {}

/**
 * Streams of events with their folded state. Every write goes through `transact`.
 * One row is read and one statement writes, whatever the length of the history.
 */
export class EventStore {
  readonly #appends: AppendQueue
  readonly #reads: ReadQueue
  readonly #retries = new Map<string, Promise<unknown>>()
  readonly #tablesChanged: ((streamId: string, here: boolean) => Promise<void> | void)[] = []

  constructor(private readonly pool: pg.Pool) {
    this.#appends = new AppendQueue(pool)
    this.#reads = new ReadQueue(pool)
  }

  /**
   * Reads the stream's state, lets `decide` decide, and appends its events where the stream has not moved since.
   * On a conflict it does all of that again, so `decide` must be safe to repeat. `now` is the database's clock,
   * never earlier than the stream's last event. An append whose answer was lost is looked up before anything is
   * decided again, so a broken connection never makes one command happen twice. `alongside` changes tables in the same
   * transaction, after the append: it gets the state that follows and the time of the events.
   * `context` says who caused it, as far as that is known before the state is.
   * Answers the decision's result and, when events were written, the mark that `caughtUp` can wait for.
   * Errors: what `decide` throws; ConcurrencyError; the database's own when it cannot be reached.
   */
  async transact<S, E extends Event, D extends Decision<E, unknown>>(
    decider: Decider<S, E>,
    id: string,
    decide: (state: S, now: Date, companion: unknown) => D | Promise<D>,
    context: Context = {},
    alongside?: (db: pg.PoolClient, state: S, now: Date) => Promise<void>,
  ): Promise<{ result: D['result']; mark?: Appended }> {
    const streamId = streamName(decider.streamType, id)
    const lost: { append: Append; result: D['result'] }[] = []
    const attempt = async (): Promise<{ result: D['result']; mark?: Appended } | 'conflict'> => {
      const stream = await this.#load(decider, streamId)
      // After the stream was read: what is committed only now moves it, and is found when the append below has met that.
      for (const { append, result } of lost) {
        const mark = await this.#committed(append)
        if (mark) return { result, mark }
      }
      const { events, result, cause, starts } = await decide(stream.seen, stream.now, stream.companion)
      if (events.length === 0) return { result }
      const caused = cause ? { ...context, ...(await cause()) } : context
      const { append, state } = prepareAppend(decider, streamId, stream, events, caused)
      const key = decider.guardKey?.(id, events)
      const alone = !alongside && !starts && key === undefined
      const beside = async (db: pg.PoolClient): Promise<void> => {
        if (starts) await begin(db, decider, starts, stream, caused)
        await alongside?.(db, state, stream.now)
      }
      try {
        const outcome = await (alone ? this.#appends.append(append) : this.#appendWith(append, key, beside))
        return outcome === 'conflict' ? outcome : { result, mark: outcome }
      } catch (error) {
        if (!(error instanceof UnknownOutcome)) throw error
        lost.push({ append, result })
        return 'conflict'
      }
    }
    return traced('event-store.transact', async () => {
      const first = await attempt()
      const done = first === 'conflict' ? await this.#inTurn(streamId, () => this.#retry(decider.streamType, attempt)) : first
      if (!done.mark) return done
      context.onAppended?.(done.mark)
      if (alongside) for (const tell of this.#tablesChanged) await tell(streamId, true)
      return done
    })
  }

  /**
   * `tell` hears of each stream that this process changed together with tables (`here`), after the commit and before whoever changed it does, and of
   * those that it was told of: caches need not find out by asking. It must not fail.
   */
  onTablesChanged(tell: (streamId: string, here: boolean) => Promise<void> | void): void {
    this.#tablesChanged.push(tell)
  }

  /** Another process changed it, together with tables. */
  changedElsewhere(streamId: string): void {
    for (const tell of this.#tablesChanged) void tell(streamId, false)
  }

  /** The stream's current state, read from its row: as current as any command would see it. */
  async read<S, E extends Event>(decider: Decider<S, E>, id: string): Promise<{ state: S; version: number; now: Date }> {
    const { seen: state, version, now } = await this.#load(decider, streamName(decider.streamType, id))
    return { state, version, now }
  }

  /** The stream's events in order, in their newest shape; all of them, or the first `count`. */
  async history<S, E extends Event>(decider: Decider<S, E>, id: string, count?: number): Promise<StoredEvent<E>[]> {
    const { rows } = await this.pool.query<EventRow>(
      `select stream_id, version, type, schema_version, data, metadata from events where stream_id = $1 order by version limit $2`,
      [streamName(decider.streamType, id), count],
    )
    return rows.map((row) => storedEvent(decider.upcasters, row))
  }

  /** `seen` is the state as decisions see it. */
  async #load<S, E extends Event>(decider: Decider<S, E>, streamId: string): Promise<Loaded<S> & { readonly seen: S }> {
    const row = await this.#reads.read(streamId, decider.companion)
    const { clock, version, head_hash, state, state_version, last_at, companion } = row
    const now = last_at && last_at > clock ? last_at : clock
    const loaded = (own: S): Loaded<S> & { seen: S } => ({
      ...{ state: own, seen: decider.seen ? decider.seen(own, companion) : own },
      ...{ version: version ?? 0, headHash: head_hash ?? ZERO_HASH, now, companion },
    })
    if (version === null) return loaded(decider.initial)
    if (state_version === decider.stateVersion) return loaded(state as S)
    const events = await this.history(decider, streamId.slice(decider.streamType.length + 1))
    return loaded(fold(decider, events.slice(0, version)))
  }

  /** After a conflict the commands of one process take turns on the stream, so that a crowd does not conflict with itself. */
  #inTurn<T>(streamId: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.#retries.get(streamId) ?? Promise.resolve()).then(work)
    const done = turn
      .catch(() => undefined)
      .finally(() => {
        if (this.#retries.get(streamId) === done) this.#retries.delete(streamId)
      })
    this.#retries.set(streamId, done)
    return turn
  }

  async #retry<T>(streamType: string, attempt: () => Promise<T | 'conflict'>): Promise<T> {
    for (let n = 1; n < MAX_ATTEMPTS; n++) {
      appendConflicts.inc({ stream_type: streamType })
      const outcome = await attempt()
      if (outcome !== 'conflict') return outcome
      await nextTurn()
    }
    throw new ConcurrencyError(`a ${streamType} stream moved ${MAX_ATTEMPTS} times under one command`)
  }

  /**
   * The append first: its transaction takes an id only after the version was read, so log order agrees with the stream's. Only the lock on a key of
   * guards comes before, for the same reason: what was appended without knowing of this stands before it in the log.
   */
  async #appendWith(append: Append, key: string | undefined, alongside: (db: pg.PoolClient) => Promise<void>): Promise<AppendOutcome> {
    const db = await this.pool.connect()
    let failed: unknown
    try {
      await db.query('begin')
      if (key !== undefined) await lockGuardKey(db, key)
      const mark = (await writeAppends(db, [append])).get(append.streamId)
      if (mark) await alongside(db)
      await db.query(mark ? 'commit' : 'rollback')
      return mark ?? 'conflict'
    } catch (error) {
      failed = error
      throw isConnectionError(error) ? new UnknownOutcome(error) : error
    } finally {
      await giveBack(db, failed)
    }
  }

  /** The hash of its first event tells whether an append whose answer was lost has been committed after all. */
  async #committed(append: Append): Promise<Appended | undefined> {
    const first = append.events[0]!
    const { rows } = await this.pool.query<Mark & { hash: Buffer }>(
      `select hash, epoch, xid, sequence from events where stream_id = $1 and version >= $2 and version < $2 + $3 order by version`,
      [append.streamId, first.version, append.events.length],
    )
    if (!rows[0]?.hash.equals(first.hash)) return undefined
    const { epoch, xid, sequence } = rows.at(-1)!
    return { epoch, xid, sequence, sequences: rows.map((row) => row.sequence) }
  }
}

/** The state that follows from a stream's events. */
export const fold = <S, E extends Event>(decider: Decider<S, E>, events: readonly StoredEvent<E>[]): S =>
  events.reduce((state: S, event) => decider.evolve(state, event, event.metadata), decider.initial)

/** A stream as it was read; `now` is the database's clock then. */
export interface Loaded<S> {
  readonly state: S
  readonly version: number
  readonly headHash: Buffer
  readonly now: Date
  readonly companion: unknown
}

/** Begins another stream in the transaction of one that was read as `beside`. Throws where it is there already. */
async function begin<S, E extends Event>(
  db: pg.PoolClient,
  decider: Decider<S, E>,
  { id, events }: NonNullable<Decision<E, unknown>['starts']>,
  beside: Loaded<S>,
  context: Context,
): Promise<void> {
  const nothing = { ...beside, state: decider.initial, version: 0, headHash: ZERO_HASH }
  const { append } = prepareAppend(decider, streamName(decider.streamType, id), nothing, events, context)
  if (!(await writeAppends(db, [append])).has(append.streamId)) throw new Error(`a ${decider.streamType} stream was there before it started`)
}

/** What stands in the tables once these events, decided upon `stream`, are appended: their texts and hashes, and the state that follows. */
export function prepareAppend<S, E extends Event>(
  decider: Decider<S, E>,
  streamId: string,
  stream: Loaded<S>,
  events: readonly E[],
  context: Context,
): { append: Append; state: S } {
  const caused = ({ cause }: Event): Metadata => ({ at: stream.now.toISOString(), ...context, ...cause })
  let hash = stream.headHash
  const appended = events.map((decided, n) => {
    const type: E['type'] = decided.type
    const event = {
      version: stream.version + n + 1,
      type,
      schemaVersion: schemaVersion(decider.upcasters, type),
      data: JSON.stringify(decided.data),
      metadata: JSON.stringify(caused(decided)),
    }
    hash = eventHash(hash, { streamId, ...event })
    return { ...event, hash, occurredAt: stream.now }
  })
  const state = events.reduce((before, event) => decider.evolve(before, event, caused(event)), stream.state)
  const append = {
    streamId,
    streamType: decider.streamType,
    expected: stream.version,
    version: stream.version + events.length,
    headHash: hash,
    state: JSON.stringify(state),
    stateVersion: decider.stateVersion,
    lastAt: stream.now,
    events: appended,
    guards: decider.guards?.(stream.state, stream.companion) ?? [],
  }
  return { append, state }
}
