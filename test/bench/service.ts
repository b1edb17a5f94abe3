import 'reflect-metadata'
import { createHash } from 'node:crypto'
import type { INestApplicationContext } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { AppModule } from '../../src/app.module.js'
import { completeConfig, type Config, loadConfig, type Part } from '../../src/config.js'

/** Always the same one, since `bench:scale` can keep its databases for the next run. */
const ENCRYPTION_KEY = createHash('sha256').update('for benches only').digest('base64')

/** The environment of one of the service's processes. */
export const environmentOf = (databaseUrl: string, part: Part): Record<string, string> => ({
  DATABASE_URL: databaseUrl,
  ENCRYPTION_KEY,
  ISSUER_URL: 'http://localhost:3000/',
  EVERGRANT_PROCESS: part,
})

/** The configuration that the service has in this process. */
export const configOf = (databaseUrl: string): Config => completeConfig(loadConfig(environmentOf(databaseUrl, 'http')))

/** One of the service's processes without its HTTP server: all modules of its part, put together as main.ts does it. */
export function startService(config: Config): Promise<INestApplicationContext> {
  const noMetrics = (): Promise<string> => Promise.resolve('')
  return NestFactory.createApplicationContext(AppModule.for(config, noMetrics), { logger: ['error', 'fatal'], abortOnError: false })
}
