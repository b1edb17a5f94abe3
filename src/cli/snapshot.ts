import type pg from 'pg'
import { createOwnerClient } from '../database/pool.js'

/**
 * Runs `work` on one unchanging view of the database, while others go on writing. Nothing can be written through it.
 * It holds no transaction id, so it does not delay sealing.
 */
export async function inSnapshot<T>(databaseUrl: string, work: (db: pg.Client) => Promise<T>): Promise<T> {
  const db = createOwnerClient(databaseUrl)
  await db.connect()
  try {
    await db.query('begin isolation level repeatable read read only')
    // A log takes as long to read as it takes.
    await db.query('set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0')
    return await work(db)
  } finally {
    await db.end()
  }
}
