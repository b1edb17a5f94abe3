import { Inject, Injectable } from '@nestjs/common'
import pg from 'pg'
import { giveBack } from '../../database/pool.js'
import { LookupKey } from '../../keys/lookup-key.js'
import { deviceLookup } from '../refresh-token/refresh-token-devices.projection.js'
import type { RefreshTokenRow } from '../refresh-token/refresh-tokens.projection.js'
import { IS_ACTIVE } from './is-active.js'
import { type Condition, DEVICE_MEMBERS, type FilterRange, kindOf, rangeOf, type RefreshTokenFilter } from './refresh-token-filter.js'

/** So many rows are read for one page at most, however few of them are wanted. */
export const SCANNED = 5000
const TABLES = { t: 'refresh_tokens', d: 'refresh_token_devices' } as const
/** A range is read in its index's order, however many rows statistics expect of it: they know nothing of the one client that has most. */
export const IN_ORDER = 'begin; set local enable_bitmapscan = off; set local enable_sort = off; set local enable_incremental_sort = off'

export interface Page {
  readonly rows: readonly RefreshTokenRow[]
  /** Where the list goes on; null at its end. A page may be short, or empty, and go on. */
  readonly next: string | null
  /** Of all that the filter finds, from the same snapshot; where it was asked for. */
  readonly total: number | undefined
}

/** Reads the list of active refresh tokens as it stands; who needs the newest waits first. */
@Injectable()
export class RefreshTokenPages {
  constructor(
    @Inject(pg.Pool) private readonly pool: pg.Pool,
    private readonly lookupKey: LookupKey,
  ) {}

  /**
   * Up to `take` rows after a place, in an order that never changes: each token that is there from the first page to the last comes once.
   * Throws for a filter that names nothing.
   */
  async page(filter: RefreshTokenFilter, after: string | null, take: number, totals = false): Promise<Page> {
    const { order, ...query } = pageQuery(await this.#range(filter), after, take, totals)
    const rows = await this.#inOrder<PageRow>(query)
    const found = rows.filter(({ id }) => id !== null)
    const page = found.slice(0, take)
    const { scanned_to_id: id, scanned_to_at: at, total } = rows[0]!
    const next = found.length > take ? page.at(-1)! : id === null ? undefined : { id, created_at: at! }
    return { rows: page, next: next ? placeOf(next, order) : null, total: total ?? undefined }
  }

  /** How many a filter finds. Errors: the database's 57014 for a count that takes too long. */
  async count(filter: RefreshTokenFilter): Promise<number> {
    const { text, values } = countQuery(await this.#range(filter))
    const { rows } = await this.pool.query<{ count: number }>(text, values)
    return rows[0]!.count
  }

  async #inOrder<R extends pg.QueryResultRow>(query: pg.QueryConfig): Promise<R[]> {
    const db = await this.pool.connect()
    let failed: unknown
    try {
      await db.query(IN_ORDER)
      const { rows } = await db.query<R>(query)
      await db.query('commit')
      return rows
    } catch (error) {
      failed = error
      throw error
    } finally {
      await giveBack(db, failed)
    }
  }

  async #range(filter: RefreshTokenFilter): Promise<FilterRange> {
    const hashed: Record<string, unknown> = { ...filter }
    for (const member of DEVICE_MEMBERS) {
      const value = filter[member]
      if (value !== undefined) hashed[member] = await deviceLookup(kindOf(member), value, (kind, text) => this.lookupKey.of(kind, text))
    }
    const range = rangeOf(hashed)
    if (!range) throw new Error('a list of refresh tokens must be narrowed by something')
    return range
  }
}

type PageRow = RefreshTokenRow & { readonly total: number | null; readonly scanned_to_id: string | null; readonly scanned_to_at: Date | null }

/** `at` is of milliseconds, as the events' times are. */
const placeOf = ({ id, created_at }: { readonly id: string; readonly created_at: string | Date }, order: FilterRange['order']): string =>
  order === 'id' ? id : JSON.stringify([new Date(created_at).toISOString(), id])

/**
 * One statement, so that rows and total are of one snapshot. Where the page is not full, it tells how far the range was read.
 * The range is written as the bounds of its index, column by column: no other index has the rows in that order, so none is read.
 * A list by one thing alone has a name, and is planned once a connection, which takes longer than to read it; others are too many kinds for that.
 */
