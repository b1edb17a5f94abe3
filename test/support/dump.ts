import type pg from 'pg'

/** All that the database's tables hold, row by row as text: for planting a value and asking where it is. Connect as the owner. */
export async function dumpTables(owner: pg.Client): Promise<{ table: string; row: string }[]> {
  const { rows: tables } = await owner.query<{ name: string }>(`
    select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'public' and c.relkind = 'r' order by 1`)
  const found: { table: string; row: string }[] = []
  for (const { name } of tables) {
    const { rows } = await owner.query<{ row: string }>(`select t::text as row from ${name} as t`)
    found.push(...rows.map(({ row }) => ({ table: name, row })))
  }
  return found
}

/** The forms in which a value could stand in a row: as it is, as JSON, hex and base64. */
export function formsOf(value: string): string[] {
  const bytes = Buffer.from(value)
  const json = JSON.stringify(value).slice(1, -1)
  return [value, json, json.replaceAll('"', '""'), bytes.toString('hex'), bytes.toString('base64').replace(/=+$/, ''), bytes.toString('base64url')]
}
