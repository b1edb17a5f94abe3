import { isDeepStrictEqual } from 'node:util'
import { ManagementError } from '../../http/management-error.js'
import { BOTH_PAGES, PAGES } from '../parameters.js'
import { expiredCursor } from '../paging/cursors.js'
import { offsetAnswer, offsetRequest } from '../paging/page.js'
import { integer, type QueryParameters, text } from '../validation/query.js'
import type { SmallWrite } from './small-write.js'
import { notEnabled, UNBUILT_WRITES } from './unbuilt-writes.js'

/** A read that this service has nothing behind, answered as a tenant without any would (spec/management-api.md §2.16, §3.2). */
interface SmallAnswer {
  readonly path: string
  readonly scopes: readonly [string, ...string[]]
  /** Of every answer; 400 and more: it is refused. */
  readonly status: number
  /** Query parameters that it reads. */
  readonly parameters: readonly string[]
  answer(query: QueryParameters, params?: Readonly<Record<string, string>>): unknown
}

/** How a read is answered, beside where. */
type Kind = Pick<SmallAnswer, 'status' | 'parameters' | 'answer'>

const read = (path: string, scopes: string, kind: Kind): SmallAnswer => ({ path, scopes: scopes.split(' ') as [string, ...string[]], ...kind })

const always = (value: unknown): Kind => ({ status: 200, parameters: [], answer: () => value })

const noPage = (key: string): Kind => ({ status: 200, parameters: PAGES, answer: (query) => offsetAnswer(offsetRequest(query), key, [], 0) })

/** An empty list that is never a bare array. */
const noItems = (key: string): Kind => ({
  ...noPage(key),
  answer: (query) => offsetAnswer({ ...offsetRequest(query), totals: true }, key, [], 0),
})

/** A bare array unless a page is asked for, which has the list's name in either style. No cursor was ever given. */
const paged = (key: string): Kind => ({
  status: 200,
  parameters: BOTH_PAGES,
  answer(query) {
    if (text(query, 'from', { max: 2000 }) !== undefined) throw expiredCursor()
    return integer(query, 'take', { min: 1, max: 100 }) === undefined ? offsetAnswer(offsetRequest(query), key, [], 0) : { [key]: [] }
  },
})

const numbered = (key: string): Kind => ({
  status: 200,
  parameters: ['page', 'per_page'],
  answer(query) {
    const { offset, limit } = offsetRequest(query, { perPage: 20 })
    return { [key]: [], total: 0, page: limit === 0 ? 0 : offset / limit, per_page: limit }
  },
})

const refused = (status: number, message: string, errorCode?: string): Kind => ({
  status,
  parameters: [],
  answer() {
    throw new ManagementError(status, message, errorCode)
  },
})

const missing = (message: string, errorCode?: string): Kind => refused(404, message, errorCode)
const upgrade = (feature: string): Kind => refused(403, `Please upgrade your subscription to use ${feature}`, 'insufficient_entitlement')

const NO_THEME = 'There was an error retrieving branding settings: invalid theme ID'

