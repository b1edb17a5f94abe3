import type { Decider } from '../../event-store/event.js'
import type { PersonKeyRow } from '../../keys/person-key-store.js'
import { type LoginFactsRow, loginFactsSql, loginsGuard, type UserProfile } from '../../users/index.js'
import { type Family, family } from './family.js'
import type { FamilyEvent } from './family.events.js'
import { FAMILY_MARK, type FamilyMark, guardsOf, underMark } from './family-under-marks.js'

/**
 * The family, read in one statement with its user, the user's key and the mark that may have ended it: an exchange needs them at the same
 * moment, and no round trip more. What is appended is guarded by the marks, and against the end of the user's logins: a block leaves no mark.
 */
export const familyWithUser: Decider<Family, FamilyEvent> = {
  ...family,
  companion: { name: 'family-user', sql: companionSql() },
  seen: (state, companion) => underMark(state, (companion as FamilyUser).mark),
  guards: (state, companion) => {
    const { user } = companion as FamilyUser
    return state.status === 'active' && user ? [...guardsOf(state), loginsGuard(state.userId, user)] : guardsOf(state)
  },
}

/** With what Actions are told of the user beside, for an exchange that asks them. */
export const familyWithLogin: Decider<Family, FamilyEvent> = {
  ...familyWithUser,
  companion: {
    name: 'family-user-login',
    sql: companionSql(
      `, 'passwordChangedAt', u.password_changed_at, 'login', ${loginFactsSql('u.user_id', `coalesce(s.state->>'connection', u.document->'identities'->0->>'connection')`)}`,
    ),
  },
}

function companionSql(more = ''): string {
  return `select jsonb_build_object(
        'user', (select jsonb_build_object('profile', u.document, 'administrator', u.administrator, 'createdAt', u.created_at, 'updatedAt', u.updated_at,
                                           'loginsEndedAt', u.logins_ended_at${more})
                 from users u where u.user_id = s.state->>'userId'),
        'key', (select jsonb_build_object('id', k.id, 'person_id', k.person_id, 'encrypted_key', k.encrypted_key)
                from person_keys k where k.person_id = s.state->>'userId'),
        'mark', ${FAMILY_MARK})`
}

/** What the companions answer. */
export interface FamilyUser {
  readonly user: {
    /** Personal values are encrypted. */
    readonly profile: UserProfile
    readonly administrator: boolean
    readonly createdAt: string
    readonly updatedAt: string
    readonly loginsEndedAt: string | null
    /** Of `familyWithLogin`, as is what follows. Null for a password that is the first one. */
    readonly passwordChangedAt?: string | null
    readonly login?: LoginFactsRow
  } | null
  readonly key: PersonKeyRow | null
  readonly mark: FamilyMark
}
