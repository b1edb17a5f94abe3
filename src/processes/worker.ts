import type { NestExpressApplication } from '@nestjs/platform-express'
import { readFileSync } from 'node:fs'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { AppModule } from '../app.module.js'
import { type Config, ConfigError, completeConfig, type StartConfig } from '../config.js'
import { measureProcess } from '../http/metrics.js'
import { EventStore } from '../event-store/event-store.js'
import { createHttpApp } from '../http/set-up.js'
import { createLogger, type Logger } from '../logging.js'
import { startTracing } from '../tracing.js'
import { shareChanges } from './changes.js'
import { askForMetrics, report, stopRequested } from './orders.js'
import { portError } from './start-conditions.js'

/** Longer than load balancers keep theirs (60 s), so that they never send into a connection that is closing. */
const KEEP_ALIVE_MS = 65_000
const REQUEST_MS = 30_000

/** One process that answers HTTP or works in the background, until it is told to stop; never returns. */
export async function runWorker(start: StartConfig): Promise<never> {
  const config = completeConfig(start)
  const log = createLogger(config.logLevel, config.part)
  const stop = stopRequested()
  const die = (error: unknown): never => {
    // Every other process would find the same, and the primary says it; whatever else is wrong may pass.
    if (error instanceof ConfigError) report({ type: 'refused', message: error.message })
    else log.fatal({ err: error }, 'an error that nothing caught')
    process.exit(1)
  }
  process.on('uncaughtException', die).on('unhandledRejection', die)

  const stopTracing = config.tracing ? await startTracing() : undefined
  measureProcess()
  const app = await createApp(config, log)
  closeConnectionsAfter(stop, app.getHttpServer())
  shareChanges(app.get(EventStore))
  await listen(app, config)
  log.info('at work')
  report({ type: 'ready' })
  await stop
  await close(app)
  await stopTracing?.()
  process.exit(0)
}

function createApp(config: Config, log: Logger): Promise<NestExpressApplication> {
  const https =
    typeof config.tls === 'object'
      ? { cert: readFileSync(config.tls.certFile), key: readFileSync(config.tls.keyFile), minVersion: 'TLSv1.2' as const }
      : undefined
  return createHttpApp(AppModule.for(config, askForMetrics), config, log, https)
}

/** The background process serves health and metrics where no other process does. Errors: ConfigError for what this machine cannot keep. */
async function listen(app: NestExpressApplication, config: Config): Promise<void> {
  await app.init()
  if (config.part === 'background' && config.role !== 'worker') return
  const server: Server = app.getHttpServer()
  server.keepAliveTimeout = KEEP_ALIVE_MS
  server.headersTimeout = REQUEST_MS
  server.requestTimeout = REQUEST_MS
  await app.listen(config.port).catch((error: NodeJS.ErrnoException) => {
    throw portError(config.port, error)
  })
}

/** Node says `keep-alive` to the end (RFC 9112 §9.6): whoever believes that sends the next request into a connection that is closing. */
function closeConnectionsAfter(stop: Promise<unknown>, server: Server): void {
  const underway = new Set<ServerResponse>()
  let stopping = false
  server.prependListener('request', (_: IncomingMessage, res: ServerResponse) => {
    if (stopping) res.shouldKeepAlive = false
    underway.add(res)
    res.once('close', () => underway.delete(res))
  })
  void stop.then(() => {
    stopping = true
    for (const res of underway) res.shouldKeepAlive = false
  })
}

/** Requests in flight are answered; a connection that has gone idle is closed rather than waited for. */
async function close(app: NestExpressApplication): Promise<void> {
  const server: Server = app.getHttpServer()
  const sweep = setInterval(() => server.closeIdleConnections(), 25)
  await app.close()
  clearInterval(sweep)
}
