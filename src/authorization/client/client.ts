import type { Decider, Decision } from '../../event-store/event.js'
import { applyDifference, type Changes, difference } from '../../event-store/difference.js'
import { type ClientCredential, type ClientDocument, type ClientEvent, clientUpcasters } from './client.events.js'

export type ClientState =
  | { readonly status: 'absent' }
  | { readonly status: 'present'; readonly client: ClientDocument; readonly credentials: readonly ClientCredential[] }
  | { readonly status: 'deleted' }

/** What Auth0 answers for `POST {"name":"x"}` (spec/management-api.md §2.4); grant types and refresh_token depend on the kind of client. */
export const CLIENT_DEFAULTS = {
  global: false,
  is_first_party: true,
  oidc_conformant: false,
  is_token_endpoint_ip_header_trusted: false,
  jwt_configuration: { lifetime_in_seconds: 36_000, secret_encoded: false },
  sso_disabled: false,
  cross_origin_authentication: false,
  custom_login_page_on: true,
} as const

export const client: Decider<ClientState, ClientEvent> = {
  streamType: 'client',
  initial: { status: 'absent' },
  stateVersion: 2,
  upcasters: clientUpcasters,
  evolve: (state, { type, data }, { at }) => {
    switch (type) {
      case 'ClientCreated':
        return { status: 'present', client: data.client, credentials: [] }
      case 'ClientChanged':
        return state.status === 'present' ? { ...state, client: applyDifference(state.client, data.changes) } : state
      case 'ClientSecretChanged':
        return state
      case 'ClientCredentialAdded':
        return withCredentials(state, (credentials) => [...credentials, data.credential])
      case 'ClientCredentialExpirySet':
        return withCredentials(state, (credentials) =>
          credentials.map((credential) => (credential.id === data.id ? { ...credential, expires_at: data.expires_at, updated_at: at } : credential)),
        )
      case 'ClientCredentialRemoved':
        return withCredentials(state, (credentials) => credentials.filter(({ id }) => id !== data.id))
      case 'ClientDeleted':
        return { status: 'deleted' }
    }
  },
}

/** An id that was deleted may be used again: the operator chose it. */
export function createClient(
  state: ClientState,
  document: ClientDocument,
  credentials: readonly ClientCredential[] = [],
): Decision<ClientEvent, 'created' | 'exists'> {
  if (state.status === 'present') return { events: [], result: 'exists' }
  const added = credentials.map((credential) => ({ type: 'ClientCredentialAdded', data: { credential } }) as const)
  return { events: [{ type: 'ClientCreated', data: { client: document } }, ...added], result: 'created' }
}

export function changeClient(
  state: ClientState,
  wanted: Changes<Omit<ClientDocument, 'client_id' | 'global'>>,
  { newSecret = false } = {},
): Decision<ClientEvent, 'changed' | 'absent'> {
  if (state.status !== 'present') return { events: [], result: 'absent' }
  const changes = difference<ClientDocument>(state.client, wanted)
  const changed = changes ? [{ type: 'ClientChanged', data: { changes } } as const] : []
  const secret = newSecret ? [{ type: 'ClientSecretChanged', data: {} } as const] : []
  return { events: [...changed, ...secret], result: 'changed' }
}

/** The global client stands for all and is never deleted. */
export function deleteClient(state: ClientState): Decision<ClientEvent, 'deleted' | 'global client'> {
  if (state.status !== 'present') return { events: [], result: 'deleted' }
  if (state.client.global) return { events: [], result: 'global client' }
  return { events: [{ type: 'ClientDeleted', data: {} }], result: 'deleted' }
}

const withCredentials = (state: ClientState, change: (credentials: readonly ClientCredential[]) => readonly ClientCredential[]): ClientState =>
  state.status === 'present' ? { ...state, credentials: change(state.credentials) } : state
