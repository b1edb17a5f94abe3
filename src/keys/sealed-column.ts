import type pg from 'pg'
import { type KeyPurpose, type RootKeys, UnknownRootKeyError } from './root-key.js'

/** A column of texts that RootKeys encrypted. The names are SQL of ours. */
export interface SealedColumn {
  readonly table: string
  /** The primary key, a text unless `keyType` says otherwise. */
  readonly key: string
  readonly keyType?: 'uuid'
  readonly column: string
  readonly purpose: KeyPurpose
  /** The column that names the place where the texts open, where that is not the primary key. */
  readonly place?: string
  /** One text; or as jsonb `{ name: text }` or `[{ name, encrypted: text }]`, each in the row's place with a line for its name. */
  readonly holds: 'text' | 'members' | 'list'
}

/** SQL of the texts of a row. */
export const textsOf = ({ column, holds }: SealedColumn): string =>
  ({
    text: `select ${column} as text`,
    members: `select value #>> '{}' as text from jsonb_path_query(${column}, '$.*') as value`,
    list: `select value #>> '{}' as text from jsonb_path_query(${column}, '$[*].encrypted') as value`,
  })[holds]

/** How many texts of the column are under each root key, by its id; those that this service did not encrypt, by an empty one. */
export async function countByKey(db: pg.ClientBase, column: SealedColumn): Promise<ReadonlyMap<string, number>> {
  const { rows } = await db.query<{ key_id: string; texts: number }>(
    `select coalesce(substring(text from '^rk1\\.([0-9a-f]{8})\\.'), '') as key_id, count(*) as texts
     from ${column.table} cross join lateral (${textsOf(column)}) as sealed where text is not null group by 1 order by 1`,
  )
  return new Map(rows.map(({ key_id, texts }) => [key_id, texts]))
}

/** Reads every row of these tables. Errors: UnknownRootKeyError with the tables, for the first key in use that is not in the list. */
export async function checkRootKeys(db: pg.ClientBase, rootKeys: RootKeys, columns: readonly SealedColumn[]): Promise<void> {
  const tables = await tablesByKey(db, columns)
  for (const [keyId, under] of tables) if (!rootKeys.ids.includes(keyId)) throw new UnknownRootKeyError(keyId, under)
}

/** Where each root key is in use, by its id. */
export async function tablesByKey(db: pg.ClientBase, columns: readonly SealedColumn[]): Promise<ReadonlyMap<string, readonly string[]>> {
  const tables = new Map<string, string[]>()
  for (const column of columns) {
    for (const keyId of (await countByKey(db, column)).keys()) {
      if (keyId !== '') tables.set(keyId, [...(tables.get(keyId) ?? []), column.table])
    }
  }
  return tables
}