export const SMALL_ANSWERS: readonly SmallAnswer[] = [
  read('rules', 'read:rules', noPage('rules')),
  read('rules/:id', 'read:rules', missing('The rule does not exist', 'inexistent_rule')),
  read('rules-configs', 'read:rules_configs', always([])),
  read('hooks', 'read:hooks', noPage('hooks')),
  read('actions/modules', 'read:actions', numbered('modules')),
  read('emails/provider', 'read:email_provider', missing('There is not a configured email provider', 'inexistent_email_provider')),
  read('email-templates/:name', 'read:email_templates', missing('The template does not exist.', 'inexistent_email_template')),
  read('guardian/factors', 'read:guardian_factors', always([])),
  read('guardian/policies', 'read:mfa_policies', always([])),
  read('guardian/factors/sms/providers/twilio', 'read:guardian_factors', always({})),
  read('guardian/factors/push-notification/providers/sns', 'read:guardian_factors', always({})),
  read('guardian/factors/sms/templates', 'read:guardian_factors', always({})),
  read('guardian/factors/phone/selected-provider', 'read:guardian_factors', missing('Not Found')),
  read('guardian/factors/phone/message-types', 'read:guardian_factors', always({ message_types: [] })),
  read('branding/phone/providers', 'read:phone_providers', always({ providers: [] })),
  read('branding/phone/templates', 'read:phone_templates', always({ templates: [] })),
  read('branding/themes/:id', 'read:branding', missing(NO_THEME, 'theme_not_found')),
  read('branding/templates/universal-login', 'read:branding', missing('Template does not exist.', 'inexistent_templates_universal_login')),
  read('prompts/rendering', 'read:prompts', noItems('configs')),
  read('prompts/:prompt/partials', 'read:prompts', always({})),
  read('prompts/:prompt/custom-text/:language', 'read:prompts', always({})),
  read('attack-protection/bot-detection', 'read:attack_protection', upgrade('bot detection')),
  read('attack-protection/captcha', 'read:attack_protection', upgrade('bot detection')),
  read('risk-assessments/settings', 'read:attack_protection', always({ enabled: false })),
  read('risk-assessments/settings/new-device', 'read:attack_protection', always({ remember_for: 0 })),
  read('custom-domains', 'read:custom_domains', paged('custom_domains')),
  read('custom-domains/:id', 'read:custom_domains', {
    status: 404,
    parameters: [],
    answer: (_, params) => missing(`The custom domain ${params!['id']!} does not exist`, 'inexistent_custom_domain').answer({}),
  }),
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
  read('keys/encryption', 'read:encryption_keys', noPage('keys')),
  read('keys/custom-signing', 'read:custom_signing_keys', missing('Not Found')),
  read('blacklists/tokens', 'blacklist:tokens', always([])),
  read('jobs/:id', 'create:users read:users', missing('The job does not exist.', 'inexistent_job')),
  read('jobs/:id/errors', 'create:users read:users', missing('The job does not exist.', 'inexistent_job')),
]

const keeps = (method: SmallWrite['method'], path: string, scope: string, operation: string, standing: unknown, status = 200): SmallWrite => ({
  method,
  path,
  scopes: [scope],
  status,
  operation,
  write(body) {
    if (!isDeepStrictEqual(body ?? {}, standing)) throw notEnabled()
    return status === 204 ? undefined : standing
  },
})

const never = (method: SmallWrite['method'], path: string, scope: string, operation: string, feature: string): SmallWrite => ({
  method,
  path,
  scopes: [scope],
  status: 200,
  operation,
  write: () => upgrade(feature).answer({}),
})

export const SMALL_WRITES: readonly SmallWrite[] = [
  ...UNBUILT_WRITES,
  keeps('PUT', 'guardian/policies', 'update:mfa_policies', 'Set MFA policies', []),
  keeps('PUT', 'guardian/factors/phone/message-types', 'update:guardian_factors', 'Set phone message types', { message_types: [] }),
  keeps('PUT', 'prompts/:prompt/partials', 'update:prompts', 'Set partials for a prompt', {}, 204),
  keeps('PUT', 'prompts/:prompt/custom-text/:language', 'update:prompts', 'Set custom text for a prompt', {}, 204),
  keeps('PATCH', 'risk-assessments/settings', 'update:attack_protection', 'Update risk assessment settings', { enabled: false }),
  keeps('PATCH', 'risk-assessments/settings/new-device', 'update:attack_protection', 'Update new device settings', { remember_for: 0 }),
  never('PATCH', 'attack-protection/bot-detection', 'update:attack_protection', 'Update bot detection settings', 'bot detection'),
  never('PATCH', 'attack-protection/captcha', 'update:attack_protection', 'Update captcha settings', 'bot detection'),
]
