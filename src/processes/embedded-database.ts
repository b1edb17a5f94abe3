import { randomBytes } from 'node:crypto'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { StartConfig } from '../config.js'
import { encryptionKeys } from '../config-values.js'
import { POOL_SIZE } from '../database/pool.js'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../database/embedded-postgres.js'
import { openDataDir, secret } from '../generated-secrets.js'
import type { Logger } from '../logging.js'
import { dataDirError } from './start-conditions.js'

const ATTEMPTS = 5
/** For migrations, operators' commands and PostgreSQL's own. */
const SPARE_CONNECTIONS = 30

/** The embedded PostgreSQL of an instance without DATABASE_URL, started again should it die. */
export class EmbeddedDatabase {
  #server: EmbeddedPostgres | undefined
  #stopping = false

  /** `fail` hears why it cannot be brought back. */
  constructor(
    private readonly config: StartConfig,
    private readonly log: Logger,
    private readonly fail: (reason: unknown) => void,
  ) {}

  /** Answers what the configuration lacks. Errors: EmbeddedPostgresError, ConfigError. */
  async start(): Promise<{ databaseUrl: string; encryptionKeys: readonly Buffer[] }> {
    const { dataDir } = this.config
    try {
      await openDataDir(dataDir)
      await this.#launch()
      const keys = this.config.encryptionKeys ?? encryptionKeys((await secret(dataDir, 'encryption-key', () => randomBytes(32).toString('base64'))).value)
      return { databaseUrl: this.#server!.url('postgres'), encryptionKeys: keys }
    } catch (error) {
      throw dataDirError(dataDir, error)
    }
  }

  async stop(): Promise<void> {
    this.#stopping = true
    await this.#server?.stop()
  }

  async #launch(): Promise<void> {
    const connections = (this.config.workers + 1) * POOL_SIZE + SPARE_CONNECTIONS
    this.#server = await startEmbeddedPostgres({ dir: path.join(this.config.dataDir, 'postgres'), settings: { max_connections: connections } })
    void this.#server.died.then((words) => this.#revive(words))
  }

  /** The socket stays where it was, so connections come back by themselves. */
  async #revive(words: string): Promise<void> {
    this.log.error({ words }, 'the embedded database died, starting it again')
    for (let attempt = 1; !this.#stopping; attempt++) {
      try {
        await this.#server?.stop()
        await this.#launch()
        return this.log.warn('the embedded database is back')
      } catch (error) {
        if (attempt === ATTEMPTS) return this.fail(error)
        await pause(200 * attempt)
      }
    }
  }
}
