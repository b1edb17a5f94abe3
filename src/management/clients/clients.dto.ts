import { ABSOLUTE_URI, HTTPS_URI, ORIGIN, WEB_URI } from '../validation/urls.js'
import { AnyObject, Choices, Flag, Int, Name, Nested, NestedList, OneOf, ReadOnly, Required, rule, Text, TextMap, Texts, typeOf } from '../validation/rules.js'
import { AuthenticationMethods } from './client-credentials.dto.js'
import { DefaultOrganization, SessionTransfer, TokenExchange, TokenQuota } from './client-parts.dto.js'
import { OidcLogoutSettings } from './oidc-logout.dto.js'
import { APP_TYPES, GRANT_TYPES } from './grant-types.js'

/** A whole number of seconds; some guides of Auth0's write it as text. */
const Seconds = (min: number, max?: number): PropertyDecorator =>
  rule('seconds', (value) => {
    const seconds = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value
    if (typeOf(seconds) !== 'integer') return `Expected type integer but found type ${typeOf(value)}`
    if ((seconds as number) < min) return `Value ${String(seconds)} is less than minimum ${min}`
    return max !== undefined && (seconds as number) > max ? `Value ${String(seconds)} is greater than maximum ${max}` : undefined
  })

export class RefreshTokenPolicy {
  @Required()
  @Text({ min: 1, max: 600 })
  audience!: string

  @Required()
  @Texts({ max: 1000, each: { min: 1, max: 280 } })
  scope!: string[]
}

export class RefreshTokenSettings {
  @Required()
  @OneOf(['rotating', 'non-rotating'])
  rotation_type!: 'rotating' | 'non-rotating'

  @Required()
  @OneOf(['expiring', 'non-expiring'])
  expiration_type!: 'expiring' | 'non-expiring'

  @Seconds(0, 2_147_483_647)
  leeway?: number | string

  @Seconds(1, 157_788_000)
  token_lifetime?: number | string

  @Flag()
  infinite_token_lifetime?: boolean

  @Seconds(1, 157_788_000)
  idle_token_lifetime?: number | string

  @Flag()
  infinite_idle_token_lifetime?: boolean

  @NestedList(() => RefreshTokenPolicy, { min: 1, max: 100, nullable: true })
  policies?: RefreshTokenPolicy[] | null
}

export class JwtConfiguration {
  @OneOf(['HS256', 'RS256', 'RS512', 'PS256'])
  alg?: string

  @Seconds(0, 2_592_000)
  lifetime_in_seconds?: number | string

  @Flag()
  secret_encoded?: boolean

  @AnyObject()
  scopes?: object
}

const Uris = (options: Parameters<typeof Texts>[0] = {}): PropertyDecorator => Texts({ max: 1000, ...options })

/** What both creating and changing a client may set (spec/management-api.md §2.4). */
export class ClientFields {
  @Text({ max: 140 })
  description?: string

  @OneOf(APP_TYPES)
  app_type?: string

  @Choices(GRANT_TYPES, { max: 50 })
  grant_types?: string[]

  @OneOf(['none', 'client_secret_post', 'client_secret_basic'], { nullable: true })
  token_endpoint_auth_method?: 'none' | 'client_secret_post' | 'client_secret_basic' | null

  @Nested(() => AuthenticationMethods, { nullable: true })
  client_authentication_methods?: AuthenticationMethods | null

  @Text({ min: 1, max: 512 })
  client_secret?: string

  @Flag()
  is_first_party?: boolean

  @Flag()
  oidc_conformant?: boolean

  @Flag()
  is_token_endpoint_ip_header_trusted?: boolean

  @Nested(() => JwtConfiguration)
  jwt_configuration?: JwtConfiguration

  @Uris({ each: { max: 2048, format: ABSOLUTE_URI } })
  callbacks?: string[]

  @Uris({ each: { max: 2048, format: ABSOLUTE_URI } })
  allowed_logout_urls?: string[]

  @Uris({ each: { max: 2048, format: ORIGIN } })
  web_origins?: string[]

  @Uris({ each: { max: 2048, format: ORIGIN } })
  allowed_origins?: string[]

  @Uris({ each: { max: 256 } })
  allowed_clients?: string[]

  @Uris({ each: { max: 2048 } })
  client_aliases?: string[]

  @Text({ max: 2048, format: HTTPS_URI })
  initiate_login_uri?: string

  @Text({ max: 2048, format: WEB_URI })
  logo_uri?: string

