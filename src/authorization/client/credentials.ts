import type { Decision } from '../../event-store/event.js'
import type { ClientCredential, ClientEvent } from './client.events.js'
import type { ClientState } from './client.js'

/** spec/management-api.md §2.4: of one client, whether a method uses them or not. */
export const MAX_CREDENTIALS = 4

export type AddCredentialOutcome = 'added' | 'absent' | 'too many' | 'known key'

/** A public key that the client may sign assertions with, once its `client_authentication_methods` names it. */
export function addCredential(state: ClientState, credential: ClientCredential): Decision<ClientEvent, AddCredentialOutcome> {
  if (state.status !== 'present') return { events: [], result: 'absent' }
  if (state.credentials.some(({ thumbprint_sha256 }) => thumbprint_sha256 === credential.thumbprint_sha256)) return { events: [], result: 'known key' }
  if (state.credentials.length >= MAX_CREDENTIALS) return { events: [], result: 'too many' }
  return { events: [{ type: 'ClientCredentialAdded', data: { credential } }], result: 'added' }
}

/** The one thing that changes in a credential; null: it ends never. */
export function setCredentialExpiry(state: ClientState, id: string, expiresAt: string | null): Decision<ClientEvent, 'changed' | 'absent'> {
  const credential = state.status === 'present' ? state.credentials.find((known) => known.id === id) : undefined
  if (!credential) return { events: [], result: 'absent' }
  if (credential.expires_at === expiresAt) return { events: [], result: 'changed' }
  return { events: [{ type: 'ClientCredentialExpirySet', data: { id, expires_at: expiresAt } }], result: 'changed' }
}

/** One that the client still authenticates with stays. */
export function removeCredential(state: ClientState, id: string): Decision<ClientEvent, 'removed' | 'in use'> {
  if (state.status !== 'present' || !state.credentials.some((known) => known.id === id)) return { events: [], result: 'removed' }
  if (assertionCredentialIds(state.client.client_authentication_methods).includes(id)) return { events: [], result: 'in use' }
  return { events: [{ type: 'ClientCredentialRemoved', data: { id } }], result: 'removed' }
}

/** The credentials that `client_authentication_methods.private_key_jwt` names; none for anything that has not its shape. */
export function assertionCredentialIds(methods: unknown): string[] {
  const credentials = (methods as { private_key_jwt?: { credentials?: unknown } } | undefined | null)?.private_key_jwt?.credentials
  if (!Array.isArray(credentials)) return []
  return credentials.map((credential: { id?: unknown } | null) => credential?.id).filter((id) => typeof id === 'string')
}
