import type { Upcasters } from '../../event-store/event.js'
import type { Difference } from '../../event-store/difference.js'

export interface Scope {
  readonly value: string
  readonly description?: string
}

/** What binds the API's tokens to their sender; the mechanism `none` is as good as no policy (spec/oauth.md §3.2). */
export interface PossessionPolicy {
  readonly mechanism: 'mtls' | 'dpop' | 'none'
  readonly required: boolean
  /** Absent: all clients. */
  readonly required_for?: 'public_clients' | 'all_clients'
}

/** An API as the Management API shows it (spec/management-api.md §2.3), without its signing secret. Member names are Auth0's. */
export interface ResourceServerDocument {
  readonly id: string
  /** The audience of its tokens; never changes. */
  readonly identifier: string
  readonly name: string
  /** The Management API itself: nobody changes or deletes it but a start of this service. */
  readonly is_system: boolean
  readonly scopes: readonly Scope[]
  readonly signing_alg: string
  readonly allow_offline_access: boolean
  readonly token_lifetime: number
  readonly token_lifetime_for_web: number
  readonly skip_consent_for_verifiable_first_party_clients: boolean
  readonly proof_of_possession?: PossessionPolicy | null
  readonly [member: string]: unknown
}

/** A signing secret (HS256) stands only in the table, encrypted. */
export type ResourceServerEvent =
  | { readonly type: 'ResourceServerCreated'; readonly data: { readonly resourceServer: ResourceServerDocument } }
  | { readonly type: 'ResourceServerChanged'; readonly data: { readonly changes: Difference<ResourceServerDocument> } }
  | { readonly type: 'SigningSecretChanged'; readonly data: object }
  | { readonly type: 'ResourceServerDeleted'; readonly data: object }

export const resourceServerUpcasters: Upcasters<ResourceServerEvent> = {
  ResourceServerCreated: [],
  ResourceServerChanged: [],
  SigningSecretChanged: [],
  ResourceServerDeleted: [],
}
