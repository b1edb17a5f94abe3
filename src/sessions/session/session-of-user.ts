import type { Decider } from '../../event-store/event.js'
import type { PersonKeyRow } from '../../keys/person-key-store.js'
import { loginsGuard, type TenantSettings, type UserProfile } from '../../users/index.js'
import { type SessionState, session } from './session.js'
import type { SessionEvent } from './session.events.js'

/** What the companion of `sessionOfUser` answers. */
export interface SessionUser {
  /** Null for somebody who was deleted. */
  readonly user: {
    /** Personal values are encrypted. */
    readonly profile: UserProfile
    readonly administrator: boolean
    readonly createdAt: string
    readonly updatedAt: string
    /** Logins until then do not count any more. */
    readonly loginsEndedAt: string | null
    /** Null for a password that is the first one. */
    readonly passwordChangedAt: string | null
  } | null
  /** The tenant's, as they are now. */
  readonly settings: TenantSettings
  readonly key: PersonKeyRow | null
}

/**
 * The session as whoever relies on it must see it, read in one statement with its user, and with the settings for its next step: one whose user is gone, or must log in again, has ended,
 * although its own stream says so only a little later. Nothing is appended to it that was decided before.
 */
export const sessionOfUser: Decider<SessionState, SessionEvent> = {
  ...session,
  companion: {
    name: 'session-user',
    sql: `select jsonb_build_object(
        'user', (select jsonb_build_object('profile', u.document, 'administrator', u.administrator, 'createdAt', u.created_at, 'updatedAt', u.updated_at,
                                           'loginsEndedAt', u.logins_ended_at, 'passwordChangedAt', u.password_changed_at)
                 from users u where u.user_id = s.state->>'userId'),
        'settings', coalesce((select t.document from tenant_settings t), '{}'),
        'key', (select jsonb_build_object('id', k.id, 'person_id', k.person_id, 'encrypted_key', k.encrypted_key)
                from person_keys k where k.person_id = s.state->>'userId'))`,
  },
  seen: (state, companion) => asSeen(state, companion as SessionUser),
  guards: (state, companion) => {
    const { user } = companion as SessionUser
    return state.status === 'active' && user ? [loginsGuard(state.userId, user)] : []
  },
}

function asSeen(state: SessionState, { user }: SessionUser): SessionState {
  if (state.status !== 'active') return state
  const { userId, connection, authenticatedAt } = state
  if (!user) return { status: 'ended', reason: 'user-deleted', userId, connection }
  const outlived = user.loginsEndedAt !== null && Date.parse(user.loginsEndedAt) >= Date.parse(authenticatedAt)
  return outlived ? { status: 'ended', reason: 'revoked', userId, connection } : state
}
