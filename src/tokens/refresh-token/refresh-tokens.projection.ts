import type { Projection } from '../../event-store/projection.js'
import { rowProjection } from '../../event-store/projection.js'
import { type FamilyEvent, familyUpcasters } from './family.events.js'

/**
 * One row per active family, for lists and for the limit per user and client. Expired rows stay until they are asked
 * to leave: readers compare the ends with the clock. Times are ISO strings, personal values sealed.
 */
export interface RefreshTokenRow extends Record<string, unknown> {
  readonly id: string
  readonly user_id: string
  readonly client_id: string
  readonly session_id: string | null
  readonly audience: string | null
  readonly scope: readonly string[]
  readonly rotating: boolean
  readonly created_at: string
  readonly expires_at: string | null
  readonly idle_expires_at: string | null
  readonly last_exchanged_at: string | null
  readonly initial_origin: string | null
  readonly last_origin: string | null
  readonly metadata: string | null
  readonly position: number
}

const STREAM_PREFIX = 'refresh_token_family-'

export const refreshTokensProjection: Projection<FamilyEvent> = rowProjection<FamilyEvent, RefreshTokenRow>({
  name: 'refresh_tokens',
  table: 'refresh_tokens',
  key: 'id',
  columns: [
    'id',
    'user_id',
    'client_id',
    'session_id',
    'audience',
    'scope',
    'rotating',
    'created_at',
    'expires_at',
    'idle_expires_at',
    'last_exchanged_at',
    'initial_origin',
    'last_origin',
    'metadata',
    'position',
  ],
  upcasters: familyUpcasters,
  keyOf: ({ streamId }) => streamId.slice(STREAM_PREFIX.length),
  evolve(row, event) {
    const {
      metadata: { at, origin = null },
      position,
    } = event
    switch (event.type) {
      case 'FamilyStarted': {
        const { userId, clientId, sessionId, audience, scope, rotating, expiresAt, idleExpiresAt, metadata } = event.data
        return {
          id: event.streamId.slice(STREAM_PREFIX.length),
          user_id: userId,
          client_id: clientId,
          session_id: sessionId,
          audience,
          scope,
          rotating,
          created_at: at,
          expires_at: expiresAt,
          idle_expires_at: idleExpiresAt,
          last_exchanged_at: null,
          initial_origin: origin,
          last_origin: origin,
          metadata,
          position,
        }
      }
      case 'RefreshTokenRotated':
      case 'RefreshTokenExchanged': {
        const { expiresAt, idleExpiresAt } = event.data
        const expires = expiresAt !== null || idleExpiresAt !== null
        return (
          row && { ...row, expires_at: expiresAt, idle_expires_at: idleExpiresAt, position, ...(expires && { last_exchanged_at: at, last_origin: origin }) }
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
