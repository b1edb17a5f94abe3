import { given } from '../../event-store/testing.js'
import type { RoleEvent, RolePermission } from './role.events.js'
import { changeRole, changeRolePermissions, createRole, deleteRole, MAX_ROLE_PERMISSIONS, role } from './role.js'

const document = { id: 'rol_1', name: 'Clerk', description: 'Keeps orders' }
const created: RoleEvent = { type: 'RoleCreated', data: { role: document } }
const permission = (name: string, resourceServerId = 'a'): RolePermission => ({ resourceServerId, resourceServerIdentifier: 'https://api', name })
const added = (...permissions: RolePermission[]): RoleEvent => ({ type: 'RolePermissionsAdded', data: { permissions } })

describe('a role', () => {
  it('is created once, changed where it differs, and deleted once', () => {
    expect(given(role).when((state) => createRole(state, document))).toEqual({ events: [created], result: 'created' })
    expect(given(role, created).when((state) => createRole(state, document)).result).toBe('exists')
    const { events } = given(role, created).when((state) => changeRole(state, { name: 'Clerk', description: undefined }))
    expect(events).toEqual([{ type: 'RoleChanged', data: { changes: { description: { from: 'Keeps orders' } } } }])
    expect(given(role, created).when((state) => changeRole(state, { name: 'Clerk' })).events).toEqual([])
    expect(given(role, created).when(deleteRole).events).toEqual([{ type: 'RoleDeleted', data: {} }])
    for (const decide of [deleteRole, (state: Parameters<typeof changeRole>[0]) => changeRole(state, {})]) {
      expect(given(role).when(decide)).toEqual({ events: [], result: 'absent' })
    }
  })

  it('holds each permission once, and loses those that are named, of whatever API bore the identifier', () => {
    const [read, write, old] = [permission('read'), permission('write'), permission('read', 'former')]
    const add = given(role, created).when((state) => changeRolePermissions(state, { add: [read, read, write] }))
    expect(add).toEqual({ events: [added(read, write)], result: 'changed' })
    const all = given(role, created, added(read, write), added(old))
    expect(all.when((state) => changeRolePermissions(state, { add: [read, old] })).events).toEqual([])
    const removal = { remove: [{ resourceServerIdentifier: 'https://api', name: 'read' }] }
    const { events } = all.when((state) => changeRolePermissions(state, removal))
    expect(events).toEqual([{ type: 'RolePermissionsRemoved', data: { permissions: [read, old] } }])
    expect(given(role, created, added(read, write), added(old), ...events).state).toMatchObject({ permissions: [write] })
    expect(given(role, created, added(write)).when((state) => changeRolePermissions(state, removal)).events).toEqual([])
  })

  it('holds so many permissions and no more', () => {
    const many = Array.from({ length: MAX_ROLE_PERMISSIONS }, (_, n) => permission(`p${n}`))
    expect(given(role, created).when((state) => changeRolePermissions(state, { add: many })).result).toBe('changed')
    const full = given(role, created, added(...many))
    expect(full.when((state) => changeRolePermissions(state, { add: [permission('more')] }))).toEqual({ events: [], result: 'too many' })
    expect(full.when((state) => changeRolePermissions(state, { add: [many[0]!] })).result).toBe('changed')
  })
})
