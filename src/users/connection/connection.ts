import type { Decider, Decision } from '../../event-store/event.js'
import { applyDifference, type Changes, difference } from '../../event-store/difference.js'
import { type ConnectionDocument, type ConnectionEvent, connectionUpcasters } from './connection.events.js'

export type ConnectionState = { readonly status: 'absent' } | { readonly status: 'present'; readonly connection: ConnectionDocument }

export const connection: Decider<ConnectionState, ConnectionEvent> = {
  streamType: 'connection',
  initial: { status: 'absent' },
  stateVersion: 1,
  upcasters: connectionUpcasters,
  evolve: (state, { type, data }) => {
    switch (type) {
      case 'ConnectionCreated':
        return { status: 'present', connection: data.connection }
      case 'ConnectionChanged':
        return state.status === 'present' ? { ...state, connection: applyDifference(state.connection, data.changes) } : state
      case 'ConnectionDeleted':
        return { status: 'absent' }
    }
  },
}

export function createConnection(state: ConnectionState, document: ConnectionDocument): Decision<ConnectionEvent, 'created' | 'exists'> {
  if (state.status === 'present') return { events: [], result: 'exists' }
  return { events: [{ type: 'ConnectionCreated', data: { connection: document } }], result: 'created' }
}

/** Name and strategy never change. */
export function changeConnection(
  state: ConnectionState,
  wanted: Changes<Omit<ConnectionDocument, 'id' | 'name' | 'strategy'>>,
): Decision<ConnectionEvent, 'changed' | 'absent'> {
  if (state.status === 'absent') return { events: [], result: 'absent' }
  const changes = difference<ConnectionDocument>(state.connection, wanted)
  return { events: changes ? [{ type: 'ConnectionChanged', data: { changes } }] : [], result: 'changed' }
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
