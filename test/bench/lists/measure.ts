import type pg from 'pg'
import { elapse } from '../clock.js'
import { percentiles } from '../load.js'
import type { ListQuestion } from './questions.js'

/** What one list took: ms, bytes of an answer, and by index how many entries an answer read. `sequential`: tables that were read without an index. */
export interface ListFigures {
  readonly p50: number
  readonly p99: number
  readonly bytes: number
  readonly indexes: ReadonlyMap<string, number>
  readonly sequential: readonly string[]
}

export interface ListPace {
  readonly seconds: number
  readonly requests: number
}

const WARM_UP = 5
/** Connections count what they read once a second, when they are asked something. */
export const COUNTED_MS = 1100
const COUNTING = 8

/** Asks one after the other over HTTP, as long and as often as the pace says. Errors: an answer that is not 200. */
export async function measureList(db: pg.Client, base: string, token: string, { name, paths }: ListQuestion, pace: ListPace): Promise<ListFigures> {
  let asked = 0
  const ask = async (): Promise<{ ms: number; bytes: number }> => {
    const path = paths[asked++ % paths.length]!
    const began = performance.now()
    const res = await fetch(`${base}api/v2/${path}`, { headers: { authorization: `Bearer ${token}` } })
    const { length: bytes } = await res.text()
    const ms = performance.now() - began
    if (res.status !== 200) throw new Error(`${name}: ${path} answered ${res.status}`)
    return { ms, bytes }
  }
  const several = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n++) await ask()
  }
  await several(WARM_UP)
  await elapse(COUNTED_MS)
  await several(COUNTING)
  const [before, first] = [await scans(db), asked]
  const answers: Awaited<ReturnType<typeof ask>>[] = []
  for (const end = performance.now() + pace.seconds * 1000; performance.now() < end && answers.length < pace.requests;) answers.push(await ask())
  await elapse(COUNTED_MS)
  await several(COUNTING)
  const after = await scans(db)
  const grown = [...after].map(([key, count]) => [key, count - (before.get(key) ?? 0)] as const).filter(([, count]) => count > 0)
  const { p50 = 0, p99 = 0 } = percentiles(
    'p50',
    'p99',
    answers.map(({ ms }) => ms),
  )
  return {
    p50,
    p99,
    bytes: Math.round(answers.reduce((sum, { bytes }) => sum + bytes, 0) / answers.length),
    indexes: new Map(grown.filter(([key]) => !key.startsWith('!')).map(([key, count]) => [key, count / (asked - first)])),
    sequential: grown.filter(([key]) => key.startsWith('!')).map(([key]) => key.slice(1)),
  }
}

/** Entries read so far of every index of the tables that lists read, partitions together; and, after a `!`, scans of tables without one. */
async function scans(db: pg.Client): Promise<Map<string, number>> {
  const { rows } = await db.query<{ key: string; count: number }>(`
    select regexp_replace(indexrelname, '_\\d{8}_\\d{8}', '') as key, sum(idx_tup_read)::bigint as count from pg_stat_user_indexes where ${OF_LISTS} group by 1
    union all
    select '!' || relname, sum(seq_scan)::bigint from pg_stat_user_tables where ${OF_LISTS} group by 1`)
  return new Map(rows.map(({ key, count }) => [key, count]))
}

const OF_LISTS = `relname ~ '^(tenant_logs|refresh_tokens|refresh_token_devices|sessions|consents|device_keys)(_\\d{8}_\\d{8})?$'`