  @TextMap({ maxMembers: 10, max: 255 })
  client_metadata?: Record<string, string | null>

  @Nested(() => RefreshTokenSettings, { nullable: true })
  refresh_token?: RefreshTokenSettings | null

  @Nested(() => DefaultOrganization, { nullable: true })
  default_organization?: DefaultOrganization | null

  @OneOf(['deny', 'allow', 'require'], { nullable: true })
  organization_usage?: string | null

  @OneOf(['no_prompt', 'pre_login_prompt', 'post_login_prompt'], { nullable: true })
  organization_require_behavior?: string | null

  @Choices(['email', 'organization_name'], { nullable: true })
  organization_discovery_methods?: string[] | null

  @Nested(() => OidcLogoutSettings, { nullable: true })
  oidc_logout?: OidcLogoutSettings | null

  /** The old name of `oidc_logout`. */
  @Nested(() => OidcLogoutSettings, { nullable: true })
  oidc_backchannel_logout?: OidcLogoutSettings | null

  @Nested(() => SessionTransfer, { nullable: true })
  session_transfer?: SessionTransfer | null

  @Flag()
  require_pushed_authorization_requests?: boolean

  @Flag()
  require_proof_of_possession?: boolean

  @AnyObject({ nullable: true })
  signed_request_object?: object | null

  @Nested(() => TokenExchange, { nullable: true })
  token_exchange?: TokenExchange | null

  @Nested(() => TokenQuota, { nullable: true })
  token_quota?: TokenQuota | null

  @Int({ min: 10, max: 600, nullable: true })
  par_request_expiry?: number | null

  @OneOf(['none', 'fapi1_adv_pkj_par', 'fapi1_adv_mtls_par', 'fapi2_sp_pkj_mtls', 'fapi2_sp_mtls_mtls'], { nullable: true })
  compliance_level?: string | null

  @Choices(['guardian-push', 'email'], { min: 1, nullable: true })
  async_approval_notification_channels?: string[] | null

  @Flag({ nullable: true })
  skip_non_verifiable_callback_uri_confirmation_prompt?: boolean | null

  @AnyObject({ nullable: true })
  mobile?: object | null
  @AnyObject({ nullable: true })
  native_social_login?: object | null
  @AnyObject({ nullable: true })
  fedcm_login?: object | null
  @AnyObject({ nullable: true })
  addons?: object | null
  @Flag()
  sso?: boolean
  @Flag()
  sso_disabled?: boolean
  @Flag()
  cross_origin_authentication?: boolean
  @Text({ max: 2048, nullable: true })
  cross_origin_loc?: string | null
  @Flag()
  custom_login_page_on?: boolean
  @Text({ max: 500_000, nullable: true })
  custom_login_page?: string | null
  @Text({ max: 500_000, nullable: true })
  custom_login_page_preview?: string | null
  @Text({ max: 500_000, nullable: true })
  form_template?: string | null
  @AnyObject({ nullable: true })
  encryption_key?: object | null
  @Text({ max: 600, nullable: true })
  resource_server_identifier?: string | null
  @OneOf(['allow_always', 'open_redirect_protection'], { nullable: true })
  redirection_policy?: string | null
  @AnyObject({ nullable: true })
  express_configuration?: object | null
  @AnyObject({ nullable: true })
  my_organization_configuration?: object | null
  @AnyObject({ nullable: true })
  b2b_integration_configuration?: object | null
  @AnyObject({ nullable: true })
  identity_assertion_authorization_grant?: object | null
  @AnyObject({ nullable: true })
  anonymous_sessions?: object | null

  @ReadOnly()
  tenant?: unknown
  @ReadOnly()
  global?: unknown
  @ReadOnly()
  signing_keys?: unknown
  @ReadOnly()
  owners?: unknown
  @ReadOnly()
  external_client_id?: unknown
  @ReadOnly()
  external_metadata_type?: unknown
  @ReadOnly()
  external_metadata_created_by?: unknown
  @ReadOnly()
  jwks_uri?: unknown
  @ReadOnly()
  config_route?: unknown
}

export class CreateClientBody extends ClientFields {
  @Required()
  @Name()
  name!: string

  @Text({ pattern: /^[A-Za-z0-9_-]{1,64}$/ })
  client_id?: string

  /** Never changes after the creation. */
  @OneOf(['strict', 'permissive'])
  third_party_security_mode?: string
}

export class UpdateClientBody extends ClientFields {
  @Name()
  name?: string

  @ReadOnly()
  client_id?: unknown
}
