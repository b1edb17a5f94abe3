import type { Decision } from '../../event-store/event.js'
import type { UserEvent } from './user.events.js'

/** A user's place in one organization, with the ids of the roles that they have there and nowhere else. */
export interface Membership {
  readonly organizationId: string
  readonly roles: readonly string[]
}

/** What a user's stream knows of organizations; absent is none. */
export interface Memberships {
  readonly memberships?: readonly Membership[]
}

type MaybeUser = { readonly status: 'absent' } | (Memberships & { readonly status: 'present' })

type MembershipEvent = Extract<
  UserEvent,
  { type: 'OrganizationMemberAdded' | 'OrganizationMemberRemoved' | 'OrganizationMemberRolesAssigned' | 'OrganizationMemberRolesRemoved' }
>

/** How somebody became a member: by an operator, by logging in through a connection that makes members, or by an invitation. */
type MembershipReason = 'api' | 'auto_membership' | 'invitation'

/** Of one user. */
export const MAX_MEMBERSHIPS = 1000
/** Of one member in one organization (spec/management-api.md §2.11). */
export const MAX_MEMBER_ROLES = 50

export type MembershipChange = { readonly add: MembershipReason } | { readonly remove: true }
export type MemberRoleChange = { readonly assign: readonly string[] } | { readonly remove: readonly string[] }

export type MembershipOutcome = 'changed' | 'absent' | 'too many'

/** Joining what one is a member of, or leaving what one is not, makes no event. */
export function changeMembership(state: MaybeUser, organizationId: string, change: MembershipChange): Decision<UserEvent, MembershipOutcome> {
  if (state.status === 'absent') return { events: [], result: 'absent' }
  const { memberships = [] } = state
  const isMember = memberships.some((held) => held.organizationId === organizationId)
  if ('remove' in change) return { events: isMember ? [{ type: 'OrganizationMemberRemoved', data: { organizationId } }] : [], result: 'changed' }
  if (isMember) return { events: [], result: 'changed' }
  if (memberships.length >= MAX_MEMBERSHIPS) return { events: [], result: 'too many' }
  return { events: [{ type: 'OrganizationMemberAdded', data: { organizationId, reason: change.add } }], result: 'changed' }
}

/** `absent`: no such user, or not a member. What is assigned already, or is not, makes no event. */
export function changeMemberRoles(state: MaybeUser, organizationId: string, change: MemberRoleChange): Decision<UserEvent, MembershipOutcome> {
  const held = state.status === 'present' ? state.memberships?.find((one) => one.organizationId === organizationId) : undefined
  if (!held) return { events: [], result: 'absent' }
  if ('assign' in change) {
    const roles = [...new Set(change.assign)].filter((id) => !held.roles.includes(id))
    if (roles.length > 0 && held.roles.length + roles.length > MAX_MEMBER_ROLES) return { events: [], result: 'too many' }
    return { events: roles.length > 0 ? [{ type: 'OrganizationMemberRolesAssigned', data: { organizationId, roles } }] : [], result: 'changed' }
  }
  const roles = held.roles.filter((id) => change.remove.includes(id))
  return { events: roles.length > 0 ? [{ type: 'OrganizationMemberRolesRemoved', data: { organizationId, roles } }] : [], result: 'changed' }
}

/**
 * What accepting an invitation comes to: membership and its roles, for a member the roles that they do not have yet. Whether the invitation can be
 * accepted is not for this stream to say.
 */
export function acceptInvitation(
  state: MaybeUser,
  { invitationId, organizationId, roles }: { readonly invitationId: string; readonly organizationId: string; readonly roles: readonly string[] },
): Decision<UserEvent, MembershipOutcome> {
  const joined = changeMembership(state, organizationId, { add: 'invitation' })
  if (state.status === 'absent' || joined.result !== 'changed') return joined
  const { memberships = [] } = state
  const held = memberships.some((one) => one.organizationId === organizationId) ? memberships : [...memberships, { organizationId, roles: [] }]
  const assigned = changeMemberRoles({ ...state, memberships: held }, organizationId, { assign: roles })
  if (assigned.result !== 'changed') return assigned
  const accepted = { type: 'OrganizationInvitationAccepted', data: { organizationId, invitationId } } as const
  return { events: [accepted, ...joined.events, ...assigned.events], result: 'changed' }
}

/** The memberships that follow. */
export function evolveMemberships({ memberships = [] }: Memberships, { type, data }: MembershipEvent): Memberships {
  const { organizationId } = data
  const others = memberships.filter((held) => held.organizationId !== organizationId)
  const roles = memberships.find((held) => held.organizationId === organizationId)?.roles ?? []
  switch (type) {
    case 'OrganizationMemberAdded':
      return { memberships: [...others, { organizationId, roles: [] }] }
    case 'OrganizationMemberRemoved':
      return { memberships: others }
    case 'OrganizationMemberRolesAssigned':
      return { memberships: [...others, { organizationId, roles: [...roles, ...data.roles] }] }
    case 'OrganizationMemberRolesRemoved':
      return { memberships: [...others, { organizationId, roles: roles.filter((id) => !data.roles.includes(id)) }] }
  }
}
