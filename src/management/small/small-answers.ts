import { ManagementError } from '../../http/management-error.js'
import { offsetAnswer, offsetRequest } from '../paging/page.js'
import type { QueryParameters } from '../validation/query.js'

/** A read that this service has nothing behind, answered as a tenant without any would (spec/management-api.md §2.16, §3.2). */
export interface SmallAnswer {
  readonly path: string
  readonly scopes: readonly [string, ...string[]]
  answer(query: QueryParameters): unknown
}

const read = (path: string, scopes: string, answer: SmallAnswer['answer']): SmallAnswer => ({
  path,
  scopes: scopes.split(' ') as [string, ...string[]],
  answer,
})

const always =
  (value: unknown): SmallAnswer['answer'] =>
  () =>
    value

const noPage =
  (key: string): SmallAnswer['answer'] =>
  (query) =>
    offsetAnswer(offsetRequest(query), key, [], 0)

/** An empty list of either style. */
const noRows =
  (key: string): SmallAnswer['answer'] =>
  (query) =>
    'take' in query || 'from' in query ? { [key]: [] } : offsetAnswer(offsetRequest(query), key, [], 0)

/** An empty list that is never a bare array. */
const noItems =
  (key: string): SmallAnswer['answer'] =>
  (query) =>
    offsetAnswer({ ...offsetRequest(query), totals: true }, key, [], 0)

const numbered =
  (key: string): SmallAnswer['answer'] =>
  (query) => {
    const { offset, limit } = offsetRequest(query)
    return { [key]: [], total: 0, page: limit === 0 ? 0 : offset / limit, per_page: limit }
  }

const refused =
  (status: number, message: string, errorCode?: string): SmallAnswer['answer'] =>
  () => {
    throw new ManagementError(status, message, errorCode)
  }

const missing = (message: string, errorCode?: string): SmallAnswer['answer'] => refused(404, message, errorCode)
const upgrade = (feature: string): SmallAnswer['answer'] => refused(403, `Please upgrade your subscription to use ${feature}`, 'insufficient_entitlement')

const BREACHED = {
  enabled: false,
  shields: [],
  admin_notification_frequency: [],
  method: 'standard',
  stage: { 'pre-user-registration': { shields: [] } },
}
const BRUTE_FORCE = { enabled: true, shields: ['block', 'user_notification'], mode: 'count_per_identifier_and_ip', allowlist: [], max_attempts: 10 }
const THROTTLING = {
  enabled: true,
  shields: ['admin_notification', 'block'],
  allowlist: [],
  stage: { 'pre-login': { max_attempts: 100, rate: 864_000 }, 'pre-user-registration': { max_attempts: 50, rate: 1200 } },
}
const PROMPTS = { universal_login_experience: 'new', identifier_first: false, webauthn_platform_first_factor: false }

export const SMALL_ANSWERS: readonly SmallAnswer[] = [
  read('rules', 'read:rules', noPage('rules')),
  read('rules/:id', 'read:rules', missing('The rule does not exist', 'inexistent_rule')),
  read('rules-configs', 'read:rules_configs', always([])),
  read('hooks', 'read:hooks', noPage('hooks')),
  read('actions/modules', 'read:actions', numbered('modules')),
  read('organizations', 'read:organizations read:organizations_summary', noRows('organizations')),
  read('organizations/name/:name', 'read:organizations read:organizations_summary', missing('No organization found by that id or name')),
  read('organizations/:id', 'read:organizations read:organizations_summary', missing('No organization found by that id or name')),
  read('log-streams', 'read:log_streams', always([])),
  read('log-streams/:id', 'read:log_streams', missing('The log stream does not exist.', 'inexistent_log_stream')),
  read('emails/provider', 'read:email_provider', missing('There is not a configured email provider', 'inexistent_email_provider')),
  read('email-templates/:name', 'read:email_templates', missing('The template does not exist.', 'inexistent_email_template')),
  read('guardian/factors', 'read:guardian_factors', always([])),
  read('guardian/policies', 'read:mfa_policies', always([])),
  read('guardian/factors/sms/providers/twilio', 'read:guardian_factors', always({})),
  read('guardian/factors/push-notification/providers/sns', 'read:guardian_factors', always({})),
  read('guardian/factors/sms/templates', 'read:guardian_factors', always({})),
  read('guardian/factors/phone/selected-provider', 'read:guardian_factors', missing('Not Found')),
  read('guardian/factors/phone/message-types', 'read:guardian_factors', always({ message_types: [] })),
  read('branding', 'read:branding', always({})),
  read('branding/phone/providers', 'read:phone_providers', always({ providers: [] })),
  read('branding/phone/templates', 'read:phone_templates', always({ templates: [] })),
  read('branding/themes/default', 'read:branding', missing('There was an error retrieving branding settings: invalid theme ID', 'theme_not_found')),
  read('branding/templates/universal-login', 'read:branding', missing('Template does not exist.', 'inexistent_templates_universal_login')),
  read('prompts', 'read:prompts', always(PROMPTS)),
  read('prompts/rendering', 'read:prompts', noItems('configs')),
  read('prompts/:prompt/partials', 'read:prompts', always({})),
  read('prompts/:prompt/custom-text/:language', 'read:prompts', always({})),
  read('attack-protection/breached-password-detection', 'read:attack_protection', always(BREACHED)),
  read('attack-protection/brute-force-protection', 'read:attack_protection', always(BRUTE_FORCE)),
  read('attack-protection/suspicious-ip-throttling', 'read:attack_protection', always(THROTTLING)),
  read('attack-protection/bot-detection', 'read:attack_protection', upgrade('bot detection')),
  read('attack-protection/captcha', 'read:attack_protection', upgrade('bot detection')),
  read('risk-assessments/settings', 'read:attack_protection', always({ enabled: false })),
  read('risk-assessments/settings/new-device', 'read:attack_protection', always({ remember_for: 0 })),
  read('custom-domains', 'read:custom_domains', always([])),
  read('custom-domains/default', 'read:custom_domains', missing('The custom domain default does not exist', 'inexistent_custom_domain')),
  read('forms', 'read:forms', noPage('forms')),
  read('flows', 'read:flows', noPage('flows')),
  read('flows/vault/connections', 'read:flows_vault_connections', noPage('connections')),
  read('self-service-profiles', 'read:self_service_profiles', noPage('self_service_profiles')),
  read('network-acls', 'read:network_acls', noPage('network_acls')),
  read('user-attribute-profiles', 'read:user_attribute_profiles', always({ user_attribute_profiles: [] })),
  read('connection-profiles', 'read:connection_profiles', always({ connection_profiles: [] })),
  read('token-exchange-profiles', 'read:token_exchange_profiles', always({ token_exchange_profiles: [] })),
  read('token-exchange-profiles/:id', 'read:token_exchange_profiles', missing('Token exchange profile not found.')),
  read('rate-limit-policies', 'read:rate_limit_policies', always({ rate_limit_policies: [] })),
  read('event-streams', 'read:event_streams', always({ eventStreams: [] })),
  read('supplemental-signals', 'read:attack_protection', refused(403, 'This feature is not enabled for this tenant.', 'feature_not_enabled')),
  read('connections-directory-provisionings', 'read:directory_provisionings', always({ directory_provisionings: [] })),
  read('connections-scim-configurations', 'read:scim_config', always({ scim_configurations: [] })),
  read('keys/encryption', 'read:encryption_keys', noPage('keys')),
  read('keys/custom-signing', 'read:custom_signing_keys', missing('Not Found')),
  read('blacklists/tokens', 'blacklist:tokens', always([])),
]
