import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { encryptionKeys } from '../config-values.js'
import { loadConfig, type StartConfig } from '../config.js'
import { startEmbeddedPostgres } from '../database/embedded-postgres.js'
import { servesFrom } from '../database/embedded-lock.js'
import { RootKeys } from '../keys/root-key.js'

export interface Access {
  readonly databaseUrl: string
  readonly issuer: string
  /** Tells the service's own log keys from planted ones. */
  readonly rootKeys: RootKeys
}

/**
 * Runs `work` on the database that the environment names: DATABASE_URL, or the embedded one under DATA_DIR. That one may be running
 * with the service and is then used as it is; otherwise it runs for the duration of `work`.
 */
export async function withDatabase<T>(work: (access: Access) => Promise<T>): Promise<T> {
  const config = loadConfig()
  const access = { issuer: config.issuer, rootKeys: new RootKeys(config.encryptionKeys ?? (await generatedKeys(config))) }
  if (config.databaseUrl !== undefined) return work({ ...access, databaseUrl: config.databaseUrl })
  const dir = path.join(config.dataDir, 'postgres')
  const running = await runningServer(dir)
  if (running !== undefined) return work({ ...access, databaseUrl: running })
  if (!existsSync(path.join(dir, 'data', 'PG_VERSION'))) {
    throw new Error(
      `DATA_DIR: there is no database under ${config.dataDir}; name the one to read, for example DATA_DIR=/var/lib/evergrant, or set DATABASE_URL`,
    )
  }
  const server = await startEmbeddedPostgres({ dir })
  try {
    return await work({ ...access, databaseUrl: server.url(DATABASE) })
  } finally {
    await server.stop()
  }
}

/** What processes/embedded-database.ts uses. */
const DATABASE = 'postgres'

/** The socket of a running server stands in the fifth line of its postmaster.pid. */
async function runningServer(dir: string): Promise<string | undefined> {
  const data = path.join(dir, 'data')
  const [pid, , , , sockets] = (await readFile(path.join(data, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')
  if (!sockets || !(await servesFrom(Number(pid), data))) return undefined
  return `postgres://postgres@${encodeURIComponent(sockets)}/${DATABASE}`
}

/** Only read: a key made now would open nothing. */
async function generatedKeys({ dataDir }: StartConfig): Promise<readonly Buffer[]> {
  const file = path.join(dataDir, 'secrets', 'encryption-key')
  const text = await readFile(file, 'utf8').catch(() => undefined)
  if (text === undefined) throw new Error(`ENCRYPTION_KEY: is not set, and ${file} does not hold the one that the service made`)
  return encryptionKeys(text.trim())
}
