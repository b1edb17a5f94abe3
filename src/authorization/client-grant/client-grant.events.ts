import type { Upcasters } from '../../event-store/event.js'
import type { Difference } from '../../event-store/difference.js'

/** What a client may ask for at an API (spec/management-api.md §2.5). Member names are Auth0's. */
export interface ClientGrantDocument {
  readonly id: string
  readonly client_id: string
  readonly audience: string
  readonly scope: readonly string[]
  readonly subject_type: 'client' | 'user'
  readonly organization_usage?: 'deny' | 'allow' | 'require'
  readonly allow_any_organization?: boolean
  readonly [member: string]: unknown
}

export type ClientGrantEvent =
  | { readonly type: 'ClientGrantCreated'; readonly data: { readonly clientGrant: ClientGrantDocument } }
  | { readonly type: 'ClientGrantChanged'; readonly data: { readonly changes: Difference<ClientGrantDocument> } }
  | { readonly type: 'ClientGrantDeleted'; readonly data: object }

export const clientGrantUpcasters: Upcasters<ClientGrantEvent> = { ClientGrantCreated: [], ClientGrantChanged: [], ClientGrantDeleted: [] }
