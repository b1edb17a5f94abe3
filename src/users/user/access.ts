import type { Decision } from '../../event-store/event.js'
import type { AssignedPermission, UserEvent } from './user.events.js'

/** What a user was given beside their profile; absent is nothing. */
export interface Access {
  readonly roles?: readonly string[]
  readonly permissions?: readonly AssignedPermission[]
}

type MaybeUser = { readonly status: 'absent' } | (Access & { readonly status: 'present' })

type AccessEvent = Extract<UserEvent, { type: 'UserRolesAssigned' | 'UserRolesRemoved' | 'UserPermissionsAssigned' | 'UserPermissionsRemoved' }>

/** Of one user, given to them directly (spec/management-api.md §2.7). */
export const MAX_USER_PERMISSIONS = 1000
/** Of one user. */
export const MAX_USER_ROLES = 1000

export type RoleChange = { readonly assign: readonly string[] } | { readonly remove: readonly string[] }

/** Permissions to give, or those to take: named by API and scope, whichever API bore the identifier. */
export type DirectPermissionChange =
  { readonly assign: readonly AssignedPermission[] } | { readonly remove: readonly { readonly resourceServerIdentifier: string; readonly name: string }[] }

type Outcome = 'changed' | 'absent' | 'too many'

/** What is assigned already, or is not, makes no event. */
export function changeUserRoles(state: MaybeUser, change: RoleChange): Decision<UserEvent, Outcome> {
  if (state.status === 'absent') return { events: [], result: 'absent' }
  const { roles: held = [] } = state
  if ('assign' in change) {
    const roles = [...new Set(change.assign)].filter((id) => !held.includes(id))
    if (roles.length > 0 && held.length + roles.length > MAX_USER_ROLES) return { events: [], result: 'too many' }
    return { events: roles.length > 0 ? [{ type: 'UserRolesAssigned', data: { roles } }] : [], result: 'changed' }
  }
  const roles = held.filter((id) => change.remove.includes(id))
  return { events: roles.length > 0 ? [{ type: 'UserRolesRemoved', data: { roles } }] : [], result: 'changed' }
}

/** What is assigned already, or is not, makes no event. */
export function changeUserPermissions(state: MaybeUser, change: DirectPermissionChange): Decision<UserEvent, Outcome> {
  if (state.status === 'absent') return { events: [], result: 'absent' }
  const { permissions: held = [] } = state
  if ('assign' in change) {
    const permissions = change.assign.filter((wanted, n) => ![...held, ...change.assign.slice(0, n)].some((known) => isSame(known, wanted)))
    if (permissions.length > 0 && held.length + permissions.length > MAX_USER_PERMISSIONS) return { events: [], result: 'too many' }
    return { events: permissions.length > 0 ? [{ type: 'UserPermissionsAssigned', data: { permissions } }] : [], result: 'changed' }
  }
  const permissions = held.filter((known) =>
    change.remove.some(({ resourceServerIdentifier, name }) => known.resourceServerIdentifier === resourceServerIdentifier && known.name === name),
  )
  return { events: permissions.length > 0 ? [{ type: 'UserPermissionsRemoved', data: { permissions } }] : [], result: 'changed' }
}

/** The access that follows. */
export function evolveAccess({ roles = [], permissions = [] }: Access, { type, data }: AccessEvent): Access {
  switch (type) {
    case 'UserRolesAssigned':
      return { roles: [...roles, ...data.roles] }
    case 'UserRolesRemoved':
      return { roles: roles.filter((id) => !data.roles.includes(id)) }
    case 'UserPermissionsAssigned':
      return { permissions: [...permissions, ...data.permissions] }
    case 'UserPermissionsRemoved':
      return { permissions: permissions.filter((held) => !data.permissions.some((gone) => isSame(held, gone))) }
  }
}

const isSame = (a: AssignedPermission, b: AssignedPermission): boolean => a.resourceServerId === b.resourceServerId && a.name === b.name
