import { isIP } from 'node:net'
import { requestContext } from '../http/request-context.js'
import type { ParsedTokenRequest } from './token-request.guard.js'
import type { Caller } from './token-request.js'

/**
 * Who sends a request to the token endpoint, and from where. A server that proved who it is may say for whom it asks, where the operator trusts it to
 * (spec/oauth.md §1.3).
 */
export function callerOf(req: ParsedTokenRequest): Caller {
  const caller = { ...requestContext(req), sent: { acceptLanguage: req.get('accept-language'), parameters: req.body } }
  const ip = req.get('auth0-forwarded-for')?.trim() ?? ''
  // Of one that was refused for its credentials nobody knows who it is.
  const isTrusted = req.confidential && req.client.is_token_endpoint_ip_header_trusted
  return isTrusted && isIP(ip) !== 0 ? { ...caller, origin: { ...caller.origin, ip } } : caller
}
