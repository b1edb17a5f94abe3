import type pg from 'pg'
import { holdsUpAll, refusedByServer } from '../database/errors.js'
import { appendBatchSize, appendDuration } from './event-store.metrics.js'
import type { Appended, Guard, Mark } from './event.js'
import { SharedStatements } from './shared-statements.js'

/** One stream's move from `expected` to `version`, with the events between. */
export interface Append {
  readonly streamId: string
  readonly streamType: string
  readonly expected: number
  readonly version: number
  readonly headHash: Buffer
  readonly state: string
  readonly stateVersion: number
  readonly lastAt: Date
  readonly events: readonly AppendedEvent[]
  readonly guards?: readonly Guard[]
}

interface AppendedEvent {
  readonly version: number
  readonly type: string
  readonly schemaVersion: number
  readonly data: string
  readonly metadata: string
  readonly hash: Buffer
  readonly occurredAt: Date
}

/** Where the events stand, or why nothing was written. */
export type AppendOutcome = Appended | 'conflict'

const MAX_BATCH = 32

/** Shares one statement between the appends that wait at the same time (docs/adr/0001-event-store.md), at most 32 streams a statement. */
export class AppendQueue {
  readonly #statements = new SharedStatements<Waiting>(takeBatch, (batch) => this.#write(batch))

  constructor(private readonly pool: pg.Pool) {}

  /** Errors: what the database said of this append alone; `UnknownOutcome` when its answer was lost. */
  append(append: Append): Promise<AppendOutcome> {
    return new Promise((resolve, reject) => this.#statements.add({ append, resolve, reject }))
  }

  async #write(batch: readonly Waiting[]): Promise<void> {
    try {
      const stop = appendDuration.startTimer()
      const marks = await writeAppends(
        this.pool,
        batch.map((member) => member.append),
      )
      stop()
      appendBatchSize.observe(batch.length)
      for (const { append, resolve } of batch) resolve(marks.get(append.streamId) ?? 'conflict')
    } catch (error) {
      if (!refusedByServer(error)) for (const member of batch) member.reject(new UnknownOutcome(error))
      else if (batch.length === 1 || holdsUpAll(error)) for (const member of batch) member.reject(error)
      // The statement failed whole, so each member may be tried alone and gets its own answer.
      else for (const member of batch) await this.#write([member])
    }
  }
}

/** One member per stream: a second one of the same stream waits for the next statement, where it can only conflict. */
function takeBatch(waiting: Waiting[]): Waiting[] {
  const batch = new Map<string, Waiting>()
  const later: Waiting[] = []
  for (const member of waiting.splice(0)) {
    if (batch.size < MAX_BATCH && !batch.has(member.append.streamId)) batch.set(member.append.streamId, member)
    else later.push(member)
  }
  waiting.push(...later)
  return [...batch.values()]
}

/** The database may or may not have committed: the connection broke before its answer. */
export class UnknownOutcome extends Error {
  constructor(cause: unknown) {
    super('the database connection broke before its answer', { cause })
  }
}

interface Waiting {
  readonly append: Append
  readonly resolve: (outcome: AppendOutcome) => void
  readonly reject: (error: unknown) => void
}

/**
 * Moves each stream whose version is still the expected one and inserts its events; answers where those of each that moved stand.
 * Rows are locked in id order (the input is sorted and joined by a nested loop), moved before born, so that two statements do not deadlock.
 */
export async function writeAppends(db: pg.Pool | pg.PoolClient, appends: readonly Append[]): Promise<Map<string, Appended>> {
  const sorted = [...appends].sort((a, b) => (a.streamId < b.streamId ? -1 : 1))
  const events = sorted.flatMap((append) => append.events.map((event) => ({ streamId: append.streamId, ...event })))
  const guards = sorted.flatMap(({ streamId, guards = [] }) => guards.flatMap(({ keys, after }) => keys.map((key) => ({ streamId, key, after }))))
  const { rows } = await db.query<Mark & { stream_id: string }>({
    ...(guards.length > 0 ? GUARDED_APPEND : APPEND),
    values: [
      sorted.map((a) => a.streamId),
      sorted.map((a) => a.streamType),
      sorted.map((a) => a.expected),
      sorted.map((a) => a.version),
      sorted.map((a) => a.headHash),
      sorted.map((a) => a.state),
      sorted.map((a) => a.stateVersion),
      sorted.map((a) => a.lastAt),
      events.map((e) => e.streamId),
      events.map((e) => e.version),
      events.map((e) => e.type),
      events.map((e) => e.schemaVersion),
      events.map((e) => e.data),
      events.map((e) => e.metadata),
      events.map((e) => e.hash),
      events.map((e) => e.occurredAt),
      ...(guards.length > 0 ? [guards.map((g) => g.streamId), guards.map((g) => g.key), guards.map((g) => g.after)] : []),
    ],
  })
  const places = new Map<string, Appended & { sequences: number[] }>()
  for (const { stream_id, epoch, xid, sequence } of rows) {
    const sequences = places.get(stream_id)?.sequences ?? []
    sequences.push(sequence)
    places.set(stream_id, { epoch, xid, sequence, sequences })
  }
  return places
}

/** Waits for the appends under way that depend on the key, and keeps others waiting until this transaction has ended. */
export async function lockGuardKey(db: pg.PoolClient, key: string): Promise<void> {
  await db.query({ name: 'lock-guard-key', text: 'select lock_guard_key($1)', values: [key] })
}

const appendStatement = (appends: string): string => `
  with ${appends}, moved as (
    update streams s
    set version = a.version, head_hash = a.head_hash, state = a.state, state_version = a.state_version, last_at = a.last_at
    from appends a where s.id = a.id and s.version = a.expected
    returning s.id
  ), born as (
    insert into streams (id, type, version, head_hash, state, state_version, last_at)
    select id, type, version, head_hash, state, state_version, last_at from appends
    where expected = 0 and (select count(*) from moved) >= 0
    order by id
    on conflict do nothing
    returning id
  ), won as (
    select id from moved union all select id from born
  )
  insert into events (stream_id, version, type, schema_version, data, metadata, hash, occurred_at)
  select e.stream_id, e.version, e.type, e.schema_version, e.data, e.metadata, e.hash, e.occurred_at
  from unnest($9::text[], $10::int[], $11::text[], $12::int[], $13::json[], $14::json[], $15::bytea[], $16::timestamptz[])
    with ordinality as e(stream_id, version, type, schema_version, data, metadata, hash, occurred_at, place)
  join won on won.id = e.stream_id
  order by e.place
  returning stream_id, epoch, xid, sequence`

const APPENDS = `
    select * from unnest($1::text[], $2::text[], $3::int[], $4::int[], $5::bytea[], $6::jsonb[], $7::int[], $8::timestamptz[])
      as a(id, type, expected, version, head_hash, state, state_version, last_at)`

const APPEND = { name: 'append', text: appendStatement(`appends as materialized (${APPENDS}\n  )`) }

/**
 * Leaves out the members that were overtaken. The function takes shared locks on all keys, in order, before any row is touched, and then looks;
 * what there is to see of a key is for the migration that made it to say.
 */
const GUARDED_APPEND = {
  name: 'append-guarded',
  text: appendStatement(`overtaken as materialized (
    select overtaken_appends($17::text[], $18::text[], $19::timestamptz[]) as ids
  ), appends as materialized (${APPENDS}
    where a.id <> all((select ids from overtaken)::text[])
  )`),
}
