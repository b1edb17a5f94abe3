import type { Upcasters } from '../../event-store/event.js'
import type { Difference } from '../../event-store/difference.js'

/** An organization as the Management API shows it (spec/management-api.md §2.11); member names are Auth0's. */
export interface OrganizationDocument {
  readonly id: string
  readonly name: string
  readonly display_name?: string
  readonly branding?: Readonly<Record<string, unknown>>
  readonly metadata?: Readonly<Record<string, string>>
  readonly token_quota?: Readonly<Record<string, unknown>>
  readonly third_party_client_access?: string
  readonly is_app_entitlement_active?: boolean
}

/** A connection through which people log in to the organization. */
export interface OrganizationConnection {
  readonly connection_id: string
  /** Whoever logs in through it becomes a member. */
  readonly assign_membership_on_login: boolean
  readonly show_as_button: boolean
  readonly is_signup_enabled: boolean
  readonly is_enabled: boolean
  readonly organization_connection_name?: string
  readonly organization_access_level?: string
}

export type OrganizationEvent =
  | {
      readonly type: 'OrganizationCreated'
      readonly data: { readonly organization: OrganizationDocument; readonly connections: readonly OrganizationConnection[] }
    }
  | { readonly type: 'OrganizationChanged'; readonly data: { readonly changes: Difference<OrganizationDocument> } }
  | { readonly type: 'OrganizationConnectionAdded'; readonly data: { readonly connection: OrganizationConnection } }
  | {
      readonly type: 'OrganizationConnectionChanged'
      readonly data: { readonly connectionId: string; readonly changes: Difference<OrganizationConnection> }
    }
  | { readonly type: 'OrganizationConnectionRemoved'; readonly data: { readonly connectionId: string } }
  | { readonly type: 'OrganizationClientGrantAdded'; readonly data: { readonly grantId: string } }
  | { readonly type: 'OrganizationClientGrantRemoved'; readonly data: { readonly grantId: string } }
  | { readonly type: 'OrganizationDeleted'; readonly data: object }

export const organizationUpcasters: Upcasters<OrganizationEvent> = {
  OrganizationCreated: [],
  OrganizationChanged: [],
  OrganizationConnectionAdded: [],
  OrganizationConnectionChanged: [],
  OrganizationConnectionRemoved: [],
  OrganizationClientGrantAdded: [],
  OrganizationClientGrantRemoved: [],
  OrganizationDeleted: [],
}