export function pageQuery(
  filter: FilterRange,
  after: string | null,
  take: number,
  totals = false,
): { name?: string; text: string; values: unknown[]; order: FilterRange['order'] } {
  const { row, order, key, to, others } = filter
  const sql = new Sql()
  const wantedRows = sql.parameter(take)
  const sorted = [...(key ? [key.column] : []), ...(order === 'id' ? [] : ['created_at']), 'id'].map((column) => `${row}.${column}`)
  const bounds = [`(${sorted.join(', ')}) > (${start(filter, after, sql)})`, ...end(filter, sql)].join(' and ')
  const read = (columns: string, rest: string): string => `select ${columns} from ${TABLES[row]} ${row} where ${bounds} order by ${sorted.join(', ')} ${rest}`
  const wanted = [...others.map((condition) => sql.condition(condition)), IS_ACTIVE].join(' and ')
  const rows =
    row === 't'
      ? `(${read('t.*', `limit ${SCANNED}`)}) t where ${wanted} order by ${sorted.join(', ')}`
      : `(${read(sorted.join(', '), `limit ${SCANNED}`)}) d join refresh_tokens t on t.id = d.id where ${wanted} order by ${sorted.join(', ')}`
  const text = `
    with page as materialized (select t.* from ${rows} limit ${wantedRows}::int + 1),
      scanned_to as (${read(row === 't' ? 't.id, t.created_at' : 'd.id, null::timestamptz as created_at', `offset ${SCANNED - 1} limit 1`)})
    select page.*,
      case when (select count(*) from page) <= ${wantedRows} then (select id from scanned_to) end as scanned_to_id,
      case when (select count(*) from page) <= ${wantedRows} then (select created_at from scanned_to) end as scanned_to_at,
      ${totals ? `(${countText(filter, sql)})` : 'null::bigint'} as total
    from (select) as one left join page on true
    order by ${order === 'id' ? 'page.id' : 'page.created_at, page.id'}`
  const name = ['page-of', row, key?.column ?? 'all', ...(to === undefined ? [] : ['to'])].join('-')
  return { ...(others.length === 0 && !totals && { name }), text, values: sql.values, order }
}

function countQuery(filter: FilterRange): { text: string; values: unknown[] } {
  const sql = new Sql()
  return { text: countText(filter, sql), values: sql.values }
}

/** The place before the first row that is wanted, in the columns of the order. */
function start({ key, order, from }: FilterRange, after: string | null, sql: Sql): string {
  const [at, id] = after === null || after === '' ? [from ?? '-infinity', ''] : order === 'id' ? ['', after] : (JSON.parse(after) as [string, string])
  return [...(key ? [sql.parameter(key.value)] : []), ...(order === 'id' ? [] : [`${sql.parameter(at)}::timestamptz`]), sql.parameter(id)].join(', ')
}

function end({ row, key, to }: FilterRange, sql: Sql): string[] {
  if (to === undefined) return key ? [`${row}.${key.column} <= ${sql.parameter(key.value)}`] : []
  const time = `${sql.parameter(to)}::timestamptz`
  return [key ? `(${row}.${key.column}, ${row}.created_at) <= (${sql.parameter(key.value)}, ${time})` : `${row}.created_at <= ${time}`]
}

function countText({ row, key, from, to, others }: FilterRange, sql: Sql): string {
  const source = row === 't' ? 'refresh_tokens t' : 'refresh_token_devices d join refresh_tokens t on t.id = d.id'
  const conditions = [
    ...(key ? [`${row}.${key.column} = ${sql.parameter(key.value)}`] : []),
    ...(from === undefined ? [] : [`t.created_at >= ${sql.parameter(from)}::timestamptz`]),
    ...(to === undefined ? [] : [`t.created_at <= ${sql.parameter(to)}::timestamptz`]),
    ...others.map((condition) => sql.condition(condition)),
  ]
  return `select count(*) from ${source} where ${[...conditions, IS_ACTIVE].join(' and ')}`
}

/** Collects the values of a statement. */
class Sql {
  readonly values: unknown[] = []

  parameter(value: unknown): string {
    return `$${this.values.push(value)}`
  }

  /** On the row `t`. */
  condition({ column, comparison, value, ofDevice }: Condition): string {
    const parameter = `${this.parameter(value)}${column === 'created_at' ? '::timestamptz' : ''}`
    if (!ofDevice) return `t.${column} ${comparison} ${parameter}`
    return `exists (select from refresh_token_devices other where other.id = t.id and other.${column} ${comparison} ${parameter})`
  }
}
