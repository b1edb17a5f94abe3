import type { Decider, Decision } from '../../event-store/event.js'
import { applyDifference, type Changes, difference } from '../../event-store/difference.js'
import { type RoleDocument, type RoleEvent, type RolePermission, roleUpcasters } from './role.events.js'

export type RoleState =
  { readonly status: 'absent' } | { readonly status: 'present'; readonly role: RoleDocument; readonly permissions: readonly RolePermission[] }

/** Of one role. */
export const MAX_ROLE_PERMISSIONS = 1000

/** Permissions to give, or those to take: named by API and scope, whichever API bore the identifier. */
export type PermissionChange =
  { readonly add: readonly RolePermission[] } | { readonly remove: readonly { readonly resourceServerIdentifier: string; readonly name: string }[] }

export const role: Decider<RoleState, RoleEvent> = {
  streamType: 'role',
  initial: { status: 'absent' },
  stateVersion: 1,
  upcasters: roleUpcasters,
  evolve: (state, { type, data }) => {
    if (type === 'RoleCreated') return { status: 'present', role: data.role, permissions: [] }
    if (state.status === 'absent') return state
    switch (type) {
      case 'RoleChanged':
        return { ...state, role: applyDifference(state.role, data.changes) }
      case 'RolePermissionsAdded':
        return { ...state, permissions: [...state.permissions, ...data.permissions] }
      case 'RolePermissionsRemoved':
        return { ...state, permissions: state.permissions.filter((held) => !data.permissions.some((gone) => isSame(held, gone))) }
      case 'RoleDeleted':
        return { status: 'absent' }
    }
  },
}

export function createRole(state: RoleState, document: RoleDocument): Decision<RoleEvent, 'created' | 'exists'> {
  if (state.status === 'present') return { events: [], result: 'exists' }
  return { events: [{ type: 'RoleCreated', data: { role: document } }], result: 'created' }
}

export function changeRole(state: RoleState, wanted: Changes<Omit<RoleDocument, 'id'>>): Decision<RoleEvent, 'changed' | 'absent'> {
  if (state.status === 'absent') return { events: [], result: 'absent' }
  const changes = difference<RoleDocument>(state.role, wanted)
  return { events: changes ? [{ type: 'RoleChanged', data: { changes } }] : [], result: 'changed' }
}

/** What is held already, or is not held, makes no event. */
export function changeRolePermissions(state: RoleState, change: PermissionChange): Decision<RoleEvent, 'changed' | 'absent' | 'too many'> {
  if (state.status === 'absent') return { events: [], result: 'absent' }
  if ('add' in change) {
    const fresh = change.add.filter((wanted, n) => ![...state.permissions, ...change.add.slice(0, n)].some((held) => isSame(held, wanted)))
    if (fresh.length > 0 && state.permissions.length + fresh.length > MAX_ROLE_PERMISSIONS) return { events: [], result: 'too many' }
    return { events: fresh.length > 0 ? [{ type: 'RolePermissionsAdded', data: { permissions: fresh } }] : [], result: 'changed' }
  }
  const gone = state.permissions.filter((held) =>
    change.remove.some(({ resourceServerIdentifier, name }) => held.resourceServerIdentifier === resourceServerIdentifier && held.name === name),
  )
  return { events: gone.length > 0 ? [{ type: 'RolePermissionsRemoved', data: { permissions: gone } }] : [], result: 'changed' }
}

export function deleteRole(state: RoleState): Decision<RoleEvent, 'deleted' | 'absent'> {
  if (state.status === 'absent') return { events: [], result: 'absent' }
  return { events: [{ type: 'RoleDeleted', data: {} }], result: 'deleted' }
}

const isSame = (a: RolePermission, b: RolePermission): boolean => a.resourceServerId === b.resourceServerId && a.name === b.name
