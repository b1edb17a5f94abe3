import type pg from 'pg'
import { Gauge, Registry } from 'prom-client'

/** The age of the oldest event that has no position yet, and who holds it up: sealing waits for every older writing transaction in the cluster. */
interface SealLag {
  readonly seconds: number
  readonly oldestTransaction?: { readonly pid: number; readonly user: string; readonly since: Date }
}

const WORTH_A_WARNING_SECONDS = 5

/** Reads the seal lag; once it is worth a warning (5 s), and it is a writing transaction that sealing waits for, names the oldest. */
export async function readSealLag(pool: pg.Pool): Promise<SealLag> {
  const { rows } = await pool.query<{ seconds: number; waits: boolean }>(`
    select extract(epoch from clock_timestamp() - occurred_at)::float8 as seconds,
      epoch = (select max(epoch) from epochs) and xid >= pg_snapshot_xmin(pg_current_snapshot()) as waits
    from events
    where (epoch, xid, sequence) > (
      select coalesce(max(epoch), 0), coalesce(max(xid::text), '0')::xid8, coalesce(max(sequence), 0)
      from (select epoch, xid, sequence from seals order by number desc limit 1) as head)
    order by epoch, xid, sequence limit 1`)
  const { seconds, waits } = rows[0] ?? { seconds: 0, waits: false }
  if (!waits || seconds < WORTH_A_WARNING_SECONDS) return { seconds: Math.max(0, seconds) }
  const oldest = await pool.query<{ pid: number; user: string; since: Date }>(`
    select pid, usename as user, xact_start as since from pg_stat_activity
    where backend_xid is not null order by age(backend_xid) desc limit 1`)
  return oldest.rows[0] ? { seconds, oldestTransaction: oldest.rows[0] } : { seconds }
}

/** Of the database rather than of a process, so no process counts it among its own. */
const registry = new Registry()
const gauge = new Gauge({
  name: 'evergrant_seal_lag_seconds',
  help: 'Age of the oldest event that is not sealed yet, 0 when there is none; absent where the database does not tell',
  registers: [registry],
})

/** The metric as it is now, in Prometheus' text format. Errors: the database's. */
export async function sealLagMetric(pool: pg.Pool): Promise<string> {
  gauge.set((await readSealLag(pool)).seconds)
  return registry.metrics()
}
