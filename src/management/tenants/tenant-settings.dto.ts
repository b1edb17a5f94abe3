import { isEmail } from 'class-validator'
import type { TenantSettings } from '../../users/index.js'
import { AnyObject, Flag, Int, Nested, Num, OneOf, ReadOnly, Required, rule, Text, Texts, typeOf } from '../validation/rules.js'
import { ABSOLUTE_URI, WEB_URI } from '../validation/urls.js'
import { TENANT_PARTS } from './tenant-parts.js'

/** Auth0's tenant flags, with the three that stand in its answers although its schema lacks them. */
const FLAGS: readonly string[] = `
  allow_changing_enable_sso allow_legacy_delegation_grant_types allow_legacy_ro_grant_types allow_legacy_tokeninfo_endpoint
  change_pwd_flow_v1 custom_domains_provisioning dashboard_insights_view dashboard_log_streams_next disable_clickjack_protection_headers
  disable_fields_map_fix disable_impersonation disable_management_api_sms_obfuscation enable_adfs_waad_email_verification enable_apis_section
  enable_client_connections enable_custom_domain_in_emails enable_dynamic_client_registration enable_idtoken_api2 enable_legacy_logs_search_v2
  enable_legacy_profile enable_pipeline2 enable_public_signup_user_exists_error enable_sso enforce_client_authentication_on_passwordless_start
  genai_trial improved_signup_bot_detection_in_classic local_resource_discovery mfa_show_factor_list_on_enrollment new_universal_login_experience_enabled
  no_disclose_enterprise_connections password_reset_identifier_first remove_alg_from_jwks require_pushed_authorization_requests
  revoke_refresh_token_grant trust_azure_adfs_email_verified_connection_property universal_login use_scope_descriptions_for_consent
  allow_other_legacy_grant_types`
  .trim()
  .split(/\s+/)

class SessionCookie {
  @Required()
  @OneOf(['persistent', 'non-persistent'])
  mode!: string
}

export class Sessions {
  @Flag()
  oidc_logout_prompt_enabled?: boolean

  @AnyObject({ nullable: true })
  anonymous?: object | null
}

class OidcLogout {
  @Flag()
  rp_logout_end_session_endpoint_discovery?: boolean
}

class Mtls {
  @Flag()
  enable_endpoint_aliases?: boolean
}

class DeviceFlow {
  @OneOf(['base20', 'digits'])
  charset?: string

  @Text({ max: 20, pattern: /^[*\- ]+$/ })
  mask?: string
}

/** Auth0 gives fractions back for what was set in minutes, and so takes them. */
const Hours = (): PropertyDecorator => Num({ min: 0 })
const Minutes = (): PropertyDecorator => Int({ min: 1 })
const Page = (): PropertyDecorator => AnyObject({ nullable: true })

/** spec/management-api.md §2.13. */
export class UpdateTenantSettings {
  @Hours()
  session_lifetime?: number
  @Hours()
  idle_session_lifetime?: number
  @Hours()
  ephemeral_session_lifetime?: number
  @Hours()
  idle_ephemeral_session_lifetime?: number

  @Minutes()
  session_lifetime_in_minutes?: number
  @Minutes()
  idle_session_lifetime_in_minutes?: number
  @Minutes()
  ephemeral_session_lifetime_in_minutes?: number
  @Minutes()
  idle_ephemeral_session_lifetime_in_minutes?: number

  @Nested(() => SessionCookie, { nullable: true })
  session_cookie?: SessionCookie | null

  @Nested(() => Sessions, { nullable: true })
  sessions?: Sessions | null

  @Nested(() => OidcLogout)
  oidc_logout?: OidcLogout

  @rule('flags', flagsProblem)
  flags?: Record<string, boolean>

  @Text({ max: 600 })
  default_audience?: string
  @Text({ max: 128 })
  default_directory?: string

  @Texts({ min: 1, max: 100, each: { pattern: /^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/ } })
  enabled_locales?: string[]

