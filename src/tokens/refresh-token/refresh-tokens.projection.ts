import { idIn } from '../../event-store/event.js'
import type { Projection } from '../../event-store/projection.js'
import { clearingAfterEnd, rowProjection } from '../../event-store/projection.js'
import { type FamilyEvent, familyUpcasters } from './family.events.js'
import { type Resource, withAccess } from './family.js'

/**
 * One row per active family, for lists and for the limit per user and client. Readers compare the ends with the clock; rows leave a day after
 * their absolute end. Times are ISO strings, personal values sealed.
 */
export interface RefreshTokenRow extends Record<string, unknown> {
  readonly id: string
  readonly user_id: string
  readonly client_id: string
  readonly session_id: string | null
  readonly audience: string | null
  /** In whose name the login was. */
  readonly organization_id: string | null
  readonly scope: readonly string[]
  /** APIs beside `audience` that it was exchanged for. */
  readonly resources: readonly Resource[]
  readonly rotating: boolean
  readonly created_at: string
  /** Of the login that it goes back to, where that was before. */
  readonly authorized_at: string | null
  readonly expires_at: string | null
  readonly idle_expires_at: string | null
  readonly last_exchanged_at: string | null
  readonly initial_origin: string | null
  readonly last_origin: string | null
  readonly metadata: string | null
  readonly position: number
}

const rows = rowProjection<FamilyEvent, RefreshTokenRow>({
  name: 'refresh_tokens',
  table: 'refresh_tokens',
  key: 'id',
  columns: [
    'id',
    'user_id',
    'client_id',
    'session_id',
    'audience',
    'organization_id',
    'scope',
    'resources',
    'rotating',
    'created_at',
    'authorized_at',
    'expires_at',
    'idle_expires_at',
    'last_exchanged_at',
    'initial_origin',
    'last_origin',
    'metadata',
    'position',
  ],
  upcasters: familyUpcasters,
  keyOf: ({ streamId }) => idIn(streamId),
  evolve(row, event) {
    const {
      metadata: { at, origin = null },
      position,
    } = event
    switch (event.type) {
      case 'FamilyStarted': {
        const { userId, clientId, sessionId, audience, scope, rotating, expiresAt, idleExpiresAt, metadata, predecessor, authorizedAt = null } = event.data
        const { organizationId = null } = event.data
        return {
          id: idIn(event.streamId),
          user_id: userId,
          client_id: clientId,
          session_id: sessionId,
          audience,
          organization_id: organizationId,
          scope,
          resources: [],
          rotating,
          created_at: at,
          authorized_at: authorizedAt,
          expires_at: expiresAt,
          idle_expires_at: idleExpiresAt,
          last_exchanged_at: null,
          initial_origin: predecessor ? predecessor.initialOrigin : origin,
          last_origin: origin,
          metadata,
          position,
        }
      }
      case 'RefreshTokenRotated':
      case 'RefreshTokenExchanged': {
        const { expiresAt, idleExpiresAt, metadata } = event.data
        const expires = expiresAt !== null || idleExpiresAt !== null
        return (
          row && {
            ...row,
            resources: withAccess(row.resources, row.audience, event.data),
            expires_at: expiresAt,
            idle_expires_at: idleExpiresAt,
            position,
            ...(metadata !== undefined && { metadata }),
            ...(expires && { last_exchanged_at: at, last_origin: origin }),
          }
        )
      }
      case 'RefreshTokenMetadataSet':
        return row && { ...row, metadata: event.data.metadata, position }
      case 'FamilyRevoked':
      case 'FamilyBarred':
        return undefined
    }
  },
})

export const refreshTokensProjection: Projection<FamilyEvent> = clearingAfterEnd(rows)
