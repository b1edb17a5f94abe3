import type pg from 'pg'
import type { Append } from '../../../src/event-store/append-queue.js'
import { type Context, type Decider, type Decision, type Event, streamName } from '../../../src/event-store/event.js'
import { type EventStore, type Loaded, prepareAppend } from '../../../src/event-store/event-store.js'
import { ZERO_HASH } from '../../../src/event-store/hashes.js'
import { type Columns, fromRecord, type Row } from './copy.js'

/**
 * An event store in memory: the service's own commands decide upon it, and it keeps what they would have appended. So what the seeder
 * writes follows every change of commands, aggregates and events by itself.
 */
export class CapturedStore {
  readonly #streams = new Map<string, { readonly loaded: Loaded<unknown>; readonly row: Append }>()
  /** In the order in which they happened. */
  readonly appends: Append[] = []
  /** The clock of the next command. */
  now = new Date(0)
  /** What the next command reads beside its stream. */
  companion: unknown = null

  /** `db` gets what commands write into tables together with their events. */
  constructor(private readonly db: CapturedDb) {}

  /** As the commands' constructors want it: they use `transact` alone. */
  get asEventStore(): EventStore {
    return this as unknown as EventStore
  }

  /** The rows of `streams`: each stream's last append. */
  get streams(): readonly Append[] {
    return [...this.#streams.values()].map(({ row }) => row)
  }

  async transact<S, E extends Event, D extends Decision<E, unknown>>(
    decider: Decider<S, E>,
    id: string,
    decide: (state: S, now: Date, companion: unknown) => D | Promise<D>,
    context: Context = {},
    alongside?: (db: pg.PoolClient, state: S, now: Date) => Promise<void>,
  ): Promise<{ result: D['result'] }> {
    const streamId = streamName(decider.streamType, id)
    const { now, companion } = this
    const known = this.#streams.get(streamId)?.loaded as Loaded<S> | undefined
    const stream: Loaded<S> = { ...(known ?? { state: decider.initial, version: 0, headHash: ZERO_HASH }), now, companion }
    const seen = decider.seen ? decider.seen(stream.state, companion) : stream.state
    const { events, result, cause } = await decide(seen, now, companion)
    if (events.length === 0) return { result }
    const { append, state } = prepareAppend(decider, streamId, stream, events, { ...context, ...(await cause?.()) })
    this.#streams.set(streamId, { loaded: { state, version: append.version, headHash: append.headHash, now, companion }, row: append })
    this.appends.push(append)
    await alongside?.(this.db.asClient<pg.PoolClient>(), state, now)
    return { result }
  }
}

/** A database that is read but not written: it keeps the rows that commands and projections would have inserted. */
export class CapturedDb {
  readonly #answers = new Map<string, Promise<pg.QueryResult>>()
  readonly rows = new Map<string, Row[]>()

  constructor(
    private readonly db: pg.ClientBase,
    private readonly columns: ReadonlyMap<string, Columns>,
  ) {}

  asClient<T extends pg.ClientBase>(): T {
    return this as unknown as T
  }

  /** Errors: for a statement that the seeder cannot take for rows: all but questions, and inserts of values or JSON recordsets. */
  async query(asked: string | pg.QueryConfig, parameters: readonly unknown[] = []): Promise<Pick<pg.QueryResult, 'rows' | 'rowCount'>> {
    const { text, values = parameters } = typeof asked === 'string' ? { text: asked } : asked
    if (/^\s*select\b/i.test(text)) return this.#ask(text, values)
    // Projections clear what ended long ago; nothing that is seeded has.
    if (/^\s*delete\b.* < \$1 /i.test(text)) return { rows: [], rowCount: 0 }
    const [, table = '', names] = /^\s*insert into (\w+)\s*(?:\(([^)]*)\))?/i.exec(text) ?? []
    const columns = this.columns.get(table)
    if (columns && /\bjsonb_populate_recordset\b/i.test(text)) {
      this.#keep(
        table,
        (JSON.parse(values[0] as string) as Row[]).map((record) => fromRecord(columns, record)),
      )
    } else if (columns && names !== undefined && /^\s*values \(\$1/im.test(text)) {
      this.#keep(table, [Object.fromEntries(names.split(',').map((name, n) => [name.trim(), values[n]]))])
    } else throw new Error(`the seeder cannot do what this statement asks for: ${text}`)
    return { rows: [], rowCount: 1 }
  }

  /** Short questions come again and again, and nothing that they are about changes meanwhile. */
  #ask(text: string, values: readonly unknown[]): Promise<pg.QueryResult> {
    const parameters = JSON.stringify(values)
    if (parameters.length > 200) return this.db.query(text, [...values])
    const name = `${text} ${parameters}`
    const known = this.#answers.get(name) ?? this.db.query(text, [...values])
    this.#answers.set(name, known)
    return known
  }

  #keep(table: string, rows: readonly Row[]): void {
    const kept = this.rows.get(table)
    if (kept) kept.push(...rows)
    else this.rows.set(table, [...rows])
  }
}
