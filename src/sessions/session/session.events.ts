import type { PersonalData, Upcasters } from '../../event-store/event.js'

/** Times are ISO strings. `expiresAt` is the absolute end, `idleExpiresAt` the end if nothing more happens. */
export interface SessionEnds {
  readonly expiresAt: string
  readonly idleExpiresAt: string
}

/** How somebody proved who they are: `pwd` and the other names of spec/sessions.md §5. */
export type AuthenticationMethod = string

export interface SessionStarted extends SessionEnds {
  readonly userId: string
  readonly clientId: string
  readonly connection: string
  readonly method: AuthenticationMethod
  /** Whether the browser keeps the cookie when it is closed; decides which pair of lifetimes applies, for good. */
  readonly persistent: boolean
  readonly idleSeconds: number
  /** With the root key: cookies and online tokens. */
  readonly salt: string
}

/** The same person logged in again: both ends are set anew, and the cookies so far prove nothing any more. */
export interface SessionReauthenticated extends SessionEnds {
  readonly userId: string
  readonly clientId: string
  readonly connection: string
  readonly method: AuthenticationMethod
  readonly idleSeconds: number
}

export interface SessionTouched extends SessionEnds {
  readonly clientId: string
  /** Nobody was asked and nothing was shown: `prompt=none`. */
  readonly silent: boolean
}

/** What an online refresh token is good for; null is no audience, and a token that every key may use. */
export interface OnlineTerms {
  readonly clientId: string
  readonly audience: string | null
  readonly scope: readonly string[]
  readonly dpopThumbprint: string | null
}

export interface OnlineTokenExchanged extends SessionEnds {
  readonly number: number
  readonly clientId: string
  /** What the exchange gave access to; the id is the access token's `jti`. */
  readonly accessTokenId: string | null
  readonly audience: string | null
  readonly scope: readonly string[]
}

export type SessionEndReason =
  'replaced' | 'logout' | 'idp-logout' | 'revoked' | 'api' | 'action' | 'expired' | 'user-deleted' | 'user-blocked' | 'password-changed' | 'identifier-changed'

/** With all that is told to the clients that logged in through it. */
export interface SessionEnded {
  readonly reason: SessionEndReason
  readonly userId: string
  readonly clients: readonly string[]
  readonly metadata: PersonalData | null
  /** Of a logout: where the browser was sent. */
  readonly returnTo?: string
}

export type SessionEvent =
  | { readonly type: 'SessionStarted'; readonly data: SessionStarted }
  | { readonly type: 'SessionReauthenticated'; readonly data: SessionReauthenticated }
  | { readonly type: 'SessionTouched'; readonly data: SessionTouched }
  | { readonly type: 'SessionMetadataSet'; readonly data: { readonly metadata: PersonalData | null } }
  | { readonly type: 'OnlineAccessGranted'; readonly data: OnlineTerms & { readonly number: number } }
  | { readonly type: 'OnlineTokenExchanged'; readonly data: OnlineTokenExchanged }
  | { readonly type: 'SessionEnded'; readonly data: SessionEnded }

export const sessionUpcasters: Upcasters<SessionEvent> = {
  SessionStarted: [(old: object) => ({ method: 'pwd', salt: '', ...old })],
  SessionReauthenticated: [],
  SessionTouched: [],
  SessionMetadataSet: [],
  OnlineAccessGranted: [],
  OnlineTokenExchanged: [],
  SessionEnded: [(old: object) => ({ userId: '', clients: [], metadata: null, ...old })],
}
