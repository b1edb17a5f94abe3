import type { Upcasters } from '../../event-store/event.js'
import type { Difference } from '../../event-store/difference.js'

/** A role as the Management API shows it (spec/management-api.md §2.10). */
export interface RoleDocument {
  readonly id: string
  readonly name: string
  readonly description?: string
}

/** One scope of one API. The API's id tells it from a later one with the same identifier. */
export interface RolePermission {
  readonly resourceServerId: string
  readonly resourceServerIdentifier: string
  readonly name: string
}

export type RoleEvent =
  | { readonly type: 'RoleCreated'; readonly data: { readonly role: RoleDocument } }
  | { readonly type: 'RoleChanged'; readonly data: { readonly changes: Difference<RoleDocument> } }
  | { readonly type: 'RolePermissionsAdded'; readonly data: { readonly permissions: readonly RolePermission[] } }
  | { readonly type: 'RolePermissionsRemoved'; readonly data: { readonly permissions: readonly RolePermission[] } }
  | { readonly type: 'RoleDeleted'; readonly data: object }

export const roleUpcasters: Upcasters<RoleEvent> = {
  RoleCreated: [],
  RoleChanged: [],
  RolePermissionsAdded: [],
  RolePermissionsRemoved: [],
  RoleDeleted: [],
}
