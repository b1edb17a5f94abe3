import type pg from 'pg'
import { type KeyPurpose, type RootKeys, SealedTextError, UnknownRootKeyError } from './root-key.js'
import { type SealedColumn, textsOf } from './sealed-column.js'

/** Rows that somebody writes are left out and come one by one afterwards: whoever waits for a writer holds nothing that the writer may need. */
const PASSES = [
  { rowsAtOnce: 500, lock: 'skip locked' },
  { rowsAtOnce: 1, lock: '' },
] as const

/**
 * Encrypts the column's texts under the newest root key where they are under another one of the list; answers how many. Rows are locked for a batch
 * only, so that writers wait for milliseconds, and a second renewal finds them done.
 */
export async function renewColumn(db: pg.Client, rootKeys: RootKeys, column: SealedColumn): Promise<number> {
  let renewed = 0
  for (const pass of PASSES) {
    let last: string | undefined
    do {
      const batch = await renewBatch(db, rootKeys, column, pass, last)
      renewed += batch.renewed
      last = batch.last
    } while (last !== undefined)
  }
  return renewed
}

interface Batch {
  readonly renewed: number
  /** The key of its last row; undefined for a batch without rows. */
  readonly last: string | undefined
}

type Pass = (typeof PASSES)[number]

async function renewBatch(db: pg.Client, rootKeys: RootKeys, column: SealedColumn, pass: Pass, after: string | undefined): Promise<Batch> {
  await db.query('begin')
  try {
    const rows = await lockOlder(db, rootKeys, column, pass, after)
    const renewed = await renewRows(db, rootKeys, column, rows)
    await db.query('commit')
    return { renewed, last: rows.at(-1)?.key }
  } catch (error) {
    await db.query('rollback').catch(() => undefined)
    throw error
  }
}

interface Row {
  readonly key: string
  readonly place: string
  readonly value: unknown
}

/** The next rows with a text that is not under the newest key; those that do not open are passed by. */
async function lockOlder(db: pg.Client, { newestId }: RootKeys, column: SealedColumn, { rowsAtOnce, lock }: Pass, after = ''): Promise<Row[]> {
  const { table, key, place = key } = column
  const { rows } = await db.query<Row>(
    `select ${key}::text as key, ${place}::text as place, ${column.column} as value from ${table}
     where exists (select from (${textsOf(column)}) as sealed where split_part(text, '.', 2) <> $1) ${after === '' ? '' : `and ${key} > $2`}
     order by ${table}.${key} limit ${rowsAtOnce} for no key update of ${table} ${lock}`,
    after === '' ? [newestId] : [newestId, after],
  )
  return rows
}

async function renewRows(db: pg.Client, rootKeys: RootKeys, column: SealedColumn, rows: readonly Row[]): Promise<number> {
  const fresh = rows.map(({ key, place, value }) => ({ key, ...renewValue(rootKeys, column, value, place) })).filter(({ renewed }) => renewed > 0)
  const { table, key, keyType = 'text', holds } = column
  await db.query(
    `update ${table} set ${column.column} = fresh.value::${holds === 'text' ? 'text' : 'jsonb'}
     from unnest($1::${keyType}[], $2::text[]) as fresh(key, value) where ${table}.${key} = fresh.key`,
    [fresh.map((row) => row.key), fresh.map(({ value }) => (typeof value === 'string' ? value : JSON.stringify(value)))],
  )
  return fresh.reduce((sum, { renewed }) => sum + renewed, 0)
}

function renewValue(rootKeys: RootKeys, { holds, purpose }: SealedColumn, value: unknown, place: string): { value: unknown; renewed: number } {
  let renewed = 0
  const renew = (text: string, at: string): string => {
    const fresh = underNewest(rootKeys, purpose, text, at)
    if (fresh !== text) renewed++
    return fresh
  }
  const renewNamed = (name: string, text: string): string => renew(text, `${place}\n${name}`)
  const renewAll = {
    text: () => renew(value as string, place),
    members: () => Object.fromEntries(Object.entries(value as Members).map(([name, text]) => [name, renewNamed(name, text)])),
    list: () => (value as List).map((item) => ({ ...item, encrypted: renewNamed(item.name, item.encrypted) })),
  }
  return { value: renewAll[holds](), renewed }
}

type Members = Readonly<Record<string, string>>
type List = readonly { readonly name: string; readonly encrypted: string }[]

/** The text itself where it is under the newest key, or does not open. */
function underNewest(rootKeys: RootKeys, purpose: KeyPurpose, text: string, place: string): string {
  if (text.split('.')[1] === rootKeys.newestId) return text
  try {
    return rootKeys.encrypt(purpose, rootKeys.decrypt(purpose, text, place), place)
  } catch (error) {
    if (error instanceof UnknownRootKeyError || error instanceof SealedTextError) return text
    throw error
  }
}
