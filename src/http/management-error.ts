import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common'
import type { Request, Response } from 'express'
import { STATUS_CODES } from 'node:http'
import { OAuthError } from './oauth-error.js'
import { routeOf } from './route.js'
import { isUnavailable, logUnavailable } from './unavailable.js'

/** Thrown by the Management API (spec/management-api.md §1.6). `message` is shown; `errorCode` is absent where Auth0 sends none. */
export class ManagementError extends Error {
  override name = 'ManagementError'

  constructor(
    readonly status: number,
    message: string,
    readonly errorCode?: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message)
  }
}

/** The one writer of Management error bodies: `message` is always one string, since Go clients decode nothing else. */
@Catch()
export class ManagementErrorFilter implements ExceptionFilter {
  readonly #log = new Logger('management')

  catch(error: unknown, host: ArgumentsHost): void {
    const req = host.switchToHttp().getRequest<Request>()
    const res = host.switchToHttp().getResponse<Response>()
    const known = this.#asManagementError(error, req, res)
    if (res.headersSent) return void res.destroy()
    const { status, message, errorCode, headers } = known
    res
      .set(headers)
      .status(status)
      .json({
        statusCode: status,
        error: STATUS_CODES[status] ?? 'Error',
        message,
        ...(errorCode && { errorCode }),
        ...(status === 401 && { attributes: { error: message } }),
      })
  }

  #asManagementError(error: unknown, req: Request, res: Response): ManagementError {
    if (error instanceof ManagementError) return error
    if (error instanceof OAuthError) return new ManagementError(error.status, error.description)
    if (isUnavailable(error)) {
      logUnavailable(error, req, res)
      return new ManagementError(503, 'The service is temporarily unavailable.', undefined, { 'Retry-After': '1' })
    }
    const status = error instanceof HttpException ? error.getStatus() : (error as { status?: unknown } | undefined)?.status
    if (status === 404) return new ManagementError(404, 'Not Found')
    if (typeof status === 'number' && status >= 400 && status < 500) return new ManagementError(status, STATUS_CODES[status] ?? 'Bad Request')
    this.#log.error('a request failed', { err: error, route: routeOf(req), requestId: res.locals['requestId'] as unknown })
    return new ManagementError(500, 'An internal error occurred', 'internal_error')
  }
}
