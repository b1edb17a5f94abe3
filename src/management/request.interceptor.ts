import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common'
import type { Observable } from 'rxjs'
import { readText } from '../http/body.js'
import { hasTooManyHeaderBytes } from '../http/header-bytes.js'
import { ManagementError } from '../http/management-error.js'
import { OAuthError } from '../http/oauth-error.js'
import type { ManagementRequest } from './caller.js'
import { parseBody } from './parse-body.js'

const LIMIT_BYTES = 1_048_576
const MAX_URL = 8192

/** Reads the body into `req.body`, after the guard: nobody else makes this service parse a megabyte. Texts that PostgreSQL cannot hold are refused here. */
@Injectable()
export class RequestInterceptor implements NestInterceptor {
  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const req = context.switchToHttp().getRequest<ManagementRequest>()
    if (hasTooManyHeaderBytes(req)) throw new ManagementError(431, 'Request Header Fields Too Large')
    if (req.originalUrl.length > MAX_URL) throw new ManagementError(414, 'Request-URI Too Large')
    refuseZeroBytes(req.params, 'Path', 'invalid_uri')
    refuseZeroBytes(req.query, 'Query', 'invalid_query_string')
    // Older Go SDKs send `null`, `{}` or `0` with GET.
    req.body = req.method === 'GET' || req.method === 'HEAD' ? undefined : parseBody(await text(req), req.headers['content-type'], req.method)
    return next.handle()
  }
}

async function text(req: ManagementRequest): Promise<string> {
  const tooLarge = new ManagementError(413, `Payload content length greater than maximum allowed: ${LIMIT_BYTES}`)
  if (Number(req.headers['content-length'] ?? 0) > LIMIT_BYTES) throw tooLarge
  return readText(req, LIMIT_BYTES).catch((error: unknown) => {
    throw error instanceof OAuthError && error.code === 'payload_too_large' ? tooLarge : error
  })
}

function refuseZeroBytes(values: object, where: 'Path' | 'Query', code: string): void {
  for (const [name, value] of Object.entries(values) as [string, unknown][]) {
    if (!String(value).includes('\0')) continue
    throw new ManagementError(400, `${where} validation error: 'Object didn't pass validation for format text: zero byte' on property ${name}.`, code)
  }
}
