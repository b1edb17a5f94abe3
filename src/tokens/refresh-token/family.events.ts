import type { PersonalData, Upcasters } from '../../event-store/event.js'
import type { GivenEnds } from './lifetimes.js'

/** Times are ISO strings. A family of a non-rotating token has one generation for ever. */
export type FamilyEvent =
  | { readonly type: 'FamilyStarted'; readonly data: FamilyStarted }
  | { readonly type: 'RefreshTokenRotated'; readonly data: RefreshTokenExchange }
  | { readonly type: 'RefreshTokenExchanged'; readonly data: RefreshTokenExchange }
  | { readonly type: 'RefreshTokenMetadataSet'; readonly data: { readonly metadata: PersonalData | null } }
  | { readonly type: 'FamilyRevoked'; readonly data: FamilyRevoked }
  /** Its authorization code came back before the family had started: it will never give a token that works. */
  | { readonly type: 'FamilyBarred'; readonly data: object }

export interface FamilyStarted extends GivenEnds {
  readonly userId: string
  readonly clientId: string
  readonly sessionId: string | null
  /** When and through which connection the person logged in, as far as it is known. */
  readonly authenticatedAt: string | null
  readonly connection: string | null
  /** How, where that was not by their password alone. */
  readonly methods?: readonly { readonly name: string; readonly at: string }[]
  readonly audience: string | null
  readonly scope: readonly string[]
  readonly rotating: boolean
  /** Root key and salt that the family's tokens are authenticated with; neither makes a token without the root key itself. */
  readonly keyId: string
  readonly salt: string
  readonly metadata: PersonalData | null
  /** Of the key that its tokens are bound to (RFC 7638, RFC 9449 §5). */
  readonly dpopThumbprint: string | null
  /** The first generation that is bound, where not all are; zero or less: of the family before, whose last one counts as 0. */
  readonly boundSince?: number
  /** The family that it takes the place of, since the client's tokens began or ceased to rotate (spec/refresh-tokens.md §13). */
  readonly predecessor: Predecessor | null
  /** In whose name the person logged in; without it in nobody's. */
  readonly organizationId?: string
  /** When the login began that it goes back to, where that was before its own start: what ended all tokens since then ends it too. */
  readonly authorizedAt?: string
}

interface Predecessor {
  readonly familyId: string
  /** Where that one was issued, sealed. */
  readonly initialOrigin: PersonalData | null
}

/** Until tokens could be bound, or a family follow another. */
type FamilyStartedV1 = Omit<FamilyStarted, 'dpopThumbprint' | 'predecessor'>

/** What an exchange gave access to; the id is the access token's `jti`. */
export interface ExchangedAccess {
  readonly accessTokenId: string | null
  readonly audience: string | null
  readonly scope: readonly string[]
  /** How long the access token lives, from the event on. */
  readonly accessTokenSeconds?: number
  /** Whether a policy of the client opened the API, or added to what the login brought (spec/refresh-tokens.md §6.3). */
  readonly policyUsed?: 'mrrt'
  readonly requestedAudience?: string
  readonly requestedScope?: string
  /** Of `scope`: what Actions added to this access token alone (spec/actions.md §3.2). */
  readonly addedScope?: readonly string[]
}

/** `generation` is the latest one after the exchange. */
export interface RefreshTokenExchange extends ExchangedAccess, GivenEnds {
  readonly generation: number
  /** Only where a rotation binds a family that was bound to no key before (spec/refresh-tokens.md §9). */
  readonly dpopThumbprint?: string
  /** All of it after the exchange, where Actions changed it; null for none (spec/actions.md §4.4). */
  readonly metadata?: PersonalData | null
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
  | 'organization-deleted'
  | 'grant-deleted'
  | 'session-ended'
  | 'limit'
  | 'rotation-switched'

export interface FamilyRevoked {
  readonly reason: RevocationReason
  readonly latestGeneration: number
  /** For reuse: the spent generation that came back; zero or less when it was of the family before, whose last one counts as 0. */
  readonly presentedGeneration?: number
  /** For `rotation-switched`: the family that took its place, if this one was exchanged for it. */
  readonly successorId?: string
  /** For the limit: how many were active for the user and client until then. */
  readonly activeBefore?: number
  /** For `api`: whose tokens they were, since it was another client that revoked them. */
  readonly clientId?: string
}

export const familyUpcasters: Upcasters<FamilyEvent> = {
  FamilyStarted: [(old: FamilyStartedV1): FamilyStarted => ({ ...old, dpopThumbprint: null, predecessor: null })],
  RefreshTokenRotated: [],
  RefreshTokenExchanged: [],
  RefreshTokenMetadataSet: [],
  FamilyRevoked: [],
  FamilyBarred: [],
}
