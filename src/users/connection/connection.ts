import type { Decider, Decision } from '../../event-store/event.js'
import { applyDifference, type Changes, difference } from '../../event-store/difference.js'
import { type ConnectionDocument, type ConnectionEvent, connectionUpcasters } from './connection.events.js'

export type ConnectionState =
  | { readonly status: 'absent' }
  | {
      readonly status: 'present'
      readonly connection: ConnectionDocument
      /** Where in its options secrets were taken out. */ readonly secrets: readonly string[]
    }

/** Clients to switch on and off; the others stay as they are. */
export interface ClientSwitches {
  readonly enabled: readonly string[]
  readonly disabled: readonly string[]
}

export const connection: Decider<ConnectionState, ConnectionEvent> = {
  streamType: 'connection',
  initial: { status: 'absent' },
  stateVersion: 2,
  upcasters: connectionUpcasters,
  evolve: (state, { type, data }) => {
    if (type === 'ConnectionCreated') return { status: 'present', connection: data.connection, secrets: [] }
    if (state.status === 'absent') return state
    switch (type) {
      case 'ConnectionChanged':
        return { ...state, connection: applyDifference(state.connection, data.changes) }
      case 'ConnectionClientsChanged':
        return { ...state, connection: switched(state.connection, data) }
      case 'ConnectionSecretsChanged':
        return { ...state, secrets: data.members }
      case 'ConnectionDeleted':
        return { status: 'absent' }
    }
  },
}

/** `secrets`: where in its options secrets were taken out. */
export function createConnection(
  state: ConnectionState,
  document: ConnectionDocument,
  secrets: readonly string[] = [],
): Decision<ConnectionEvent, 'created' | 'exists'> {
  if (state.status === 'present') return { events: [], result: 'exists' }
  return { events: [{ type: 'ConnectionCreated', data: { connection: document } }, ...withSecrets([], secrets)], result: 'created' }
}

/** Name and strategy never change. `secrets` go with new options. */
export function changeConnection(
  state: ConnectionState,
  wanted: Changes<Omit<ConnectionDocument, 'id' | 'name' | 'strategy' | 'enabled_clients' | 'disabled_clients'>>,
  secrets?: readonly string[],
): Decision<ConnectionEvent, 'changed' | 'absent'> {
  if (state.status === 'absent') return { events: [], result: 'absent' }
  const changes = difference<ConnectionDocument>(state.connection, wanted)
  const events: ConnectionEvent[] = changes ? [{ type: 'ConnectionChanged', data: { changes } }] : []
  return { events: [...events, ...(secrets ? withSecrets(state.secrets, secrets) : [])], result: 'changed' }
}

export function switchClients(state: ConnectionState, { enabled, disabled }: ClientSwitches): Decision<ConnectionEvent, 'changed' | 'absent'> {
  if (state.status === 'absent') return { events: [], result: 'absent' }
  const { enabled_clients: on, disabled_clients: off = [] } = state.connection
  const wanted = new Set(enabled)
  const changes = {
    enabled: [...wanted].filter((client) => !on.includes(client)),
    disabled: [...new Set(disabled)].filter((client) => !off.includes(client) && !wanted.has(client)),
  }
  const none = changes.enabled.length === 0 && changes.disabled.length === 0
  return { events: none ? [] : [{ type: 'ConnectionClientsChanged', data: changes }], result: 'changed' }
}

export function deleteConnection(state: ConnectionState): Decision<ConnectionEvent, undefined> {
  return { events: state.status === 'present' ? [{ type: 'ConnectionDeleted', data: {} }] : [], result: undefined }
}

/** What Auth0 stores for a new database connection (spec/management-api.md §2.9). */
export const DATABASE_OPTIONS = {
  mfa: { active: true, return_enroll_settings: true },
  passwordPolicy: 'good',
  brute_force_protection: true,
  strategy_version: 2,
  authentication_methods: { password: { enabled: true }, passkey: { enabled: false }, email_otp: { enabled: false }, phone_otp: { enabled: false } },
  passkey_options: { challenge_ui: 'both', progressive_enrollment_enabled: true, local_enrollment_enabled: true },
} as const

/** Whether a secret is the same as before cannot be told here, so new ones count as changed. */
const withSecrets = (before: readonly string[], members: readonly string[]): ConnectionEvent[] =>
  before.length === 0 && members.length === 0 ? [] : [{ type: 'ConnectionSecretsChanged', data: { members } }]

function switched(document: ConnectionDocument, { enabled, disabled }: ClientSwitches): ConnectionDocument {
  const [on, off] = [new Set(enabled), new Set(disabled)]
  return {
    ...document,
    enabled_clients: [...document.enabled_clients.filter((client) => !off.has(client)), ...enabled],
    disabled_clients: [...(document.disabled_clients ?? []).filter((client) => !on.has(client)), ...disabled],
  }
}
