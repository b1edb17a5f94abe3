import type { Decider, Decision } from '../../event-store/event.js'
import { applyDifference, type Changes, difference } from '../../event-store/difference.js'
import { type OrganizationConnection, type OrganizationDocument, type OrganizationEvent, organizationUpcasters } from './organization.events.js'

/** Its members stand in their own streams (user/membership.ts): an organization may have any number of them. */
export type OrganizationState =
  | { readonly status: 'absent' }
  | {
      readonly status: 'present'
      readonly organization: OrganizationDocument
      readonly connections: readonly OrganizationConnection[]
      /** Ids of client grants that may be used for it. */
      readonly clientGrants: readonly string[]
    }

/** Of one organization: connections, and client grants. */
export const MAX_ORGANIZATION_ITEMS = 1000

type ConnectionSettings = Changes<Omit<OrganizationConnection, 'connection_id'>>

/** What is done to the connections of an organization. */
export type OrganizationConnectionChange =
  { readonly add: OrganizationConnection } | { readonly change: string; readonly to: ConnectionSettings } | { readonly remove: string }

export type OrganizationGrantChange = { readonly add: string } | { readonly remove: string }

/** `exists`, `missing`: the item of it, not the organization. */
export type OrganizationItemOutcome = 'changed' | 'absent' | 'exists' | 'missing' | 'too many'

export const organization: Decider<OrganizationState, OrganizationEvent> = {
  streamType: 'organization',
  initial: { status: 'absent' },
  stateVersion: 1,
  upcasters: organizationUpcasters,
  evolve: (state, { type, data }) => {
    if (type === 'OrganizationCreated') return { status: 'present', organization: data.organization, connections: data.connections, clientGrants: [] }
    if (state.status === 'absent') return state
    switch (type) {
      case 'OrganizationChanged':
        return { ...state, organization: applyDifference(state.organization, data.changes) }
      case 'OrganizationConnectionAdded':
        return { ...state, connections: [...state.connections, data.connection] }
      case 'OrganizationConnectionChanged':
        return { ...state, connections: state.connections.map((one) => (one.connection_id === data.connectionId ? applyDifference(one, data.changes) : one)) }
      case 'OrganizationConnectionRemoved':
        return { ...state, connections: state.connections.filter(({ connection_id }) => connection_id !== data.connectionId) }
      case 'OrganizationClientGrantAdded':
        return { ...state, clientGrants: [...state.clientGrants, data.grantId] }
      case 'OrganizationClientGrantRemoved':
        return { ...state, clientGrants: state.clientGrants.filter((id) => id !== data.grantId) }
      case 'OrganizationDeleted':
        return { status: 'absent' }
    }
  },
}

export function createOrganization(
  state: OrganizationState,
  document: OrganizationDocument,
  connections: readonly OrganizationConnection[] = [],
): Decision<OrganizationEvent, 'created' | 'exists'> {
  if (state.status === 'present') return { events: [], result: 'exists' }
  return { events: [{ type: 'OrganizationCreated', data: { organization: document, connections } }], result: 'created' }
}

export function changeOrganization(
  state: OrganizationState,
  wanted: Changes<Omit<OrganizationDocument, 'id'>>,
): Decision<OrganizationEvent, 'changed' | 'absent'> {
  if (state.status === 'absent') return { events: [], result: 'absent' }
  const changes = difference<OrganizationDocument>(state.organization, wanted)
  return { events: changes ? [{ type: 'OrganizationChanged', data: { changes } }] : [], result: 'changed' }
}

/** Adding one that is there changes nothing, and neither does removing one that is not. */
export function changeOrganizationConnection(
  state: OrganizationState,
  change: OrganizationConnectionChange,
): Decision<OrganizationEvent, OrganizationItemOutcome> {
  if (state.status === 'absent') return { events: [], result: 'absent' }
  const id = 'add' in change ? change.add.connection_id : 'remove' in change ? change.remove : change.change
  const held = state.connections.find(({ connection_id }) => connection_id === id)
  if ('add' in change) {
    if (held) return { events: [], result: 'exists' }
    if (state.connections.length >= MAX_ORGANIZATION_ITEMS) return { events: [], result: 'too many' }
    return { events: [{ type: 'OrganizationConnectionAdded', data: { connection: change.add } }], result: 'changed' }
  }
  if (!held) return { events: [], result: 'missing' }
  if ('remove' in change) return { events: [{ type: 'OrganizationConnectionRemoved', data: { connectionId: id } }], result: 'changed' }
  const changes = difference<OrganizationConnection>(held, change.to)
  return { events: changes ? [{ type: 'OrganizationConnectionChanged', data: { connectionId: id, changes } }] : [], result: 'changed' }
}

/** As for connections. */
export function changeOrganizationGrants(state: OrganizationState, change: OrganizationGrantChange): Decision<OrganizationEvent, OrganizationItemOutcome> {
  if (state.status === 'absent') return { events: [], result: 'absent' }
  const grantId = 'add' in change ? change.add : change.remove
  const isHeld = state.clientGrants.includes(grantId)
  if ('remove' in change) {
    return isHeld ? { events: [{ type: 'OrganizationClientGrantRemoved', data: { grantId } }], result: 'changed' } : { events: [], result: 'missing' }
  }
  if (isHeld) return { events: [], result: 'exists' }
  if (state.clientGrants.length >= MAX_ORGANIZATION_ITEMS) return { events: [], result: 'too many' }
  return { events: [{ type: 'OrganizationClientGrantAdded', data: { grantId } }], result: 'changed' }
}

export function deleteOrganization(state: OrganizationState): Decision<OrganizationEvent, 'deleted' | 'absent'> {
  if (state.status === 'absent') return { events: [], result: 'absent' }
  return { events: [{ type: 'OrganizationDeleted', data: {} }], result: 'deleted' }
}
