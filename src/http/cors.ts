import type { Response } from 'express'

const REQUEST_HEADERS = 'Auth0-Client, Authorization, Content-Type, DPoP, Accept, Accept-Language, X-Request-Language'
const EXPOSED_HEADERS = 'DPoP-Nonce, Retry-After, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, X-Log-Position, WWW-Authenticate'
const METHODS = 'GET, POST, PATCH, DELETE, OPTIONS'

/** Lets scripts of one origin read the answer (spec/oauth.md §1.5); cookies are not let through. */
export function allowOrigin(res: Response, origin: string): void {
  res.set({ 'Access-Control-Allow-Origin': origin, 'Access-Control-Expose-Headers': EXPOSED_HEADERS })
}

/** Takes the permission back, once the client turns out to be one that does not know the origin. */
export function refuseOrigin(res: Response): void {
  res.removeHeader('Access-Control-Allow-Origin')
  res.removeHeader('Access-Control-Expose-Headers')
}

/** The answer to a preflight (Fetch §3.2.2), of an origin that `allowOrigin` was called for or not. */
export function answerPreflight(res: Response): void {
  res.set({ 'Access-Control-Allow-Methods': METHODS, 'Access-Control-Allow-Headers': REQUEST_HEADERS, 'Access-Control-Max-Age': '600' }).status(204)
}

/** An origin as browsers write it, or undefined for `null` and for what is none. */
export function originOf(text: string | undefined): string | undefined {
  const origin = text !== undefined && text.length <= 300 ? /^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^/?#\s]+$/.exec(text)?.[0] : undefined
  return origin?.toLowerCase()
}

/** How the origin stands in a list: as it is, or covered by a `*` as the left-most label of the host. */
export function spellingsOf(origin: string): string[] {
  const wildcard = origin.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^./:[\]]+(?=\.)/, '$1*')
  return wildcard === origin ? [origin] : [origin, wildcard]
}
