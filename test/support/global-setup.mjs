import { randomBytes, randomInt } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { startEmbeddedPostgres } from '../../dist/src/database/embedded-postgres.js'
import { migrate } from '../../dist/src/database/migrate.js'

/** One throw-away PostgreSQL for the run, with the migrated database that each test file copies. */
export default async function globalSetup() {
  const parent = mkdtempSync(path.join(os.tmpdir(), 'evergrant-test-'))
  const settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: 300 }
  const server = await startEmbeddedPostgres({ dir: path.join(parent, 'postgres'), settings })
  globalThis.stopTestPostgres = async () => {
    await server.stop()
    rmSync(parent, { recursive: true, force: true })
  }
  try {
    const admin = new pg.Client(server.url('postgres'))
    await admin.connect()
    await admin.query('create database template_evergrant')
    await migrate(server.url('template_evergrant'))
    await closeTemplate(admin)
    await admin.end()
  } catch (error) {
    await globalThis.stopTestPostgres()
    throw error
  }
  process.env.TEST_POSTGRES_URL = server.url('{database}')
  process.env.TEST_ENCRYPTION_KEY = randomBytes(32).toString('base64')
  // Runs side by side on one machine have ports of their own; the rest of the thousand is for one file's many apps.
  process.env.TEST_RUN = String(randomInt(900))
}

/** A database is copied only while nobody is connected to it, and a closed connection's backend lingers a moment. */
async function closeTemplate(admin) {
  await admin.query('alter database template_evergrant allow_connections false')
  for (;;) {
    const { rows } = await admin.query(`select 1 from pg_stat_activity where datname = 'template_evergrant'`)
    if (rows.length === 0) return
  }
}
