import { given } from '../../event-store/testing.js'
import type { PersonalData } from '../../event-store/event.js'
import { acceptInvitation, changeMemberRoles, changeMembership, MAX_MEMBER_ROLES, MAX_MEMBERSHIPS } from './membership.js'
import type { UserEvent } from './user.events.js'
import { user } from './user.js'

const created: UserEvent = {
  type: 'UserCreated',
  data: {
    profile: {
      user_id: 'auth0|1',
      email: 'sealed' as PersonalData,
      identities: [{ connection: 'c', connection_id: 'con_1', provider: 'auth0', user_id: '1', isSocial: false }],
    },
  },
}
const joined = (organizationId: string): UserEvent => ({ type: 'OrganizationMemberAdded', data: { organizationId, reason: 'api' } })
const assigned = (...roles: string[]): UserEvent => ({ type: 'OrganizationMemberRolesAssigned', data: { organizationId: 'org_1', roles } })

describe('a membership', () => {
  it('begins once, ends once, and takes its roles along', () => {
    const { events } = given(user, created).when((state) => changeMembership(state, 'org_1', { add: 'auto_membership' }))
    expect(events).toEqual([{ type: 'OrganizationMemberAdded', data: { organizationId: 'org_1', reason: 'auto_membership' } }])
    const member = given(user, created, joined('org_1'), joined('org_2'), assigned('rol_1'))
    expect(member.when((state) => changeMembership(state, 'org_1', { add: 'api' }))).toEqual({ events: [], result: 'changed' })
    const left = member.when((state) => changeMembership(state, 'org_1', { remove: true }))
    const after = given(user, created, joined('org_1'), joined('org_2'), assigned('rol_1'), ...left.events)
    expect(after.state).toMatchObject({ memberships: [{ organizationId: 'org_2', roles: [] }] })
    expect(after.when((state) => changeMembership(state, 'org_1', { remove: true })).events).toEqual([])
    expect(given(user, created, joined('org_1'), assigned('rol_1'), ...left.events, joined('org_1')).state).toMatchObject({
      memberships: [{ organizationId: 'org_1', roles: [] }],
    })
    expect(given(user).when((state) => changeMembership(state, 'org_1', { add: 'api' }))).toEqual({ events: [], result: 'absent' })
  })

  it('ends with the user, and whoever gets their id has none', () => {
    const again = given(user, created, joined('org_1'), { type: 'UserDeleted', data: {} }, created)
    expect(again.state).not.toHaveProperty('memberships')
  })

  it('is one of so many and no more', () => {
    const many = (n: number): UserEvent[] => Array.from({ length: n }, (_, i) => joined(`org_${i}`))
    const join = (n: number) => given(user, created, ...many(n)).when((state) => changeMembership(state, 'org_more', { add: 'api' })).result
    expect([join(MAX_MEMBERSHIPS - 1), join(MAX_MEMBERSHIPS)]).toEqual(['changed', 'too many'])
  })

  it('has each role once, up to a number, and none without the membership', () => {
    const member = given(user, created, joined('org_1'), assigned('rol_1'))
    const more = member.when((state) => changeMemberRoles(state, 'org_1', { assign: ['rol_1', 'rol_2', 'rol_2'] }))
    expect(more.events).toEqual([assigned('rol_2')])
    expect(given(user, created, joined('org_1'), assigned('rol_1'), ...more.events).state).toMatchObject({
      memberships: [{ organizationId: 'org_1', roles: ['rol_1', 'rol_2'] }],
    })
    const fewer = member.when((state) => changeMemberRoles(state, 'org_1', { remove: ['rol_1', 'rol_3'] }))
    expect(fewer.events).toEqual([{ type: 'OrganizationMemberRolesRemoved', data: { organizationId: 'org_1', roles: ['rol_1'] } }])
    expect(given(user, created, joined('org_1'), assigned('rol_1'), ...fewer.events).state).toMatchObject({ memberships: [{ roles: [] }] })
    expect(member.when((state) => changeMemberRoles(state, 'org_2', { assign: ['rol_1'] }))).toEqual({ events: [], result: 'absent' })
    const roles = Array.from({ length: MAX_MEMBER_ROLES }, (_, n) => `r${n}`)
    const result = (...wanted: string[]) => given(user, created, joined('org_1')).when((state) => changeMemberRoles(state, 'org_1', { assign: wanted })).result
    expect([result(...roles), result(...roles, 'more')]).toEqual(['changed', 'too many'])
  })

  it('comes with an invitation and its roles, and of those with what a member has not yet', () => {
    const invited = { invitationId: 'uinv_1', organizationId: 'org_1', roles: ['rol_1', 'rol_2'] }
    const accept = (...before: UserEvent[]) => given(user, ...before).when((state) => acceptInvitation(state, invited))
    const accepted = { type: 'OrganizationInvitationAccepted', data: { organizationId: 'org_1', invitationId: 'uinv_1' } }
    const added = { type: 'OrganizationMemberAdded', data: { organizationId: 'org_1', reason: 'invitation' } }
    expect(accept(created)).toEqual({ events: [accepted, added, assigned('rol_1', 'rol_2')], result: 'changed' })
    expect(accept(created, joined('org_1'), assigned('rol_1'))).toEqual({ events: [accepted, assigned('rol_2')], result: 'changed' })
    expect(accept()).toEqual({ events: [], result: 'absent' })
    const roles = Array.from({ length: MAX_MEMBER_ROLES }, (_, n) => `r${n}`)
    expect(accept(created, joined('org_1'), assigned(...roles))).toEqual({ events: [], result: 'too many' })
    const many = Array.from({ length: MAX_MEMBERSHIPS }, (_, n) => joined(`org_${n + 2}`))
    expect(accept(created, ...many)).toEqual({ events: [], result: 'too many' })
  })
})
