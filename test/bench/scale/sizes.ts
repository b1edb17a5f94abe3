import type pg from 'pg'

/** What a table takes, with all its partitions, in bytes. */
export interface TableSize {
  readonly table: string
  readonly rows: number
  readonly heap: number
  readonly indexes: number
}

/** The tables that grow with families, the largest first. Statistics must be fresh: rows are those of the last `analyze`. */
export async function tableSizes(db: pg.ClientBase): Promise<TableSize[]> {
  const { rows } = await db.query<TableSize>(`
    select coalesce(p.relname, t.relname) as table, sum(greatest(t.reltuples, 0))::bigint as rows,
      sum(pg_table_size(t.oid))::bigint as heap, sum(pg_indexes_size(t.oid))::bigint as indexes
    from pg_class t left join pg_inherits i on i.inhrelid = t.oid left join pg_class p on p.oid = i.inhparent
    where t.relkind = 'r' and t.relnamespace = 'public'::regnamespace
    group by 1 order by sum(pg_total_relation_size(t.oid)) desc`)
  return rows.map((row) => ({ ...row, rows: Number(row.rows), heap: Number(row.heap), indexes: Number(row.indexes) }))
}
