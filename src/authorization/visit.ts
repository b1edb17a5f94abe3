import type { Request } from 'express'
import { requestContext } from '../http/request-context.js'
import type { Visit } from './caused-by.js'

/** A browser's request as the login behind it needs it. */
export function visitOf(req: Request): Visit {
  return { ...requestContext(req), method: req.method, acceptLanguage: req.get('accept-language')?.slice(0, MAX_LANGUAGES), cookieHeader: req.headers.cookie }
}

const MAX_LANGUAGES = 500
