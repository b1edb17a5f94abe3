import type { INestApplicationContext } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import pg from 'pg'
import { AppModule } from '../../src/app.module.js'
import type { Config } from '../../src/config.js'
import { CatchUp } from '../../src/event-store/catch-up.js'
import { createLogger, NestLog } from '../../src/logging.js'
import { projections } from '../../src/projections.js'
import { bootstrapped, configFor } from './bootstrapped.js'
import { freshDatabase, makeTemplate, MISSING_TEMPLATE } from './database.js'
import { freePort, installationPort } from './service.js'

/** Where a service may start. */
export interface Installation {
  readonly databaseUrl: string
  readonly port: number
  /** Others may have its port. */
  release(): void
}

type Environment = Record<string, string>

/** Far more than a slow machine takes. */
const WITHIN_MS = 60_000

/**
 * A database on which a service ran before. To bootstrap one takes most of a second, and what comes of it depends on the port alone, by the issuer, unless what it is made with is unusual:
 * so each of a worker's ports has one that was bootstrapped, made when it is first wanted, and this is a copy.
 * `environmentAt` tells what else a service at a port would start with.
 */
export async function installed(environmentAt: (port: number) => Environment): Promise<Installation> {
  const { port, release } = await installationPort()
  const environment = environmentAt(port)
  const template = `installed_${environment['ISSUER_URL']!.startsWith('https:') ? 'https' : 'http'}_${port}`
  const copy = (): Promise<string> => freshDatabase(template)
  const databaseUrl = await copy().catch(async (error: { code?: string }) => {
    if (error.code !== MISSING_TEMPLATE) throw error
    await install(template, environment)
    return copy()
  })
  return { databaseUrl, port, release }
}

/** One for which nothing was made before, on `database` where one is given. */
export async function bootstrappedAlone(environmentAt: (port: number) => Environment, database?: string): Promise<Installation> {
  const databaseUrl = database ?? (await freshDatabase())
  const port = await freePort()
  await bootstrapped(databaseUrl, environmentAt(port))
  return { databaseUrl, port, release: () => undefined }
}

async function install(template: string, environment: Environment): Promise<void> {
  const databaseUrl = await freshDatabase()
  await bootstrapped(databaseUrl, environment)
  const background = await startBackground(configFor(databaseUrl, environment))
  try {
    const catchUp = new CatchUp(background.get(pg.Pool))
    for (const { name } of projections) await catchUp.caughtUp(name, WITHIN_MS)
  } finally {
    await background.close()
  }
  await makeTemplate(databaseUrl, template)
}

/** The background process's modules, here: its module starts the work and its end stops it. */
export function startBackground(config: Config): Promise<INestApplicationContext> {
  const background = { ...config, part: 'background' as const }
  return NestFactory.createApplicationContext(
    AppModule.for(background, () => Promise.resolve('')),
    {
      logger: new NestLog(createLogger(config.logLevel, 'background')),
      abortOnError: false,
    },
  )
}
