import type pg from 'pg'
import type { LogStreamDocument } from '../../audit/log-stream/log-stream.events.js'
import type { LogStreamState } from '../../audit/log-stream/log-stream.js'
import { cursorAt } from '../logs/log-cursor.js'

/** Any number: one process at a time counts and adds. */
const COUNT_LOCK = 7_230_118

/** There are as many log streams as the installation allows. */
export class TooManyLogStreams extends Error {}

/** Encrypted, by name. */
export type EncryptedSecrets = Readonly<Record<string, string>>

/** Adds a row for a new stream, in the transaction of its events. Errors: TooManyLogStreams. */
export async function addLogStream(db: pg.PoolClient, state: LogStreamState, secrets: EncryptedSecrets, from: string | undefined, max: number, now: Date) {
  if (state.status === 'absent') return
  await db.query('select pg_advisory_xact_lock($1)', [COUNT_LOCK])
  const { rows } = await db.query<{ count: number }>('select count(*) from log_streams')
  if (rows[0]!.count >= max) throw new TooManyLogStreams()
  const { id } = state.logStream
  await db.query('insert into log_streams (id, document, secrets, created_at, updated_at) values ($1, $2, $3, $4, $4)', [
    id,
    JSON.stringify(state.logStream),
    JSON.stringify(secrets),
    now,
  ])
  // From now on, unless it is asked otherwise: also where times in log_ids run ahead of the clock.
  await db.query(
    `insert into log_stream_deliveries (log_stream_id, cursor)
     select $1, coalesce($2, greatest($3, (select max(log_id) from tenant_logs)))`,
    [id, from ?? null, cursorAt(now)],
  )
}

/** Brings the rows of a stream to its state, in the transaction of its events. `fresh`: secrets with a new value. */
export async function writeLogStream(db: pg.PoolClient, id: string, state: LogStreamState, fresh: EncryptedSecrets, now: Date): Promise<void> {
  if (state.status === 'absent') {
    await db.query('delete from log_streams where id = $1', [id])
    return
  }
  await db.query(
    `update log_streams set document = $2, updated_at = $5, secrets = (
       select coalesce(jsonb_object_agg(key, value), '{}') from jsonb_each(log_streams.secrets || $3) where key = any($4::text[])
     ) where id = $1`,
    [id, JSON.stringify(state.logStream), JSON.stringify(fresh), state.secrets, now],
  )
}

/** Tries at once what waits for its next try; `from` also moves it to another place. */
export async function tryAtOnce(db: pg.PoolClient, id: string, from: string | undefined): Promise<void> {
  await db.query(
    `update log_stream_deliveries set failures = 0, failing_since = null, blocked_by = null, next_try_at = now(), cursor = coalesce($2, cursor) where log_stream_id = $1`,
    [id, from ?? null],
  )
}

export async function listLogStreams(pool: pg.Pool): Promise<LogStreamDocument[]> {
  const { rows } = await pool.query<{ document: LogStreamDocument }>('select document from log_streams order by created_at, id')
  return rows.map(({ document }) => document)
}

export async function findLogStream(pool: pg.Pool, id: string): Promise<LogStreamDocument | undefined> {
  const { rows } = await pool.query<{ document: LogStreamDocument }>('select document from log_streams where id = $1', [id])
  return rows[0]?.document
}
