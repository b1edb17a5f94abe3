import { idIn } from '../../event-store/event.js'
import type { Projection } from '../../event-store/projection.js'
import { rowProjection } from '../../event-store/projection.js'
import { type SessionEvent, sessionUpcasters } from './session.events.js'
import { type ActiveSession, session } from './session.js'

/** One row per session that has not ended, for lists and for the sweep. Readers compare `ends_at` with the clock. */
export interface SessionRow extends Record<string, unknown> {
  readonly id: string
  readonly user_id: string
  /** The earlier one of its two ends. */
  readonly ends_at: string
  readonly state: ActiveSession
  readonly position: number
}

export const sessionsProjection: Projection<SessionEvent> = rowProjection<SessionEvent, SessionRow>({
  name: 'sessions',
  table: 'sessions',
  key: 'id',
  columns: ['id', 'user_id', 'ends_at', 'state', 'position'],
  upcasters: sessionUpcasters,
  keyOf: ({ streamId }) => idIn(streamId),
  evolve(row, event) {
    const state = session.evolve(row?.state ?? session.initial, event, event.metadata)
    if (state.status !== 'active') return undefined
    const { expiresAt, idleExpiresAt, userId } = state
    const endsAt = idleExpiresAt < expiresAt ? idleExpiresAt : expiresAt
    // What its tokens are good for is nobody's to see in a list.
    return { id: idIn(event.streamId), user_id: userId, ends_at: endsAt, state: { ...state, online: [] }, position: event.position }
  },
})
