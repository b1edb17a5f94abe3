import type { RequestHandler } from 'express'

const EXPOSED = 'X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, Retry-After, Link, X-Log-Position, DPoP-Nonce, WWW-Authenticate'

/** Tokens of browser apps may call from any page (spec/management-api.md §1.1): they travel in a header, which no other page can add. */
export const managementCors: RequestHandler = (req, res, next) => {
  res.setHeader('Cache-Control', 'no-store')
  if (req.headers.origin === undefined) return next()
  res.setHeader('Access-Control-Allow-Origin', '*')
  res.setHeader('Access-Control-Expose-Headers', EXPOSED)
  if (req.method !== 'OPTIONS' || req.headers['access-control-request-method'] === undefined) return next()
  res.setHeader('Access-Control-Allow-Methods', 'GET, POST, PATCH, PUT, DELETE')
  res.setHeader('Access-Control-Allow-Headers', 'Authorization, Content-Type, DPoP, Auth0-Client, Auth0-Custom-Domain, X-Correlation-ID')
  res.setHeader('Access-Control-Max-Age', '600')
  res.status(204).end()
}
