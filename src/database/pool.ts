import pg from 'pg'
import { isConnectionError, isReadOnlyServer } from './errors.js'

/** The role that the service works as: it may insert events and seals, and read them, nothing more. */
export const APP_ROLE = 'evergrant_app'

/** Connections of one process: enough for the two appends in flight, the reads around them and the lists. */
export const POOL_SIZE = 20

const INT8 = 20
/** Positions and counts stay below 2^53, so they are read as numbers. */
const types: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') => (oid === INT8 ? Number : (pg.types.getTypeParser(oid, format) as unknown)),
}

/**
 * Connections for the service, as `evergrant_app`. A statement ends after 10 s on the server and 15 s here, so nothing hangs,
 * and a lost answer is only declared lost once the server has given up too.
 * Statements that join a small input to large tables must keep to the indexes while statistics are young, hence no seq, hash or merge joins;
 * no parallel workers, which a range without known ends would start anew for a few rows; and one plan for every call, since planning an append
 * anew costs more than the append.
 */
export function createPool(databaseUrl: string, max: number): pg.Pool {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max,
    types,
    keepAlive: true,
    connectionTimeoutMillis: 5_000,
    statement_timeout: 10_000,
    query_timeout: 15_000,
    idle_in_transaction_session_timeout: 20_000,
    application_name: 'evergrant',
    options: `-c role=${APP_ROLE} -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c jit=off -c max_parallel_workers_per_gather=0 -c plan_cache_mode=force_generic_plan`,
  })
  // A broken connection fails its query, if it has one, and is replaced; without listeners its event would end the process.
  pool.on('error', () => undefined)
  pool.on('connect', (client) => client.on('error', () => undefined))
  return pool
}

/** One connection as the database's owner, for migrations and the operator's commands. A server that does not answer is given up after 10 s. */
export function createOwnerClient(databaseUrl: string): pg.Client {
  const client = new pg.Client({ connectionString: databaseUrl, types, application_name: 'evergrant-owner', connectionTimeoutMillis: 10_000 })
  // As in the pool.
  client.on('error', () => undefined)
  return client
}

/** Runs `work` in a transaction; whatever it throws rolls back. */
export async function inTransaction<T>(pool: pg.Pool, work: (db: pg.PoolClient) => Promise<T>): Promise<T> {
  const db = await pool.connect()
  let failed: unknown
  try {
    await db.query('begin')
    const result = await work(db)
    await db.query('commit')
    return result
  } catch (error) {
    failed = error
    throw error
  } finally {
    await giveBack(db, failed)
  }
}

/**
 * Gives back a connection whose transaction is over, or failed with an error: rolled back and kept where the server still answers, and writes. Closed
 * otherwise, which rolls back as well.
 */
export async function giveBack(db: pg.PoolClient, failed: unknown): Promise<void> {
  if (failed === undefined) return db.release()
  if (isConnectionError(failed) || isReadOnlyServer(failed)) return db.release(true)
  await db.query('rollback').then(
    () => db.release(),
    () => db.release(true),
  )
}
