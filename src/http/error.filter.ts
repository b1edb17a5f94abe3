import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common'
import type { Request } from 'express'
import { FallbackFilter } from './fallback.filter.js'
import { ManagementErrorFilter } from './management-error.js'

/** Errors that no controller's filter took, such as a path that cannot be decoded, in the format of the address that was asked. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  readonly #fallback = new FallbackFilter()
  readonly #management = new ManagementErrorFilter()

  catch(error: unknown, host: ArgumentsHost): void {
    const { path } = host.switchToHttp().getRequest<Request>()
    const filter = /^\/api\/v2(\/|$)/i.test(path) ? this.#management : this.#fallback
    filter.catch(error, host)
  }
}
