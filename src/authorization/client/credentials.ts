import type { Decision } from '../../event-store/event.js'
import type { ClientCredential, ClientEvent } from './client.events.js'
import type { ClientState } from './client.js'

/** spec/management-api.md §2.4: of one client, whether a method uses them or not. */
export const MAX_CREDENTIALS = 4

export type AddCredentialOutcome = 'added' | 'absent' | 'too many' | 'known key'

/** A key or certificate that the client may authenticate with, once its `client_authentication_methods` names it. */
export function addCredential(state: ClientState, credential: ClientCredential): Decision<ClientEvent, AddCredentialOutcome> {
  if (state.status !== 'present') return { events: [], result: 'absent' }
  if (state.credentials.some((known) => materialOf(known) === materialOf(credential))) return { events: [], result: 'known key' }
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
  if (usedCredentialIds(state.client['client_authentication_methods']).includes(id)) return { events: [], result: 'in use' }
  return { events: [{ type: 'ClientCredentialRemoved', data: { id } }], result: 'removed' }
}

type AuthenticationMethodName = 'private_key_jwt' | 'tls_client_auth' | 'self_signed_tls_client_auth'

const METHODS: readonly AuthenticationMethodName[] = ['private_key_jwt', 'tls_client_auth', 'self_signed_tls_client_auth']

/** The credentials that a method of `client_authentication_methods` names; none for anything that has not its shape. */
export function credentialIds(methods: unknown, method: AuthenticationMethodName): string[] {
  const credentials = (methods as Record<string, { credentials?: unknown } | undefined> | undefined | null)?.[method]?.credentials
  if (!Array.isArray(credentials)) return []
  return credentials.map((credential: { id?: unknown } | null) => credential?.id).filter((id) => typeof id === 'string')
}

/** The method that a client with keys or certificates authenticates by. */
export const methodOf = (methods: unknown): AuthenticationMethodName | undefined => METHODS.find((method) => credentialIds(methods, method).length > 0)

const usedCredentialIds = (methods: unknown): string[] => METHODS.flatMap((method) => credentialIds(methods, method))

/** What makes a credential the one that it is. */
export const materialOf = (credential: ClientCredential): string =>
  `${credential.credential_type} ${credential.credential_type === 'cert_subject_dn' ? credential.subject_dn : credential.thumbprint_sha256}`
