import { randomUUID } from 'node:crypto'
import type { LoggerService } from '@nestjs/common'
import type { RequestHandler } from 'express'
import { type Logger, pino } from 'pino'
import type { LogLevel } from './config.js'
import { routeOf } from './http/route.js'
import { loggable, redact } from './redact.js'

export type { Logger }

/** A line waits for others so long, or until there are so many bytes: to write each by itself took a worker a twentieth of its time. */
const FLUSH_MS = 50
const FLUSH_BYTES = 4096

/** JSON lines on stdout. A process that ends writes what waits; one that is killed loses the last 50 ms. Every line passes the redaction. */
export function createLogger(level: LogLevel, part: string): Logger {
  const stdout = pino.destination({ dest: 1, sync: false, minLength: FLUSH_BYTES })
  let flushing: NodeJS.Timeout | undefined
  const flush = (): void => {
    flushing = undefined
    stdout.flush()
  }
  const streamWrite = (line: string): string => {
    flushing ??= setTimeout(flush, FLUSH_MS).unref()
    return redact(line)
  }
  const options = {
    level,
    base: { pid: process.pid, part },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }), log: (fields: object) => loggable(fields) as Record<string, unknown> },
    hooks: { streamWrite },
  }
  return pino(options, stdout)
}

/** What a person waits for at the start is said at any level but silent. */
export function announce(log: Logger, message: string, fields: object = {}): void {
  if (log.level !== 'silent') log.child({}, { level: 'info' }).info(fields, message)
}

/** Nest tells each module and route at every start, in every process. */
const FRAMEWORK = new Set<unknown>(['NestFactory', 'InstanceLoader', 'RoutesResolver', 'RouterExplorer', 'NestApplication'])

/** Nest's own log lines, and those of its Logger, through pino. */
export class NestLog implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log = (message: unknown, ...rest: unknown[]): void => this.#write(FRAMEWORK.has(rest.at(-1)) ? 'debug' : 'info', message, rest)
  fatal = (message: unknown, ...rest: unknown[]): void => this.#write('fatal', message, rest)
  error = (message: unknown, ...rest: unknown[]): void => this.#write('error', message, rest)
  warn = (message: unknown, ...rest: unknown[]): void => this.#write('warn', message, rest)
  debug = (message: unknown, ...rest: unknown[]): void => this.#write('debug', message, rest)
  verbose = (message: unknown, ...rest: unknown[]): void => this.#write('trace', message, rest)

  /** Nest appends the context as a last string; before it may stand a stack, or objects with details. */
  #write(level: Exclude<LogLevel, 'silent'>, message: unknown, rest: unknown[]): void {
    const context = typeof rest.at(-1) === 'string' ? (rest.pop() as string) : undefined
    const [first, ...others] = rest
    const err = [message, ...rest].find((item) => item instanceof Error)
    const stack = typeof first === 'string' ? first : undefined
    const details = [first, ...others].filter((item) => typeof item === 'object' && item !== null && item !== err)
    const fields = Object.assign({}, ...details, context && { context }, err && { err }, stack && { stack }) as object
    this.logger[level](fields, textOf(message))
  }
}

function textOf(message: unknown): string {
  if (message instanceof Error) return message.message
  return typeof message === 'string' ? message : (JSON.stringify(loggable(message)) ?? 'undefined')
}

/** Ids of callers are kept when they are harmless, so that one id follows a request through several services. */
const ACCEPTABLE_ID = /^[A-Za-z0-9_.:-]{8,64}$/

/** Gives each request an id (`res.locals.requestId`, header X-Request-Id) and logs its end: route or redacted path, never the query. */
export function logRequests(logger: Logger): RequestHandler {
  return (req, res, next) => {
    const started = performance.now()
    const given = req.get('x-request-id')
    const requestId = given && ACCEPTABLE_ID.test(given) ? given : randomUUID()
    res.locals['requestId'] = requestId
    res.setHeader('X-Request-Id', requestId)
    const path = pathOf(req.originalUrl)
    res.once('close', () => {
      const route = routeOf(req)
      const fields = {
        requestId,
        method: req.method,
        ...(route === 'unmatched' ? { path } : { route }),
        status: res.statusCode,
        durationMs: Math.round((performance.now() - started) * 10) / 10,
        ...(res.writableFinished ? {} : { aborted: true }),
      }
      // Probes come every few seconds and say nothing while they are well.
      const level = res.statusCode >= 500 ? 'warn' : /^\/(health|metrics)/.test(path) ? 'debug' : 'info'
      logger[level](fields, 'request')
    })
    next()
  }
}

const pathOf = (url: string): string => redact(url.split(/[?#]/, 1)[0]!.slice(0, 200))
