import type { PersonalData } from '../../event-store/event.js'
import type { CodeTerms } from './authorization-code.js'
import type { AuthorizationCodeIssued, DecidedByActions } from './authorization-code.events.js'

/** What a login gives a client, from which tokens are made. */
export interface CodeGrant {
  readonly userId: string
  readonly clientId: string
  readonly sessionId: string
  /** As granted at /authorize; `offline_access` is in it only when a refresh token is due. */
  readonly scope: readonly string[]
  readonly audience: string | null
  /** Present exactly when the ID token must carry it. */
  readonly nonce?: string
  /** When the login began that it stands for: what ended the person's tokens since then ends those of this code. */
  readonly authorizedAt?: string
  /** Seconds since 1970: `auth_time`. */
  readonly authTime: number
  /** How the person proved who they are, where that was not by their password alone. */
  readonly methods?: NonNullable<AuthorizationCodeIssued['methods']>
  /** `max_age` was sent: the ID token must say `auth_time`. */
  readonly maxAgeSent: boolean
  /** An online refresh token is due. */
  readonly online: boolean
  readonly connection: string
  readonly organizationId?: string
  readonly redirectUri: string
  /** What the application calls the device, sealed. */
  readonly device?: PersonalData
  /** What Actions decided at the login; whoever issues opens the decisions with PersonKeys and applies them. */
  readonly actions?: DecidedByActions
}

export function toGrant(issued: CodeTerms): CodeGrant {
  const { userId, clientId, sessionId, scope, audience, nonce, authenticatedAt, authorizedAt, maxAgeSent, online = false, connection, redirectUri } = issued
  const { actions, organizationId, device, methods } = issued
  return {
    userId,
    clientId,
    sessionId,
    scope,
    audience,
    authTime: Math.floor(Date.parse(authenticatedAt) / 1000),
    maxAgeSent,
    online,
    connection,
    redirectUri,
    ...(nonce !== null && { nonce }),
    ...(authorizedAt !== undefined && { authorizedAt }),
    ...(device !== undefined && { device }),
    ...(methods && { methods }),
    ...(actions && { actions }),
    ...(organizationId !== undefined && { organizationId }),
  }
}
