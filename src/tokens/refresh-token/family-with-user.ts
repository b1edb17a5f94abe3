import type { Decider } from '../../event-store/event.js'
import type { UserProfile } from '../../users/index.js'
import { type Family, family } from './family.js'
import type { FamilyEvent } from './family.events.js'

/** The family, read in one statement with its user and the user's key: an exchange needs them at the same moment, and no round trip more. */
export const familyWithUser: Decider<Family, FamilyEvent> = {
  ...family,
  companion: {
    name: 'family-user',
    sql: `select jsonb_build_object(
        'user', (select jsonb_build_object('profile', u.document, 'administrator', u.administrator, 'createdAt', u.created_at, 'updatedAt', u.updated_at)
                 from users u where u.user_id = s.state->>'userId'),
        'key', (select jsonb_build_object('id', k.id, 'person_id', k.person_id, 'encrypted_key', k.encrypted_key)
                from person_keys k where k.person_id = s.state->>'userId'))`,
  },
}

/** What the companion of `familyWithUser` answers. */
export interface FamilyUser {
  readonly user: {
    /** Personal values are encrypted. */
    readonly profile: UserProfile
    readonly administrator: boolean
    readonly createdAt: string
    readonly updatedAt: string
  } | null
  readonly key: { readonly id: string; readonly person_id: string; readonly encrypted_key: string } | null
}
