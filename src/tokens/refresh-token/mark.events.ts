import type { Upcasters } from '../../event-store/event.js'
import type { RevocationReason } from './family.events.js'

/** Whose refresh tokens end: all of a user, of a client, of a user at a client, of a grant (no audience is null), of a user's session, of an organization. */
export type MarkScope =
  | { readonly kind: 'user'; readonly userId: string }
  | { readonly kind: 'client'; readonly clientId: string }
  | { readonly kind: 'user-client'; readonly userId: string; readonly clientId: string }
  | { readonly kind: 'grant'; readonly userId: string; readonly clientId: string; readonly audience: string | null }
  | { readonly kind: 'session'; readonly userId: string; readonly sessionId: string }
  | { readonly kind: 'organization'; readonly organizationId: string }

/** Every family of the scope that goes back to a login at or before `before`, an ISO time, has ended; no event says so once more. */
export interface RefreshTokensRevoked {
  readonly scope: MarkScope
  readonly before: string
  readonly reason: RevocationReason
}

export type RefreshTokenMarkEvent = { readonly type: 'RefreshTokensRevoked'; readonly data: RefreshTokensRevoked }

export const refreshTokenMarkUpcasters: Upcasters<RefreshTokenMarkEvent> = { RefreshTokensRevoked: [] }
