import type { PersonalData, Upcasters } from '../../event-store/event.js'

/** Times are ISO strings. A family of a non-rotating token has one generation for ever. */
export type FamilyEvent =
  | { readonly type: 'FamilyStarted'; readonly data: FamilyStarted }
  | { readonly type: 'RefreshTokenRotated'; readonly data: RefreshTokenExchange }
  | { readonly type: 'RefreshTokenExchanged'; readonly data: RefreshTokenExchange }
  | { readonly type: 'RefreshTokenMetadataSet'; readonly data: { readonly metadata: PersonalData | null } }
  | { readonly type: 'FamilyRevoked'; readonly data: FamilyRevoked }

export interface FamilyStarted {
  readonly userId: string
  readonly clientId: string
  readonly sessionId: string | null
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

/** `generation` is the latest one after the exchange. */
export interface RefreshTokenExchange {
  readonly generation: number
  readonly expiresAt: string | null
  readonly idleExpiresAt: string | null
}

export type RevocationReason =
  'reuse' | 'client' | 'action' | 'api' | 'api-bulk' | 'user-deleted' | 'grant-deleted' | 'session-ended' | 'limit' | 'rotation-switched'

export interface FamilyRevoked {
  readonly reason: RevocationReason
  readonly latestGeneration: number
  /** For reuse: the spent generation that came back. */
  readonly presentedGeneration?: number
}

export const familyUpcasters: Upcasters<FamilyEvent> = {
  FamilyStarted: [],
  RefreshTokenRotated: [],
  RefreshTokenExchanged: [],
  RefreshTokenMetadataSet: [],
  FamilyRevoked: [],
}
