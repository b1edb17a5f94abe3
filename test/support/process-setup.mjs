import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { startEmbeddedPostgres } from '../../dist/src/database/embedded-postgres.js'
import { migrate } from '../../dist/src/database/migrate.js'

/** A migrated cluster that services of the run start with a copy of, so that not each of them makes one (service.ts, preparedFolder). */
export default async function processSetup() {
  const parent = mkdtempSync(path.join(os.tmpdir(), 'evergrant-cluster-'))
  globalThis.removePreparedCluster = () => rmSync(parent, { recursive: true, force: true })
  const dir = path.join(parent, 'postgres')
  try {
    // On the disk when the server has stopped, or not: the run does not outlive the machine.
    const server = await startEmbeddedPostgres({ dir, settings: { fsync: 'off' } })
    try {
      await migrate(server.url('postgres'))
    } finally {
      await server.stop()
    }
  } catch (error) {
    globalThis.removePreparedCluster()
    throw error
  }
  process.env.TEST_PREPARED_CLUSTER = dir
}
