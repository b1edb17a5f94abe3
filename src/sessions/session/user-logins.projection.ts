import { type AuditEvent, auditUpcasters } from '../../audit/audit.events.js'
import type { Projection } from '../../event-store/projection.js'
import { rowProjection } from '../../event-store/projection.js'
import { type UserEvent, userUpcasters } from '../../users/index.js'
import { type SessionEvent, sessionUpcasters } from './session.events.js'

/** What a person's logins left: shown with the user, and searched by. It goes when they are deleted. */
interface UserLoginsRow extends Record<string, unknown> {
  readonly user_id: string
  readonly logins_count: number
  readonly last_login: string
  /** Sealed for the person. */
  readonly last_origin: string | null
}

type Login = Extract<SessionEvent, { type: 'SessionStarted' | 'SessionReauthenticated' }> | Extract<AuditEvent, { type: 'LoggedInWithoutSession' }>
type Deleted = Extract<UserEvent, { type: 'UserDeleted' }>

const USER = 'user-'

/** Lies here because logins are sessions, but for those at the token endpoint; the table is read with the users (src/users/queries/find-users.ts). */
export const userLoginsProjection: Projection<Login | Deleted> = rowProjection<Login | Deleted, UserLoginsRow>({
  name: 'user_logins',
  table: 'user_logins',
  key: 'user_id',
  columns: ['user_id', 'logins_count', 'last_login', 'last_origin'],
  upcasters: {
    SessionStarted: sessionUpcasters.SessionStarted,
    SessionReauthenticated: sessionUpcasters.SessionReauthenticated,
    LoggedInWithoutSession: auditUpcasters.LoggedInWithoutSession,
    UserDeleted: userUpcasters.UserDeleted,
  },
  keyOf: (event) => (event.type === 'UserDeleted' ? event.streamId.slice(USER.length) : event.data.userId),
  evolve(row, event) {
    if (event.type === 'UserDeleted') return undefined
    const { at, origin = null } = event.metadata
    return { user_id: event.data.userId, logins_count: (row?.logins_count ?? 0) + 1, last_login: at, last_origin: origin }
  },
})
