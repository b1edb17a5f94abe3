import type pg from 'pg'

/** Which part of a table: after a place in its order, or after a number of rows. */
export interface TablePage {
  readonly after?: readonly [createdAt: string, id: string] | undefined
  readonly offset?: number
  readonly limit: number
  /** False where nobody wants to know how many there are altogether: they are not counted, and `total` is 0. */
  readonly totals?: boolean
}

/** What to read: the conditions may use `$1…` for `values`. All of it is written by us, none of it by a caller. */
interface TableList {
  readonly table: string
  /** The column that is unique; the order is that of creation, then of this. */
  readonly key: string
  readonly columns: string
  readonly where: readonly string[]
  readonly values: readonly unknown[]
}

/** A page of a table in the order of creation, and the number of all rows that meet the conditions: one snapshot, since deploy tools compare the two. */
export async function readTablePage<R>(
  pool: pg.Pool,
  { table, key, columns, where, values }: TableList,
  { after, offset = 0, limit, totals = true }: TablePage,
): Promise<{ rows: (R & { created_at: Date })[]; total: number }> {
  const n = values.length
  // Numbers as they are, not as parameters: a plan for any limit would rather sort all rows of a large client than read a page of them in order.
  const place = after ? [`(created_at, ${key}) > ($${n + 1}::timestamptz, $${n + 2})`] : []
  const { rows } = await pool.query<R & { created_at: Date; total: number; page: true | null }>(
    `select ${totals ? `(select count(*) from ${table} ${all(where)})` : '0'} as total, page.*
     from (select) as one left join lateral (
       select true as page, ${columns}, ${key}, created_at from ${table} ${all([...where, ...place])}
       order by created_at, ${key} offset ${Math.trunc(offset)} limit ${Math.trunc(limit)}
     ) as page on true
     order by created_at, ${key}`,
    [...values, ...(after ?? [])],
  )
  return { rows: rows.filter(({ page }) => page), total: rows[0]!.total }
}

const all = (conditions: readonly string[]): string => (conditions.length > 0 ? `where ${conditions.join(' and ')}` : '')
