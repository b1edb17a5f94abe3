import { pipeline } from 'node:stream/promises'
import type pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'

/** Column values as the driver is given them; a column that is not there stays null. */
export type Row = Readonly<Record<string, unknown>>

/** A table's columns that can be written, with their types. */
export interface Columns {
  readonly table: string
  readonly types: ReadonlyMap<string, string>
}

/** Lines in COPY's text format, with the names of their columns. */
export interface Lines {
  readonly table: string
  readonly names: readonly string[]
  readonly text: string | readonly Buffer[]
}
export type TextLines = Lines & { readonly text: string }

export async function columnsOf(db: pg.ClientBase, table: string): Promise<Columns> {
  const { rows } = await db.query<{ name: string; type: string }>(
    `select attname as name, format_type(atttypid, null) as type from pg_attribute
     where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = '' order by attnum`,
    [table],
  )
  return { table, types: new Map(rows.map(({ name, type }) => [name, type])) }
}

/** Errors: for a column that the table has not. */
export function linesOf({ table, types }: Columns, rows: readonly Row[]): TextLines {
  const names = [...new Set(rows.flatMap(Object.keys))]
  const unknown = names.find((name) => !types.has(name))
  if (unknown !== undefined) throw new Error(`${table} has no column ${unknown} to write`)
  return { table, names, text: rows.map((row) => `${names.map((name) => field(row[name])).join('\t')}\n`).join('') }
}

/** Writes lines by COPY. Errors: the database's. */
export async function copyLines(db: pg.Client, { table, names, text }: Lines): Promise<void> {
  if (text.length > 0) await pipeline(typeof text === 'string' ? [text] : text, db.query(copyFrom(`copy ${table} (${names.join(', ')}) from stdin`)))
}

/** A recordset's values as the driver would be given them: what goes into a column of JSON is a text. */
export const fromRecord = ({ types }: Columns, record: Row): Row =>
  Object.fromEntries(
    Object.entries(record).map(([name, value]) => [name, value !== null && types.get(name)?.startsWith('json') ? JSON.stringify(value) : value]),
  )

/** COPY's text format. */
function field(value: unknown): string {
  if (value === null || value === undefined) return '\\N'
  if (typeof value === 'string') return escaped(value)
  if (Buffer.isBuffer(value)) return `\\\\x${value.toString('hex')}`
  if (value instanceof Date) return value.toISOString()
  return Array.isArray(value) ? escaped(arrayLiteral(value)) : JSON.stringify(value)
}

const arrayLiteral = (items: readonly unknown[]): string =>
  `{${items.map((item) => `"${(Buffer.isBuffer(item) ? `\\x${item.toString('hex')}` : String(item)).replace(/["\\]/g, '\\$&')}"`).join(',')}}`

const SPECIAL: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' }
const escaped = (text: string): string => (/[\\\n\r\t]/.test(text) ? text.replace(/[\\\n\r\t]/g, (character) => SPECIAL[character]!) : text)
