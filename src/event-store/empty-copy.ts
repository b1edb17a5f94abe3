import pg from 'pg'

const quoted = pg.escapeIdentifier

export interface Table {
  readonly schema: string
  readonly name: string
}

/** Finds an ordinary or partitioned table by the name that statements use for it. Errors: an Error when there is none. */
export async function findTable(db: pg.ClientBase, name: string): Promise<Table> {
  const { rows } = await db.query<Table & { kind: string }>(
    `select n.nspname as schema, c.relname as name, c.relkind as kind from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = to_regclass($1)`,
    [name],
  )
  if (rows[0]?.kind !== 'r' && rows[0]?.kind !== 'p')
    throw new Error(`there is no table ${name} that could be rebuilt; has this version migrated the database?`)
  return { schema: rows[0].schema, name: rows[0].name }
}

/** Makes an empty table of the same name, columns, constraints, indexes, storage settings, owner and grants in another schema; a partitioned one has no partitions yet. */
export async function makeEmptyCopy(db: pg.ClientBase, table: Table, schema: string): Promise<void> {
  const from = qualified(table)
  const to = qualified({ ...table, schema })
  const { rows: parted } = await db.query<{ key: string | null }>('select pg_get_partkeydef($1::regclass) as key', [from])
  const key = parted[0]!.key
  await db.query(`create table ${to} (like ${from} including all)${key === null ? '' : ` partition by ${key}`}`)
  await copyIndexNames(db, from, to, schema)
  const { rows } = await db.query<{ statement: string }>(ATTRIBUTES, [from, to])
  for (const { statement } of rows) await db.query(statement)
}

/**
 * Takes indexes off an empty table and answers the statements that make them again, names included. Those that keep rows unique stay, and those
 * that begin with one of the columns.
 */
export async function takeIndexes(db: pg.ClientBase, table: Table, columns: readonly string[]): Promise<string[]> {
  const { rows } = await db.query<{ name: string; statement: string }>(
    `select c.relname as name, pg_get_indexdef(i.indexrelid) as statement
     from pg_index i join pg_class c on c.oid = i.indexrelid left join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
     where i.indrelid = $1::regclass and not i.indisunique and coalesce(a.attname <> all($2::text[]), true)
     order by c.oid`,
    [qualified(table), columns],
  )
  for (const { name } of rows) await db.query(`drop index ${qualified({ ...table, name })}`)
  // Of a partitioned table: on its partitions too.
  return rows.map(({ statement }) => statement.replace(/ ON ONLY /, ' ON '))
}

/** Puts the copy in the table's place: whoever waited for the lock finds the copy by name. In one transaction. */
export async function replaceByCopy(db: pg.ClientBase, table: Table, schema: string): Promise<void> {
  // Readers queue behind this lock, so it gives up rather than wait long for a slow one.
  await db.query(`set local lock_timeout = '500ms'`)
  await db.query(`lock table ${qualified(table)} in access exclusive mode`)
  await db.query(`drop table ${qualified(table)}`)
  const { rows } = await db.query<{ name: string }>(`select relname as name from pg_inherits join pg_class on oid = inhrelid where inhparent = $1::regclass`, [
    qualified({ ...table, schema }),
  ])
  for (const { name } of [table, ...rows]) await db.query(`alter table ${qualified({ schema, name })} set schema ${quoted(table.schema)}`)
}

const qualified = ({ schema, name }: Table): string => `${quoted(schema)}.${quoted(name)}`

/** LIKE names indexes anew, but a later migration may ask for one by its name. It makes them in the order of their creation. */
async function copyIndexNames(db: pg.ClientBase, from: string, to: string, schema: string): Promise<void> {
  const names = async (table: string): Promise<string[]> =>
    (
      await db.query<{ name: string }>(
        `select c.relname as name from pg_index i join pg_class c on c.oid = i.indexrelid where i.indrelid = $1::regclass order by c.oid`,
        [table],
      )
    ).rows.map(({ name }) => name)
  const [wanted, given] = [await names(from), await names(to)]
  // In two steps, as one index may be given the name that another one wants.
  for (const [n, name] of given.entries()) await db.query(`alter index ${qualified({ schema, name })} rename to ${quoted(`rebuild ${n}`)}`)
  for (const [n, name] of wanted.entries()) await db.query(`alter index ${qualified({ schema, name: `rebuild ${n}` })} rename to ${quoted(name)}`)
}

const ATTRIBUTES = `
  select format('alter table %s set (%s)', $2::text, array_to_string(reloptions, ', ')) as statement
  from pg_class where oid = $1::regclass and reloptions is not null
  union all
  select format('grant %s on %s to %s', string_agg(privilege_type, ', '), $2::text, case grantee when 0 then 'public' else quote_ident(pg_get_userbyid(grantee)) end)
  from pg_class, aclexplode(relacl) where oid = $1::regclass and grantee <> relowner group by grantee
  union all
  select format('alter table %s owner to %I', $2::text, pg_get_userbyid(relowner))
  from pg_class where oid = $1::regclass and relowner <> (select oid from pg_roles where rolname = current_user)`
