import type pg from 'pg'

/** A partition of the log: the rows of some days, by the time in their log_id. Days are eight digits in UTC, `before` is the first one beyond. */
export interface LogPartition {
  readonly name: string
  readonly from: string
  readonly before: string
  /** Its detaching was begun: readers do not see it any more. */
  readonly leaving: boolean
}

/** The first day of the partition that held all rows when the log was not partitioned yet. */
export const BEFORE_PARTITIONS = '00000000'
/** What a table is marked with before it leaves, so that nothing else is ever dropped. */
const LEAVING = 'left the log of Evergrant, and may be dropped'

export const dayOf = (time: Date): string => time.toISOString().slice(0, 10).replaceAll('-', '')

/** The partitions of the log, oldest first. */
export async function logPartitions(db: pg.ClientBase): Promise<LogPartition[]> {
  const { rows } = await db.query<{ name: string; leaving: boolean }>(`
    select c.relname as name, i.inhdetachpending as leaving from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'tenant_logs'::regclass order by c.relname`)
  return rows.map(({ name, leaving }) => ({ name, from: name.slice(-17, -9), before: name.slice(-8), leaving }))
}

/** Makes the partition that a day's rows go to, unless there is one; safe while others do the same. The projection asks for what it needs itself. */
export async function preparePartition(db: Pick<pg.ClientBase, 'query'>, day: string): Promise<void> {
  await db.query(`select prepare_tenant_log_partition('tenant_logs'::regclass, to_date($1, 'YYYYMMDD'))`, [day])
}

/**
 * Takes a partition out of the log while others read and write it: it waits until those who began before have ended, and goes on where one that was
 * killed stood. The owner's connection, in no transaction. Errors: the database's, such as the time-out of the statement.
 */
export async function detachPartition(owner: pg.ClientBase, { name, leaving }: LogPartition): Promise<void> {
  if (leaving) {
    await owner.query(`alter table tenant_logs detach partition ${name} finalize`)
    return
  }
  await owner.query(`comment on table ${name} is '${LEAVING}'`)
  await owner.query(`alter table tenant_logs detach partition ${name} concurrently`)
}

/** Drops the tables that were partitions of the log and left it; answers how many. */
export async function dropDetached(owner: pg.ClientBase): Promise<number> {
  const { rows } = await owner.query<{ table: string }>(
    `select c.oid::regclass as table from pg_class c
     where c.relkind = 'r' and not c.relispartition and starts_with(c.relname, 'tenant_logs_') and obj_description(c.oid, 'pg_class') = $1
       and c.relnamespace = (select relnamespace from pg_class where oid = 'tenant_logs'::regclass)`,
    [LEAVING],
  )
  for (const { table } of rows) await owner.query(`drop table ${table}`)
  return rows.length
}
