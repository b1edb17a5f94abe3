import { NestFactory } from '@nestjs/core'
import { Bootstrap } from './bootstrap/bootstrap.js'
import { BootstrapModule } from './bootstrap/bootstrap.module.js'
import type { Config } from './config.js'
import { createOwnerClient } from './database/pool.js'
import { RootKeys } from './keys/root-key.js'
import { checkRootKeys } from './keys/sealed-column.js'
import { sealedColumns } from './sealed-columns.js'

/** Any number: one process at a time sets up a database, so that what is generated is generated and printed once. */
const BOOTSTRAP_LOCK = 7_230_117

/**
 * Puts into a migrated database what it must hold before anything is configured (spec/contract.md, After the first start), and applies
 * what the environment says of the management client and the administrator. Safe to repeat, and to run by several replicas at once.
 * Errors: the database's; UnknownRootKeyError when ENCRYPTION_KEY lacks a key that any table is encrypted under.
 */
export async function bootstrap(config: Config, print: (line: string) => void = printLine): Promise<void> {
  // Losing it is no harm by itself: whatever is done without it fails for the same reason.
  const lock = createOwnerClient(config.databaseUrl)
  try {
    await lock.connect()
    await lock.query('select pg_advisory_lock($1)', [BOOTSTRAP_LOCK])
    await checkRootKeys(lock, new RootKeys(config.encryptionKeys), sealedColumns)
    const context = await NestFactory.createApplicationContext(BootstrapModule.for(config), { logger: ['warn', 'error'], abortOnError: false })
    try {
      await context.get(Bootstrap).run(print)
    } finally {
      await context.close()
    }
  } finally {
    await lock.end()
  }
}

/** Past the logger, whose business it is to keep such values out of sight. */
function printLine(line: string): void {
  process.stdout.write(`${line}\n`)
}
