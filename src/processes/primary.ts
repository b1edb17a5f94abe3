import { setTimeout as pause } from 'node:timers/promises'
import { type Config, completeConfig, ConfigError, type Part, type StartConfig } from '../config.js'
import { migrate, MissingRoleError } from '../database/migrate.js'
import { announce, createLogger, type Logger } from '../logging.js'
import { redact } from '../redact.js'
import { EmbeddedDatabase } from './embedded-database.js'
import { Fleet } from './fleet.js'
import type { ServerFiles } from './local-authority.js'
import { checkStart, dataDirError } from './start-conditions.js'

/** The service is gone 10 s after the signal, whatever hangs. */
const HARD_LIMIT_MS = 9000
/** What the start is doing to the database may finish; a database that keeps it waiting may not. */
const PREPARING_LIMIT_MS = 3000
/** What remains of it stops the embedded database. */
const WORKERS_LIMIT_MS = 7000

/** Prepares the instance, starts its processes and watches over them until a signal or a failure ends it; never returns. */
export async function runPrimary(start: StartConfig): Promise<never> {
  const log = createLogger(start.logLevel, 'primary')
  const end = new End()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => end.stop())
  const database = start.databaseUrl ? undefined : new EmbeddedDatabase(start, log, (reason) => end.fail(reason))
  let fleet: Fleet | undefined
  try {
    await checkStart(start)
    const config = completeConfig(start, await database?.start())
    await Promise.race([prepareDatabase(config), end.whenReached.then(() => pause(PREPARING_LIMIT_MS))])
    const files: ServerFiles | undefined = config.tls === 'auto' ? await makeFiles(config) : config.tls
    if (files?.authority) process.stdout.write(`NODE_EXTRA_CA_CERTS=${files.authority}\n`)
    if (!end.reached) {
      fleet = new Fleet(workerEnvironment(config, files), log, (reason) => end.fail(reason))
      await Promise.race([fleet.start(members(config)).then(() => announceReady(log, config)), end.whenReached])
    }
    await end.whenReached
  } catch (error) {
    end.fail(error)
  }
  return stop(log, end, fleet, database)
}

/** Why and whether the instance ends: the first reason counts, a second signal changes nothing. */
class End {
  reached = false
  exitCode = 0
  readonly whenReached: Promise<void>
  #reach!: () => void

  constructor() {
    this.whenReached = new Promise((done) => (this.#reach = done))
  }

  stop(): void {
    this.reached = true
    this.#reach()
  }

  fail(reason: unknown): void {
    if (!this.reached) {
      this.exitCode = 1
      process.stderr.write(`${sentence(reason)}\n`)
    }
    this.stop()
  }
}

async function prepareDatabase(config: Config): Promise<void> {
  await migrate(config.databaseUrl).catch((error: Error & { code?: string }) => {
    // It names its variable itself.
    if (error instanceof MissingRoleError) throw error
    throw new ConfigError(
      'DATABASE_URL',
      `the database cannot be prepared (${redact(error.message || String(error.code))})`,
      'postgres://evergrant:password@db.example.com:5432/evergrant',
    )
  })
  const { bootstrap } = await import('../bootstrap.js')
  await bootstrap(config)
}

/** What makes certificates is loaded where some are to be made. */
async function makeFiles(config: Config): Promise<ServerFiles | undefined> {
  const { tlsFiles } = await import('./local-authority.js')
  return tlsFiles(config).catch((error: unknown) => {
    throw dataDirError(config.dataDir, error)
  })
}

/** ROLE says which work this instance does. */
function members({ role, workers }: Config): Exclude<Part, 'primary'>[] {
  const http = role === 'worker' ? [] : Array.from({ length: workers }, () => 'http' as const)
  return role === 'http' ? http : [...http, 'background']
}

/** Workers read the same environment; what was found or made at the start is added. */
function workerEnvironment(config: Config, files: ServerFiles | undefined): Record<string, string> {
  return {
    DATABASE_URL: config.databaseUrl,
    ENCRYPTION_KEY: config.encryptionKeys.map((key) => key.toString('base64')).join(','),
    ...(files && { TLS_CERT_FILE: files.certFile, TLS_KEY_FILE: files.keyFile }),
  }
}

function announceReady(log: Logger, { issuer, port }: Config): void {
  announce(log, `Evergrant ready: issuer ${issuer} on port ${port}`, { issuer, port })
}

async function stop(log: Logger, end: End, fleet: Fleet | undefined, database: EmbeddedDatabase | undefined): Promise<never> {
  setTimeout(() => process.exit(1), HARD_LIMIT_MS)
  log.info('stopping')
  try {
    await fleet?.stop(WORKERS_LIMIT_MS)
    await database?.stop()
  } catch (error) {
    log.error({ err: error }, 'the stop was not clean')
    end.exitCode = 1
  }
  process.exit(end.exitCode)
}

/** One line, for stderr. A refused setting's is safe already, and its example stays whole. */
function sentence(reason: unknown): string {
  const text = reason instanceof Error ? reason.message : String(reason)
  return (reason instanceof ConfigError ? text : redact(text)).replace(/\s*\n\s*/g, ' ')
}
