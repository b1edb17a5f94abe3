import type { Decider, Decision } from '../../event-store/event.js'
import { applyDifference, type Changes, difference } from '../../event-store/difference.js'
import { type ClientGrantDocument, type ClientGrantEvent, clientGrantUpcasters } from './client-grant.events.js'

export type ClientGrantState = { readonly status: 'absent' } | { readonly status: 'present'; readonly clientGrant: ClientGrantDocument }

export const clientGrant: Decider<ClientGrantState, ClientGrantEvent> = {
  streamType: 'client_grant',
  initial: { status: 'absent' },
  stateVersion: 1,
  upcasters: clientGrantUpcasters,
  evolve: (state, { type, data }) => {
    switch (type) {
      case 'ClientGrantCreated':
        return { status: 'present', clientGrant: data.clientGrant }
      case 'ClientGrantChanged':
        return state.status === 'present' ? { ...state, clientGrant: applyDifference(state.clientGrant, data.changes) } : state
      case 'ClientGrantDeleted':
        return { status: 'absent' }
    }
  },
}

export function createClientGrant(state: ClientGrantState, document: ClientGrantDocument): Decision<ClientGrantEvent, 'created' | 'exists'> {
  if (state.status === 'present') return { events: [], result: 'exists' }
  return { events: [{ type: 'ClientGrantCreated', data: { clientGrant: document } }], result: 'created' }
}

export function changeClientGrant(
  state: ClientGrantState,
  wanted: Changes<Omit<ClientGrantDocument, 'id' | 'client_id' | 'audience' | 'subject_type'>>,
): Decision<ClientGrantEvent, 'changed' | 'absent'> {
  if (state.status === 'absent') return { events: [], result: 'absent' }
  const changes = difference<ClientGrantDocument>(state.clientGrant, wanted)
  return { events: changes ? [{ type: 'ClientGrantChanged', data: { changes } }] : [], result: 'changed' }
}

export function deleteClientGrant(state: ClientGrantState): Decision<ClientGrantEvent, undefined> {
  return { events: state.status === 'present' ? [{ type: 'ClientGrantDeleted', data: {} }] : [], result: undefined }
}
