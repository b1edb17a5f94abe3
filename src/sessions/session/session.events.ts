import type { Upcasters } from '../../event-store/event.js'

/** Times are ISO strings. `expiresAt` is the absolute end, `idleExpiresAt` the end if nothing more happens. */
export interface SessionStarted {
  readonly userId: string
  readonly clientId: string
  readonly connection: string
  /** Whether the browser keeps the cookie when it is closed; decides which pair of lifetimes applies, for good. */
  readonly persistent: boolean
  readonly idleSeconds: number
  readonly expiresAt: string
  readonly idleExpiresAt: string
}

export interface SessionTouched {
  readonly clientId: string
  /** Nobody was asked and nothing was shown: `prompt=none`. */
  readonly silent: boolean
  readonly expiresAt: string
  readonly idleExpiresAt: string
}

export type SessionEndReason = 'replaced' | 'logout' | 'revoked' | 'api' | 'user-deleted' | 'user-blocked' | 'password-changed'

export type SessionEvent =
  | { readonly type: 'SessionStarted'; readonly data: SessionStarted }
  | { readonly type: 'SessionTouched'; readonly data: SessionTouched }
  | { readonly type: 'SessionEnded'; readonly data: { readonly reason: SessionEndReason } }

export const sessionUpcasters: Upcasters<SessionEvent> = { SessionStarted: [], SessionTouched: [], SessionEnded: [] }
