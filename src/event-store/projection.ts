import type pg from 'pg'
import type { Event, PersonalData, SealedEvent, Upcasters } from './event.js'

/** What both kinds of reader say of themselves: a name for their checkpoint and the event types they care about. */
interface Reader<E extends Event> {
  readonly name: string
  readonly upcasters: Upcasters<E>
}

/**
 * Keeps a table. `apply` gets events in log order and writes within the transaction that also moves the checkpoint,
 * so each event counts once. It reads and writes its own table only, and waits for nothing.
 */
export interface Projection<E extends Event = Event> extends Reader<E> {
  readonly table: string
  /** Columns beside the key that `apply` finds rows by: a rebuild, which makes most indexes at its end, keeps those on them. */
  readonly searches?: readonly string[]
  apply(events: readonly SealedEvent<E>[], db: pg.ClientBase, personal: PersonalValues): Promise<void>
}

/** What keyed hashes are made of (keys/lookup-key.ts): values of different meaning never share one. */
export type LookupKind = 'email' | 'username' | 'phone_number' | 'ip' | 'user_agent' | 'user_name' | 'attribute'

/**
 * Sealed values, for a projection that keeps keyed hashes to find its rows by. A row model must take them away again when PersonErased
 * names the key; it never keeps an opened value.
 */
export interface PersonalValues {
  /** In the order asked; undefined once the person was erased. */
  open(list: readonly PersonalData[]): Promise<unknown[]>
  /** The id of the key that a value is sealed under, as PersonErased names it. */
  keyOf(data: PersonalData): string | undefined
  lookup(kind: LookupKind, value: string): Promise<Buffer>
}

/** Opens nothing: where a log is only counted or measured. */
export const NO_PERSONAL_VALUES: PersonalValues = {
  open: (list) => Promise.resolve(list.map(() => undefined)),
  keyOf: () => undefined,
  lookup: () => Promise.reject(new Error('there are no keys here')),
}

/** For one batch of several projections: what one of them had opened is at hand for the others, and for nobody after. */
export function openedOnce(personal: PersonalValues): PersonalValues {
  const opened = new Map<PersonalData, unknown>()
  return {
    ...personal,
    async open(list) {
      const missing = [...new Set(list)].filter((data) => !opened.has(data))
      if (missing.length > 0) for (const [n, value] of (await personal.open(missing)).entries()) opened.set(missing[n]!, value)
      return list.map((data) => opened.get(data))
    },
  }
}

/**
 * Reacts to events with commands. Each event comes at least once, in log order, so its commands must be safe to repeat.
 */
export interface Reactor<E extends Event = Event> extends Reader<E> {
  react(event: SealedEvent<E>): Promise<void>
}

/** Thrown by a reactor that wants the same event again later: what it waits for is not there yet. */
export class NotYetError extends Error {}

/** A projection whose rows each follow from the events of one key. */
interface RowProjection<E extends Event, R extends Row> {
  readonly name: string
  readonly table: string
  readonly key: string
  readonly columns: readonly (keyof R & string)[]
  readonly upcasters: Upcasters<E>
  keyOf(event: SealedEvent<E>): string
  /** The row after the event; undefined for no row. Throws only for "this cannot be". */
  evolve(row: R | undefined, event: SealedEvent<E>): R | undefined
}

export type Row = Record<string, unknown>

/** Reads the rows of a batch once, folds in memory, and writes them back in two statements, however many events there are. */
export function rowProjection<E extends Event, R extends Row>(options: RowProjection<E, R>): Projection<E> {
  const { name, table, key, columns, upcasters, keyOf, evolve } = options
  const list = columns.join(', ')
  const find = { name: `rows-of-${name}`, text: `select row_to_json(t) as row from ${table} as t where ${key} = any($1)` }
  const upsert = {
    name: `keep-rows-of-${name}`,
    text: `
      insert into ${table} (${list}) select ${list} from jsonb_populate_recordset(null::${table}, $1)
      on conflict (${key}) do update set ${columns.map((column) => `${column} = excluded.${column}`).join(', ')}`,
  }
  return {
    name,
    table,
    upcasters,
    async apply(events, db) {
      const keys = [...new Set(events.map(keyOf))]
      const { rows } = await db.query<{ row: R }>({ ...find, values: [keys] })
      const before = new Map(rows.map(({ row }) => [String(row[key]), row]))
      const after = new Map(before)
      for (const event of events) {
        const row = evolve(after.get(keyOf(event)), event)
        if (row) after.set(keyOf(event), row)
        else after.delete(keyOf(event))
      }
      const gone = [...before.keys()].filter((id) => !after.has(id))
      if (gone.length > 0) await db.query(`delete from ${table} where ${key} = any($1)`, [gone])
      if (after.size > 0) await db.query({ ...upsert, values: [JSON.stringify([...after.values()])] })
    },
  }
}

/** Rows are kept this long after their end: readers compare it with the clock, and clocks may differ. */
const KEPT_MS = 86_400_000
/** So many rows leave with one batch, which must not take long. */
const CLEARED = 1000

/**
 * Lets rows leave some time after `expires_at`, so that lists do not read what nobody is shown. By the time of events, so that a
 * rebuild does the same. The column is indexed.
 */
export function clearingAfterEnd<E extends Event>(projection: Projection<E>): Projection<E> {
  const { table, apply } = projection
  const clear = {
    name: `clear-${table}`,
    text: `delete from ${table} where ctid = any(array(select ctid from ${table} where expires_at < $1 order by expires_at limit ${CLEARED}))`,
  }
  return {
    ...projection,
    searches: [...(projection.searches ?? []), 'expires_at'],
    async apply(events, db, personal) {
      await apply(events, db, personal)
      const latest = events.reduce((time, { metadata: { at } }) => Math.max(time, Date.parse(at)), 0)
      await db.query({ ...clear, values: [new Date(latest - KEPT_MS)] })
    },
  }
}
