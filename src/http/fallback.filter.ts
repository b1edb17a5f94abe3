import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common'
import type { Request, Response } from 'express'
import { routeOf } from './route.js'

const DESCRIPTIONS: Record<number, readonly [string, string]> = {
  400: ['invalid_request', 'The request cannot be read.'],
  404: ['not_found', 'There is nothing at this address.'],
  405: ['method_not_allowed', 'This address does not answer that method.'],
  413: ['payload_too_large', 'The request is too large.'],
  500: ['server_error', 'The request could not be completed.'],
}

/** Answers in JSON what no filter of a controller took: addresses that are not there, requests that cannot be read, and our own faults. */
@Catch()
export class FallbackFilter implements ExceptionFilter {
  readonly #log = new Logger('http')

  catch(error: unknown, host: ArgumentsHost): void {
    const req = host.switchToHttp().getRequest<Request>()
    const res = host.switchToHttp().getResponse<Response>()
    const status = statusOf(error)
    if (status === 500) this.#log.error('a request failed', { err: error, route: routeOf(req), requestId: res.locals['requestId'] as unknown })
    if (res.headersSent) return void res.destroy()
    res.status(status).json(bodyOf(error, status))
  }
}

/** Express marks what a client did wrong, such as a malformed escape in the path, with a status. */
function statusOf(error: unknown): number {
  if (error instanceof HttpException) return error.getStatus()
  const { status } = (error ?? {}) as { status?: unknown }
  return typeof status === 'number' && status >= 400 && status < 500 ? status : 500
}

function bodyOf(error: unknown, status: number): object {
  const body = error instanceof HttpException ? error.getResponse() : undefined
  // Nest's own bodies repeat the request's path; those that our code made stand.
  if (typeof body === 'object' && !('statusCode' in body)) return body
  const [code, description] = DESCRIPTIONS[status] ?? DESCRIPTIONS[status < 500 ? 400 : 500]!
  return { error: code, error_description: description }
}
