/**
 * What a post-login Action is told, in the wire's names (spec/actions.md §2). Whoever runs the Actions fills in what their flow has and leaves
 * out what it has not; absent is never null. The tenant, places of addresses, secrets and the Action's own view of metadata are added here.
 * Times are ISO strings.
 */
export interface PostLoginEvent {
  readonly client: EventClient
  readonly connection: { readonly id: string; readonly name: string; readonly strategy: string; readonly metadata?: Readonly<Record<string, string>> }
  readonly request: EventRequest
  readonly stats: { readonly logins_count: number }
  readonly transaction: EventTransaction
  readonly user: EventUser
  readonly authorization: { readonly roles: readonly string[] }
  readonly authentication?: { readonly methods: readonly AuthenticationMethod[] }
  readonly organization?: EventOrganization
  readonly resource_server?: { readonly identifier: string }
  readonly session?: EventSession
  /** In refresh exchanges only. */
  readonly refresh_token?: EventRefreshToken
  readonly custom_domain?: { readonly domain: string; readonly domain_metadata: Readonly<Record<string, string>> }
  readonly security_context?: { readonly ja3?: string; readonly ja4?: string }
}

export interface EventClient {
  readonly client_id: string
  readonly name: string
  readonly metadata: Readonly<Record<string, string>>
  readonly refresh_token?: { readonly policies: readonly { readonly audience?: string; readonly scope?: readonly string[] }[] }
}

export interface EventRequest {
  readonly ip: string
  readonly hostname: string
  readonly method: string
  readonly user_agent?: string
  readonly language?: string
  /** Parameters of /authorize in browser flows. */
  readonly query: Readonly<Record<string, string>>
  /** Parameters of the POST that drives the flow. */
  readonly body: Readonly<Record<string, unknown>>
}

/** spec/actions.md §2.4. */
export type Protocol =
  | 'oidc-basic-profile'
  | 'oidc-implicit-profile'
  | 'oidc-hybrid-profile'
  | 'oauth2-device-code'
  | 'oauth2-password'
  | 'oauth2-refresh-token'
  | 'oauth2-token-exchange'
  | 'oauth2-webauthn'
  | 'oidc-ciba'
  | 'oidc-ciba-web-link'

/** The members after `requested_scopes` are those of browser flows. */
export interface EventTransaction {
  readonly protocol: Protocol
  readonly requested_scopes: readonly string[]
  readonly id?: string
  readonly acr_values?: readonly string[]
  readonly ui_locales?: readonly string[]
  readonly prompt?: readonly string[]
  readonly response_type?: readonly string[]
  readonly redirect_uri?: string
  readonly state?: string
  readonly login_hint?: string
  readonly response_mode?: string
  readonly locale?: string
  readonly requested_authorization_details?: readonly object[]
  readonly linking_id?: string
  readonly correlation_id?: string
  readonly actor?: object
  readonly subject_token_type?: string
  readonly actor_token_type?: string
}

export interface EventUser {
  readonly user_id: string
  readonly created_at: string
  readonly updated_at: string
  readonly email_verified: boolean
  readonly identities: readonly object[]
  readonly user_metadata: Readonly<Record<string, unknown>>
  readonly app_metadata: Readonly<Record<string, unknown>>
  readonly email?: string
  readonly name?: string
  readonly nickname?: string
  readonly given_name?: string
  readonly family_name?: string
  readonly picture?: string
  readonly username?: string
  readonly phone_number?: string
  readonly phone_verified?: boolean
  readonly last_password_reset?: string
  readonly multifactor?: readonly string[]
  readonly enrolledFactors: readonly object[]
  readonly [attribute: string]: unknown
}

export interface AuthenticationMethod {
  readonly name: string
  readonly timestamp: string
  readonly type?: string
}

export interface EventOrganization {
  readonly id: string
  readonly name: string
  readonly display_name: string
  readonly metadata: Readonly<Record<string, string>>
}

export interface EventDevice {
  readonly initial_ip?: string
  readonly initial_asn?: string
  readonly initial_user_agent?: string
  readonly last_ip?: string
  readonly last_asn?: string
  readonly last_user_agent?: string
}

/** `metadata`: what is stored; it may be empty. */
export interface EventSession {
  readonly id: string
  readonly user_id: string
  readonly created_at: string
  readonly updated_at: string
  readonly authenticated_at: string
  readonly expires_at: string
  readonly idle_expires_at: string
  readonly last_interacted_at: string
  readonly clients: readonly { readonly client_id: string }[]
  readonly device: EventDevice
  readonly cookie: { readonly mode: 'persistent' | 'non-persistent' }
  readonly metadata: Readonly<Record<string, string>>
}

/** `metadata`: what is stored; it may be empty. */
export interface EventRefreshToken {
  readonly id: string
  readonly user_id: string
  readonly client_id: string
  readonly session_id?: string
  readonly created_at: string
  readonly expires_at?: string
  readonly idle_expires_at?: string
  readonly last_exchanged_at?: string
  readonly rotating: boolean
  readonly access: 'offline' | 'online'
  readonly resource_servers: readonly { readonly audience: string; readonly scopes: string }[]
  readonly device: EventDevice
  readonly metadata: Readonly<Record<string, string>>
}
