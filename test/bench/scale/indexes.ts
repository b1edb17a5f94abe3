import type pg from 'pg'

/** The tables that grow with families, and that nothing reads while they are filled. */
const TABLES = ['streams', 'events', 'refresh_tokens', 'refresh_token_devices']

/**
 * Runs `work` without the indexes of these tables: all at once, sorted, they cost a fraction of what they cost row by row. Where it fails they are
 * not made again.
 */
export async function withoutIndexes(db: pg.Client, work: () => Promise<void>): Promise<void> {
  const { rows } = await db.query<{ take: string; make: string }>(INDEXES, [TABLES])
  for (const { take } of rows) await db.query(take)
  await work()
  await db.query(`set maintenance_work_mem = '1GB'`)
  for (const { make } of rows) await db.query(make)
  await db.query('reset maintenance_work_mem')
}

/** Of a partitioned table: with those of its partitions. */
const INDEXES = `
  select
    case when k.conname is null then format('drop index %I', c.relname) else format('alter table %s drop constraint %I', i.indrelid::regclass, k.conname) end as take,
    case when k.conname is null then replace(pg_get_indexdef(c.oid), ' ON ONLY ', ' ON ')
      else format('alter table %s add constraint %I %s', i.indrelid::regclass, k.conname, pg_get_constraintdef(k.oid)) end as make
  from pg_index i join pg_class c on c.oid = i.indexrelid left join pg_constraint k on k.conindid = c.oid and k.contype in ('p', 'u')
  where i.indrelid = any($1::regclass[])
  order by array_position($1::regclass[], i.indrelid::regclass), c.oid`
