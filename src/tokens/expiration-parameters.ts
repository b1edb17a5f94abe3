import type { Config } from '../config.js'
import type { Ends } from './refresh-token/lifetimes.js'

/** How long a refresh token and the authorization behind it live on, in whole seconds. What never ends is left out. */
export interface ExpirationParameters {
  /** Until the refresh token is gone unless it is exchanged before: by the idle end alone. */
  readonly refresh_token_timeout?: number
  /** Until the authorization is gone, whatever happens. */
  readonly authorization_expires_in?: number
  /** Until the first of both: the name that other servers, and the draft's first version, use. */
  readonly refresh_token_expires_in?: number
}

/** draft-ietf-oauth-refresh-token-expiration §6.1, where RT_EXPIRATION_PARAMETERS is on; else nothing. Rounded down: nobody is told too much. */
export function expirationParameters({ settings }: Config, { expiresAt, idleExpiresAt }: Ends, now: Date): ExpirationParameters {
  if (!settings.rtExpirationParameters) return {}
  const left = (end: string): number => Math.max(0, Math.floor((Date.parse(end) - now.getTime()) / 1000))
  const ends = [expiresAt, idleExpiresAt].filter((end) => end !== null)
  return {
    ...(idleExpiresAt !== null && { refresh_token_timeout: left(idleExpiresAt) }),
    ...(expiresAt !== null && { authorization_expires_in: left(expiresAt) }),
    ...(ends.length > 0 && { refresh_token_expires_in: Math.min(...ends.map(left)) }),
  }
}
