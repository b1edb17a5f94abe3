import type pg from 'pg'

/** Which part of a table: after a place in its order, or after a number of rows. */
export interface TablePage {
  readonly after?: readonly [createdAt: string, id: string] | undefined
  readonly offset?: number
  readonly limit: number
}

/** What to read: the conditions may use `$1…` for `values`. All of it is written by us, none of it by a caller. */
export interface TableList {
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
  { after, offset = 0, limit }: TablePage,
): Promise<{ rows: (R & { created_at: Date })[]; total: number }> {
  const n = values.length
  const place = after ? [`(created_at, ${key}) > ($${n + 3}::timestamptz, $${n + 4})`] : []
  const { rows } = await pool.query<R & { created_at: Date; total: number; page: true | null }>(
    `select (select count(*) from ${table} ${all(where)}) as total, page.*
     from (select) as one left join lateral (
       select true as page, ${columns}, ${key}, created_at from ${table} ${all([...where, ...place])}
       order by created_at, ${key} offset $${n + 1} limit $${n + 2}
     ) as page on true
     order by created_at, ${key}`,
    [...values, offset, limit, ...(after ?? [])],
  )
  return { rows: rows.filter(({ page }) => page), total: rows[0]!.total }
}

const all = (conditions: readonly string[]): string => (conditions.length > 0 ? `where ${conditions.join(' and ')}` : '')
