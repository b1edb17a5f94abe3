import { type DynamicModule, type NestApplicationOptions, NotFoundException } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import type { NestExpressApplication } from '@nestjs/platform-express'
import type { RequestHandler } from 'express'
import proxyAddr from 'proxy-addr'
import type { Config } from '../config.js'
import { type Logger, logRequests, NestLog } from '../logging.js'
import { traceRequests } from '../tracing.js'
import { takeClientCertificates } from './client-certificates.js'
import { ErrorFilter } from './error.filter.js'
import { DirectExpressAdapter } from './express-adapter.js'
import { readForwarded } from './forwarded.js'
import { measureRequests } from './metrics.js'

/** The HTTP application of one process, not listening yet. Errors: those of its modules' start. */
export async function createHttpApp(
  module: DynamicModule,
  config: Config,
  logger: Logger,
  httpsOptions?: NestApplicationOptions['httpsOptions'],
): Promise<NestExpressApplication> {
  const app = await NestFactory.create<NestExpressApplication>(module, new DirectExpressAdapter(), {
    logger: new NestLog(logger),
    bodyParser: false,
    abortOnError: false,
    ...(httpsOptions && { httpsOptions }),
  })
  setUpHttp(app, config, logger)
  return app
}

/** What holds for every request, whatever module answers it. Bodies are parsed by the routes that take one. */
function setUpHttp(app: NestExpressApplication, config: Config, logger: Logger): void {
  app.disable('x-powered-by')
  const isTrusted = proxyAddr.compile([...config.trustProxy])
  app.set('trust proxy', isTrusted)
  app.set('query parser', 'simple')
  // Who wants one sets it: most answers are nobody's to keep.
  app.set('etag', false)
  // Before anything reads a header.
  app.use(takeClientCertificates(config))
  app.use(readForwarded(isTrusted))
  app.use(logRequests(logger))
  if (config.part === 'background') app.use(operationsOnly)
  app.use(measureRequests)
  if (config.tracing) app.use(traceRequests)
  app.useGlobalFilters(new ErrorFilter())
}

/** The background process has controllers in its modules, and answers only what operators' machines ask. */
const operationsOnly: RequestHandler = (req, res, next) => {
  if (/^\/(health|metrics)(\/|$)/.test(req.path)) next()
  else next(new NotFoundException())
}
