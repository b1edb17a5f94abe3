import type { Context, PersonalData, Upcasters } from '../../event-store/event.js'

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
  readonly awaitsActions?: true
  /** Logins of the person so far, with this one, for the log; where Actions are asked the code tells it. */
  readonly loginsCount?: number
}

/** The same person logged in again: both ends are set anew, and the cookies so far prove nothing any more. */
export interface SessionReauthenticated extends SessionEnds {
  readonly userId: string
  readonly clientId: string
  readonly connection: string
  readonly method: AuthenticationMethod
  readonly idleSeconds: number
  readonly awaitsActions?: true
  readonly loginsCount?: number
  /** As it was then, for the log. */
  readonly cookie?: CookieMode
}

export interface SessionTouched extends SessionEnds {
  readonly clientId: string
  /** Nobody was asked and nothing was shown: `prompt=none`. */
  readonly silent: boolean
  /** Actions decide next: what came of the login is told by the code, or by its refusal. */
  readonly awaitsActions?: true
  /** As it was then, for the log. */
  readonly cookie?: CookieMode
}

/** How browsers keep the cookie. */
export type CookieMode = 'persistent' | 'non-persistent'

/** Actions changed it; what is not named stayed. `metadata` is all of it, null for none. */
export interface SessionAdjusted extends Partial<SessionEnds> {
  readonly cookieMode?: CookieMode
  /** URLs of methods by which the person was authenticated elsewhere. */
  readonly methods?: readonly AuthenticationMethod[]
  readonly metadata?: PersonalData | null
}

/** What an online refresh token is good for; null is no audience, and a token that every key may use. */
export interface OnlineTerms {
  readonly clientId: string
  readonly audience: string | null
  readonly scope: readonly string[]
  readonly dpopThumbprint: string | null
  /** In whose name the person logged in; without it in nobody's. */
  readonly organizationId?: string
}

export type OnlineWithdrawalReason = 'grant-deleted' | 'code-replayed'

export interface OnlineTokenExchanged extends SessionEnds {
  readonly number: number
  readonly clientId: string
  /** What the exchange gave access to; the id is the access token's `jti`. */
  readonly accessTokenId: string | null
  readonly audience: string | null
  readonly scope: readonly string[]
  /** Present where a policy of the client opened the API, or added to what the login brought. */
  readonly policyUsed?: 'mrrt'
  readonly requestedAudience?: string
  readonly requestedScope?: string
}

export type SessionEndReason =
  'replaced' | 'logout' | 'idp-logout' | 'revoked' | 'api' | 'action' | 'expired' | 'user-deleted' | 'user-blocked' | 'password-changed' | 'identifier-changed'

/** With all that is told to the clients that logged in through it. */
export interface SessionEnded {
  readonly reason: SessionEndReason
  readonly userId: string
  readonly clients: readonly string[]
  readonly metadata: PersonalData | null
  /** The tenant wants it in the log. */
  readonly logsMetadata?: true
  /** Of a logout: where the browser was sent. */
  readonly returnTo?: string
  /** The refresh tokens that began in it end as well. */
  readonly endsRefreshTokens?: true
  /** It ended with the online refresh token of this number, which was revoked. */
  readonly revokedOnline?: number
}

export type SessionEvent =
  | { readonly type: 'SessionStarted'; readonly data: SessionStarted }
  | { readonly type: 'SessionReauthenticated'; readonly data: SessionReauthenticated }
  | { readonly type: 'SessionTouched'; readonly data: SessionTouched }
  | { readonly type: 'SessionMetadataSet'; readonly data: { readonly metadata: PersonalData | null } }
  | { readonly type: 'SessionAdjusted'; readonly data: SessionAdjusted }
  | { readonly type: 'OnlineAccessGranted'; readonly data: OnlineTerms & { readonly number: number } }
  | { readonly type: 'OnlineTokenExchanged'; readonly data: OnlineTokenExchanged }
  /** These online refresh tokens are worth nothing any more; the session goes on. */
  | { readonly type: 'OnlineAccessWithdrawn'; readonly data: { readonly numbers: readonly number[]; readonly reason: OnlineWithdrawalReason } }
  /** Whatever ends it, the log tells where the person had logged in. */
  | { readonly type: 'SessionEnded'; readonly data: SessionEnded; readonly cause?: Pick<Context, 'connection'> }

export const sessionUpcasters: Upcasters<SessionEvent> = {
  SessionStarted: [(old: object) => ({ method: 'pwd', salt: '', ...old })],
  SessionReauthenticated: [],
  SessionTouched: [],
  SessionMetadataSet: [],
  SessionAdjusted: [],
  OnlineAccessGranted: [],
  OnlineTokenExchanged: [],
  OnlineAccessWithdrawn: [],
  SessionEnded: [(old: object) => ({ userId: '', clients: [], metadata: null, ...old })],
}