  @Text({ max: 200 })
  friendly_name?: string
  @Text({ max: 2048, format: WEB_URI })
  picture_url?: string
  @Text({ max: 320, format: ['email-or-empty', (text) => text === '' || isEmail(text)] })
  support_email?: string
  @Text({ max: 2048, format: WEB_URI })
  support_url?: string
  @Text({ max: 2048, format: ABSOLUTE_URI })
  default_redirection_uri?: string
  @Texts({ max: 1000, each: { max: 2048, format: ABSOLUTE_URI } })
  allowed_logout_urls?: string[]

  @Text({ min: 1, max: 8 })
  sandbox_version?: string
  @Text({ min: 1, max: 8 })
  legacy_sandbox_version?: string

  @Nested(() => DeviceFlow, { nullable: true })
  device_flow?: DeviceFlow | null

  @Page()
  change_password?: object | null
  @Page()
  guardian_mfa_page?: object | null
  @Page()
  error_page?: object | null

  @Texts({ max: 100, nullable: true, each: { min: 1, max: 200 } })
  acr_values_supported?: string[] | null
  @Nested(() => Mtls, { nullable: true })
  mtls?: Mtls | null
  @Flag({ nullable: true })
  pushed_authorization_requests_supported?: boolean | null
  @Flag({ nullable: true })
  authorization_response_iss_parameter_supported?: boolean | null
  @Flag({ nullable: true })
  customize_mfa_in_postlogin_action?: boolean | null
  @Flag({ nullable: true })
  allow_organization_name_in_authentication_api?: boolean | null
  @OneOf(['audience', 'compatibility'])
  resource_parameter_profile?: string
  @Flag()
  client_id_metadata_document_supported?: boolean
  @Flag()
  phone_consolidated_experience?: boolean
  @Flag()
  include_session_metadata_in_tenant_logs?: boolean
  @OneOf(['strict', 'permissive'])
  dynamic_client_registration_security_mode?: string
  @AnyObject({ nullable: true })
  default_token_quota?: object | null
  @AnyObject({ nullable: true })
  security_headers?: object | null
  @AnyObject({ nullable: true })
  country_codes?: object | null
  @Flag({ nullable: true })
  skip_non_verifiable_callback_uri_confirmation_prompt?: boolean | null
  @Flag({ nullable: true })
  enable_ai_guide?: boolean | null

  @ReadOnly()
  sandbox_versions_available?: unknown
}

function flagsProblem(value: unknown): string | undefined {
  if (typeOf(value) !== 'object') return `Expected type object but found type ${typeOf(value)}`
  for (const [name, flag] of Object.entries(value as object) as [string, unknown][]) {
    if (!FLAGS.includes(name)) return `Additional properties not allowed: ${name.slice(0, 100)}`
    if (typeof flag !== 'boolean') return `Expected type boolean but found type ${typeOf(flag)}`
  }
  return undefined
}

const DEFAULTS = {
  session_lifetime: 168,
  idle_session_lifetime: 72,
  ephemeral_session_lifetime: 72,
  idle_ephemeral_session_lifetime: 24,
  session_cookie: { mode: 'persistent' },
  sessions: { oidc_logout_prompt_enabled: true },
  oidc_logout: { rp_logout_end_session_endpoint_discovery: true },
  default_audience: '',
  default_directory: '',
  enabled_locales: ['en'],
  allowed_logout_urls: [],
  sandbox_version: '22',
  sandbox_versions_available: ['22'],
  change_password: { enabled: false, html: '' },
  guardian_mfa_page: { enabled: false, html: '' },
}

const FLAG_DEFAULTS = {
  revoke_refresh_token_grant: false,
  enable_client_connections: true,
  enable_dynamic_client_registration: false,
  allow_changing_enable_sso: false,
  enable_public_signup_user_exists_error: true,
  disable_clickjack_protection_headers: false,
  no_disclose_enterprise_connections: false,
}

/** The settings as they are answered: what was set over the defaults, without what has addresses of its own. */
export function showSettings({ flags, ...set }: TenantSettings): object {
  const here = Object.fromEntries(Object.entries(set).filter(([name]) => !(name in TENANT_PARTS)))
  return { ...DEFAULTS, ...here, flags: { ...FLAG_DEFAULTS, ...flags } }
}
