import type { PersonalData, Upcasters } from '../../event-store/event.js'

/** Times are ISO strings. A family of a non-rotating token has one generation for ever. */
export type FamilyEvent =
  | { readonly type: 'FamilyStarted'; readonly data: FamilyStarted }
  | { readonly type: 'RefreshTokenRotated'; readonly data: RefreshTokenExchange }
  | { readonly type: 'RefreshTokenExchanged'; readonly data: RefreshTokenExchange }
  | { readonly type: 'RefreshTokenMetadataSet'; readonly data: { readonly metadata: PersonalData | null } }
  | { readonly type: 'FamilyRevoked'; readonly data: FamilyRevoked }
  /** Its authorization code came back before the family had started: it will never give a token that works. */
  | { readonly type: 'FamilyBarred'; readonly data: object }

export interface FamilyStarted {
  readonly userId: string
  readonly clientId: string
  readonly sessionId: string | null
  /** When and through which connection the person logged in, as far as it is known. */
  readonly authenticatedAt: string | null
  readonly connection: string | null
  readonly audience: string | null
  readonly scope: readonly string[]
  readonly rotating: boolean
  /** Root key and salt that the family's tokens are authenticated with; neither makes a token without the root key itself. */
  readonly keyId: string
  readonly salt: string
  readonly expiresAt: string | null
  readonly idleExpiresAt: string | null
  readonly metadata: PersonalData | null
}

/** What an exchange gave access to; the id is the access token's `jti`. */
export interface ExchangedAccess {
  readonly accessTokenId: string | null
  readonly audience: string | null
  readonly scope: readonly string[]
}

/** `generation` is the latest one after the exchange. */
export interface RefreshTokenExchange extends ExchangedAccess {
  readonly generation: number
  readonly expiresAt: string | null
  readonly idleExpiresAt: string | null
}

export type RevocationReason =
  | 'reuse'
  | 'code-replayed'
  | 'client'
  | 'action'
  | 'api'
  | 'api-bulk'
  | 'user-deleted'
  | 'password-changed'
  | 'client-deleted'
  | 'grant-deleted'
  | 'session-ended'
  | 'limit'
  | 'rotation-switched'

export interface FamilyRevoked {
  readonly reason: RevocationReason
  readonly latestGeneration: number
  /** For reuse: the spent generation that came back. */
  readonly presentedGeneration?: number
  /** For the limit: how many were active for the user and client until then. */
  readonly activeBefore?: number
}

export const familyUpcasters: Upcasters<FamilyEvent> = {
  FamilyStarted: [],
  RefreshTokenRotated: [],
  RefreshTokenExchanged: [],
  RefreshTokenMetadataSet: [],
  FamilyRevoked: [],
  FamilyBarred: [],
}
