import type { Decider, Decision, Guard } from '../../event-store/event.js'
import { applyDifference, type Changes, type Difference, difference } from '../../event-store/difference.js'
import { type Access, evolveAccess } from './access.js'
import { evolveMemberships, type Memberships } from './membership.js'
import { type LoginsEnded, type UserEvent, type UserProfile, userUpcasters } from './user.events.js'

export type UserState =
  | ({ readonly status: 'absent' } & UsedId)
  | (Access &
      Memberships &
      UsedId & {
        readonly status: 'present'
        readonly profile: UserProfile
        /** May sign in to the dashboard, with every scope of the Management API. */
        readonly administrator: boolean
        readonly createdAt: string
        readonly updatedAt: string
        readonly passwordChangedAt?: string
        /** Logins from before do not count any more: the password or what the person logs in with is another, they were blocked, somebody ended them, or the id was another's. */
        readonly loginsEndedAt?: string
      })

interface UsedId {
  /** Somebody bore the id who was deleted. */
  readonly idUsedBefore?: true
}

export const user: Decider<UserState, UserEvent> = {
  streamType: 'user',
  initial: { status: 'absent' },
  stateVersion: 4,
  upcasters: userUpcasters,
  guardKey: (userId, events) => (events.some(endLogin) ? loginsKey(userId) : undefined),
  evolve: (state, event, { at }) => {
    const { type, data } = event
    if (type === 'UserCreated') {
      const created = { status: 'present', profile: data.profile, administrator: false, createdAt: at, updatedAt: at } as const
      return state.idUsedBefore ? { ...created, idUsedBefore: true, loginsEndedAt: at } : created
    }
    if (state.status === 'absent') return state
    switch (type) {
      case 'UserSignedUp':
      case 'OrganizationInvitationAccepted':
        return state
      case 'UserChanged':
        return { ...state, profile: applyDifference(state.profile, data.changes), updatedAt: at, ...(endsLogins(data.changes) && { loginsEndedAt: at }) }
      case 'PasswordChanged':
        return { ...state, passwordChangedAt: at, loginsEndedAt: at, updatedAt: at }
      case 'LoginsEnded':
        return { ...state, loginsEndedAt: at }
      case 'AdministratorAppointed':
        return { ...state, administrator: true }
      case 'AdministratorDismissed':
        return { ...state, administrator: false }
      case 'UserRolesAssigned':
      case 'UserRolesRemoved':
      case 'UserPermissionsAssigned':
      case 'UserPermissionsRemoved':
        return { ...state, ...evolveAccess(state, event) }
      case 'OrganizationMemberAdded':
      case 'OrganizationMemberRemoved':
      case 'OrganizationMemberRolesAssigned':
      case 'OrganizationMemberRolesRemoved':
        return { ...state, ...evolveMemberships(state, event) }
      case 'UserDeleted':
        return { status: 'absent', idUsedBefore: true }
    }
  },
}

/** Whatever was decided for a login of the user, and is to be appended, depends on this one (docs/adr/0008-sessions.md). */
export const loginsGuard = (userId: string, { loginsEndedAt }: { readonly loginsEndedAt: string | null }): Guard => ({
  keys: [loginsKey(userId)],
  after: new Date(loginsEndedAt ?? 0),
})
/** As the database's function `overtaken_appends` takes it apart. */
const loginsKey = (userId: string): string => `logins:${userId}`

const endLogin = ({ type, data }: UserEvent): boolean =>
  type === 'PasswordChanged' || type === 'LoginsEnded' || type === 'UserDeleted' || (type === 'UserChanged' && endsLogins(data.changes))
/** spec/sessions.md §3. */
const endsLogins = (changes: Difference<UserProfile>): boolean => changes.blocked?.to === true || IDENTIFIERS.some((member) => member in changes)
const IDENTIFIERS = ['email', 'email_verified', 'phone_number', 'username'] as const

/** An id that was used before may be used again: its former person's values stay unreadable, their key is another. */
export function createUser(
  state: UserState,
  profile: UserProfile,
  { administrator = false, signedUp = false } = {},
): Decision<UserEvent, 'created' | 'exists'> {
  if (state.status === 'present') return { events: [], result: 'exists' }
  const appointed = administrator ? [{ type: 'AdministratorAppointed', data: {} } as const] : []
  const itself = signedUp ? [{ type: 'UserSignedUp', data: {} } as const] : []
  return { events: [{ type: 'UserCreated', data: { profile } }, ...itself, ...appointed], result: 'created' }
}

export function changeUser(state: UserState, wanted: Changes<Omit<UserProfile, 'user_id'>>): Decision<UserEvent, 'changed' | 'absent'> {
  if (state.status === 'absent') return { events: [], result: 'absent' }
  const changes = difference<UserProfile>(state.profile, wanted)
  return { events: changes ? [{ type: 'UserChanged', data: { changes } }] : [], result: 'changed' }
}

export function changePassword(state: UserState): Decision<UserEvent, 'changed' | 'absent'> {
  if (state.status === 'absent') return { events: [], result: 'absent' }
  return { events: [{ type: 'PasswordChanged', data: {} }], result: 'changed' }
}

/** Answers false for somebody who is not there. */
export function endLogins(state: UserState, how: LoginsEnded = {}): Decision<UserEvent, boolean> {
  return state.status === 'absent' ? { events: [], result: false } : { events: [{ type: 'LoginsEnded', data: how }], result: true }
}

export function appointAdministrator(state: UserState): Decision<UserEvent, 'appointed' | 'absent'> {
  if (state.status === 'absent') return { events: [], result: 'absent' }
  return { events: state.administrator ? [] : [{ type: 'AdministratorAppointed', data: {} }], result: 'appointed' }
}

export function deleteUser(state: UserState): Decision<UserEvent, undefined> {
  if (state.status === 'absent') return { events: [], result: undefined }
  const { connection } = state.profile.identities[0]
  return { events: [{ type: 'UserDeleted', data: { connection } }], result: undefined }
}
