import { NotFoundException } from '@nestjs/common'
import type { NestExpressApplication } from '@nestjs/platform-express'
import type { RequestHandler } from 'express'
import proxyAddr from 'proxy-addr'
import type { Config } from '../config.js'
import { type Logger, logRequests } from '../logging.js'
import { traceRequests } from '../tracing.js'
import { ErrorFilter } from './error.filter.js'
import { measureRequests } from './metrics.js'

/** What holds for every request, whatever module answers it. Bodies are parsed by the routes that take one. */
export function setUpHttp(app: NestExpressApplication, config: Config, logger: Logger): void {
  app.disable('x-powered-by')
  app.set('trust proxy', proxyAddr.compile([...config.trustProxy]))
  app.set('query parser', 'simple')
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
