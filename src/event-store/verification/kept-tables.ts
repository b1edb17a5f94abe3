import type pg from 'pg'
import type { Decider, Event } from '../event.js'
import { cursorPages } from './cursor.js'

/**
 * A table that commands keep beside their streams, in the same transaction: a row for each stream whose state has one, and no others. The texts are
 * SQL of ours; `t` is a row, `s.state` the state of a stream.
 */
export interface KeptTable {
  readonly table: string
  /** Its rows, where they are not simply those of the table. */
  readonly rows?: string
  /** The column that the stream's name ends with. */
  readonly key: string
  readonly streamType: string
  /** Whether a state has a row. */
  readonly kept: string
  /** Whether the row says what the state does. */
  readonly same: string
}

const ROWS_PER_PAGE = 1000

/** Each stream whose row in the table is missing, is another than its state says, or was made by no event. Needs a transaction. */
export async function* differingRows(
  db: pg.ClientBase,
  table: KeptTable,
  { stateVersion }: Decider<unknown, Event>,
): AsyncGenerator<{ streamId: string; reason: string }> {
  for await (const page of cursorPages<DifferingRow>(db, `kept_${table.table}`, ROWS_PER_PAGE, queryOf(table), [table.streamType, stateVersion])) {
    for (const { stream_id: streamId, what } of page) yield { streamId, reason: REASONS[what](table.table) }
  }
}

interface DifferingRow {
  readonly stream_id: string
  readonly what: keyof typeof REASONS
}

const REASONS = {
  missing: (table: string) => `has no row in ${table}`,
  unfounded: (table: string) => `has a row in ${table} that no event made`,
  other: (table: string) => `its row in ${table} is not what its state says`,
}

/** A kind's streams are one range of ids, in bytes: most streams are of refresh tokens. States that an older version folded are compared when they are folded anew. */
const queryOf = ({ table, rows = table, key, kept, same }: KeptTable): string => `
  select coalesce(s.id, $1::text || '-' || t.${key}) as stream_id,
    case when t.${key} is null then 'missing' when s.id is null then 'unfounded' else 'other' end as what
  from ${rows} t
  full join (
    select s.id, s.state, s.state_version from streams s where s.id > $1::text || '-' and s.id < $1::text || '.' and s.type = $1::text and ${kept}
  ) s on s.id = $1::text || '-' || t.${key}
  where t.${key} is null or s.id is null or (s.state_version = $2::int and (${same}) is not true)
  order by 1`
