import type { Upcasters } from '../../event-store/event.js'
import type { Difference } from '../../event-store/difference.js'

/**
 * A client as the Management API shows it, without its secret. Member names are Auth0's, all the way in: many members are only stored
 * and given back (spec/management-api.md §2.4), and translating what nobody reads would be one more place to lose it.
 */
export interface ClientDocument {
  readonly client_id: string
  readonly name: string
  readonly description?: string
  readonly app_type?: string
  readonly global: boolean
  readonly is_first_party: boolean
  /** Of somebody else's client alone; never changes. */
  readonly third_party_security_mode?: string
  readonly redirection_policy?: string
  readonly skip_non_verifiable_callback_uri_confirmation_prompt?: boolean
  readonly oidc_conformant: boolean
  readonly is_token_endpoint_ip_header_trusted: boolean
  readonly grant_types?: readonly string[]
  /** Absent: a secret, in the body or as Basic. */
  readonly token_endpoint_auth_method?: 'none' | 'client_secret_post' | 'client_secret_basic'
  readonly callbacks?: readonly string[]
  readonly allowed_logout_urls?: readonly string[]
  readonly web_origins?: readonly string[]
  readonly allowed_origins?: readonly string[]
  readonly require_proof_of_possession?: boolean
  readonly client_metadata?: Readonly<Record<string, string>>
  readonly jwt_configuration: Readonly<Record<string, unknown>>
  readonly refresh_token?: Readonly<Record<string, unknown>>
  readonly sso_disabled: boolean
  readonly cross_origin_authentication: boolean
  readonly custom_login_page_on: boolean
  readonly [member: string]: unknown
}

interface CredentialBase {
  readonly id: string
  readonly name?: string
  readonly created_at: string
  readonly updated_at: string
  readonly expires_at: string | null
}

/** A public key, as the Management API shows it but for the key itself, which it never does. */
export interface KeyCredential extends CredentialBase {
  readonly credential_type: 'public_key'
  readonly kid: string
  readonly alg: string
  readonly thumbprint_sha256: string
  /** The public JWK (RFC 7517). */
  readonly public_key: Readonly<Record<string, string>>
}

/** One certificate, by its thumbprint (RFC 8705 §2.2). */
interface CertificateCredential extends CredentialBase {
  readonly credential_type: 'x509_cert'
  readonly thumbprint_sha256: string
}

/** Whatever certificate an authority gives to this subject (RFC 8705 §2.1). */
interface SubjectCredential extends CredentialBase {
  readonly credential_type: 'cert_subject_dn'
  readonly subject_dn: string
}

/** What a client may show that it is who it says, as far as this service knows it. Member names are Auth0's. */
export type ClientCredential = KeyCredential | CertificateCredential | SubjectCredential

/** The secret stands only in the table, encrypted: its events say that it changed. */
export type ClientEvent =
  | { readonly type: 'ClientCreated'; readonly data: { readonly client: ClientDocument } }
  | { readonly type: 'ClientChanged'; readonly data: { readonly changes: Difference<ClientDocument> } }
  | { readonly type: 'ClientSecretChanged'; readonly data: object }
  | { readonly type: 'ClientCredentialAdded'; readonly data: { readonly credential: ClientCredential } }
  | { readonly type: 'ClientCredentialExpirySet'; readonly data: { readonly id: string; readonly expires_at: string | null } }
  | { readonly type: 'ClientCredentialRemoved'; readonly data: { readonly id: string } }
  | { readonly type: 'ClientDeleted'; readonly data: object }

export const clientUpcasters: Upcasters<ClientEvent> = {
  ClientCreated: [],
  ClientChanged: [],
  ClientSecretChanged: [],
  ClientCredentialAdded: [],
  ClientCredentialExpirySet: [],
  ClientCredentialRemoved: [],
  ClientDeleted: [],
}
