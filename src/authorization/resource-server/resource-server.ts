import type { Decider, Decision } from '../../event-store/event.js'
import { applyDifference, type Changes, difference } from '../../event-store/difference.js'
import { type ResourceServerDocument, type ResourceServerEvent, resourceServerUpcasters } from './resource-server.events.js'

export type ResourceServerState = { readonly status: 'absent' } | { readonly status: 'present'; readonly resourceServer: ResourceServerDocument }

export const RESOURCE_SERVER_DEFAULTS = {
  is_system: false,
  scopes: [],
  signing_alg: 'RS256',
  allow_offline_access: false,
  token_lifetime: 86_400,
  token_lifetime_for_web: 7_200,
  skip_consent_for_verifiable_first_party_clients: false,
} as const

export const resourceServer: Decider<ResourceServerState, ResourceServerEvent> = {
  streamType: 'resource_server',
  initial: { status: 'absent' },
  stateVersion: 1,
  upcasters: resourceServerUpcasters,
  evolve: (state, { type, data }) => {
    switch (type) {
      case 'ResourceServerCreated':
        return { status: 'present', resourceServer: data.resourceServer }
      case 'ResourceServerChanged':
        return state.status === 'present' ? { ...state, resourceServer: applyDifference(state.resourceServer, data.changes) } : state
      case 'SigningSecretChanged':
        return state
      case 'ResourceServerDeleted':
        return { status: 'absent' }
    }
  },
}

export function createResourceServer(state: ResourceServerState, document: ResourceServerDocument): Decision<ResourceServerEvent, 'created' | 'exists'> {
  if (state.status === 'present') return { events: [], result: 'exists' }
  return { events: [{ type: 'ResourceServerCreated', data: { resourceServer: document } }], result: 'created' }
}

/** `bySystem`: a start of this service, which keeps the Management API's scopes up to date. */
export function changeResourceServer(
  state: ResourceServerState,
  wanted: Changes<Omit<ResourceServerDocument, 'id' | 'identifier' | 'is_system'>>,
  { bySystem = false, newSecret = false } = {},
): Decision<ResourceServerEvent, 'changed' | 'absent' | 'system'> {
  if (state.status === 'absent') return { events: [], result: 'absent' }
  if (state.resourceServer.is_system && !bySystem) return { events: [], result: 'system' }
  const changes = difference<ResourceServerDocument>(state.resourceServer, wanted)
  const changed = changes ? [{ type: 'ResourceServerChanged', data: { changes } } as const] : []
  const secret = newSecret ? [{ type: 'SigningSecretChanged', data: {} } as const] : []
  return { events: [...changed, ...secret], result: 'changed' }
}

export function deleteResourceServer(state: ResourceServerState): Decision<ResourceServerEvent, 'deleted' | 'system'> {
  if (state.status === 'absent') return { events: [], result: 'deleted' }
  if (state.resourceServer.is_system) return { events: [], result: 'system' }
  return { events: [{ type: 'ResourceServerDeleted', data: {} }], result: 'deleted' }
}
