import type { Request } from 'express'

/** The pattern that a request matched, such as /api/v2/clients/:id: never what stood in its place, so that it may be logged and counted. */
export function routeOf(req: Request): string {
  const { path } = (req.route ?? {}) as { path?: unknown }
  return typeof path === 'string' ? req.baseUrl + path : 'unmatched'
}
