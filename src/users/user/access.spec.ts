import { given } from '../../event-store/testing.js'
import { changeUserPermissions, changeUserRoles, MAX_USER_PERMISSIONS, MAX_USER_ROLES } from './access.js'
import type { AssignedPermission, UserEvent, UserProfile } from './user.events.js'
import { user } from './user.js'

const created: UserEvent = { type: 'UserCreated', data: { profile: { user_id: 'auth0|1' } as UserProfile } }
const permission = (name: string, resourceServerId = 'a'): AssignedPermission => ({ resourceServerId, resourceServerIdentifier: 'https://api', name })

describe('a user’s roles', () => {
  it('are each assigned once, and removed where they are', () => {
    const { events } = given(user, created).when((state) => changeUserRoles(state, { assign: ['r1', 'r2', 'r1'] }))
    expect(events).toEqual([{ type: 'UserRolesAssigned', data: { roles: ['r1', 'r2'] } }])
    const held = given(user, created, ...events)
    expect(held.state).toMatchObject({ roles: ['r1', 'r2'] })
    expect(held.when((state) => changeUserRoles(state, { assign: ['r2'] })).events).toEqual([])
    const removed = held.when((state) => changeUserRoles(state, { remove: ['r2', 'r9'] })).events
    expect(removed).toEqual([{ type: 'UserRolesRemoved', data: { roles: ['r2'] } }])
    expect(given(user, created, ...events, ...removed).state).toMatchObject({ roles: ['r1'] })
    expect(given(user).when((state) => changeUserRoles(state, { assign: ['r1'] }))).toEqual({ events: [], result: 'absent' })
  })

  it('are limited', () => {
    const many = Array.from({ length: MAX_USER_ROLES }, (_, n) => `r${n}`)
    const full = given(user, created, { type: 'UserRolesAssigned', data: { roles: many } })
    expect(full.when((state) => changeUserRoles(state, { assign: ['more'] }))).toEqual({ events: [], result: 'too many' })
    expect(full.when((state) => changeUserRoles(state, { assign: ['r1'] })).result).toBe('changed')
  })
})

describe('a user’s own permissions', () => {
  it('are each assigned once, and removed by API and name', () => {
    const [read, old] = [permission('read'), permission('read', 'former')]
    const { events } = given(user, created).when((state) => changeUserPermissions(state, { assign: [read, old, read] }))
    expect(events).toEqual([{ type: 'UserPermissionsAssigned', data: { permissions: [read, old] } }])
    const held = given(user, created, ...events)
    expect(held.when((state) => changeUserPermissions(state, { assign: [read] })).events).toEqual([])
    const remove = [{ resourceServerIdentifier: 'https://api', name: 'read' }]
    expect(held.when((state) => changeUserPermissions(state, { remove })).events).toEqual([
      { type: 'UserPermissionsRemoved', data: { permissions: [read, old] } },
    ])
    expect(given(user).when((state) => changeUserPermissions(state, { remove }))).toEqual({ events: [], result: 'absent' })
  })

  it('are limited', () => {
    const assign = Array.from({ length: MAX_USER_PERMISSIONS + 1 }, (_, n) => permission(`p${n}`))
    expect(given(user, created).when((state) => changeUserPermissions(state, { assign }))).toEqual({ events: [], result: 'too many' })
  })

  it('go with the user', () => {
    const assigned: UserEvent = { type: 'UserPermissionsAssigned', data: { permissions: [permission('read')] } }
    const { state } = given(user, created, assigned, { type: 'UserDeleted', data: {} }, created)
    expect(state).not.toHaveProperty('permissions')
  })
})
