import type { Upcasters } from '../../event-store/event.js'
import type { Difference } from '../../event-store/difference.js'

/** A connection as the Management API shows it; member names are Auth0's because unknown ones must be kept (spec/management-api.md §2.9). */
export interface ConnectionDocument {
  readonly id: string
  readonly name: string
  readonly strategy: string
  readonly display_name?: string
  readonly options: Readonly<Record<string, unknown>>
  readonly realms: readonly string[]
  readonly enabled_clients: readonly string[]
  /** Clients that somebody switched off: the others that nobody decided about may use the default directory. Never shown. */
  readonly disabled_clients?: readonly string[]
  readonly is_domain_connection: boolean
  readonly show_as_button?: boolean
  readonly metadata?: Readonly<Record<string, string>>
  readonly authentication?: { readonly active: boolean }
  readonly connected_accounts?: { readonly active: boolean }
  readonly cross_app_access_requesting_app?: { readonly active: boolean }
  readonly cross_app_access_resource_app?: { readonly status: string }
}

/** `options` without what is secret in them: secrets stand only in the table, encrypted, and their events say that they changed. */
export type ConnectionEvent =
  | { readonly type: 'ConnectionCreated'; readonly data: { readonly connection: ConnectionDocument } }
  | { readonly type: 'ConnectionChanged'; readonly data: { readonly changes: Difference<ConnectionDocument> } }
  | { readonly type: 'ConnectionClientsChanged'; readonly data: { readonly enabled: readonly string[]; readonly disabled: readonly string[] } }
  | { readonly type: 'ConnectionSecretsChanged'; readonly data: { readonly members: readonly string[] } }
  | { readonly type: 'ConnectionDeleted'; readonly data: object }

export const connectionUpcasters: Upcasters<ConnectionEvent> = {
  ConnectionCreated: [],
  ConnectionChanged: [],
  ConnectionClientsChanged: [],
  ConnectionSecretsChanged: [],
  ConnectionDeleted: [],
}
