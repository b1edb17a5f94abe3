import { ManagementError } from '../../http/management-error.js'
import type { SmallWrite } from './small-write.js'

/** What this service cannot be asked for. */
export const notEnabled = (): ManagementError => new ManagementError(403, 'This feature is not enabled for this tenant.', 'feature_not_enabled')

/**
 * Writes of Auth0's that there is nothing behind: refused for good, since tools repeat what is answered 5xx and tell people nothing of a 405. Each line
 * is a method, an address, the scope that it takes and the log's name of it.
 */
const REFUSED = `
  POST rules create:rules Create a rule
  PUT rules-configs/:key update:rules_configs Set a rules config
  POST hooks create:hooks Create a hook
  POST actions/modules create:actions Create an actions module
  POST custom-domains create:custom_domains Configure a new custom domain
  POST emails/provider create:email_provider Configure the email provider
  PATCH emails/provider update:email_provider Update the email provider
  POST email-templates create:email_templates Create an email template
  PUT email-templates/:name update:email_templates Update an email template
  PATCH email-templates/:name update:email_templates Patch an email template
  PUT guardian/factors/:name update:guardian_factors Update a Guardian factor
  POST guardian/enrollments/ticket create:guardian_enrollment_tickets Create a Guardian enrollment ticket
  POST branding/themes update:branding Create a branding theme
  PUT branding/templates/universal-login update:branding Set the template for Universal Login
  POST branding/phone/providers create:phone_providers Configure the phone provider
  POST branding/phone/templates create:phone_templates Create a phone notification template
  POST token-exchange-profiles create:token_exchange_profiles Create a token exchange profile
  POST blacklists/tokens blacklist:tokens Blacklist a token
  DELETE blacklists/tokens blacklist:tokens Remove a token from the blacklist
  POST forms create:forms Create a form
  POST flows create:flows Create a flow
  POST flows/vault/connections create:flows_vault_connections Create a Flows Vault connection
  POST event-streams create:event_streams Create an event stream
  POST network-acls create:network_acls Create a network ACL
  POST self-service-profiles create:self_service_profiles Create a self-service profile
  POST user-attribute-profiles create:user_attribute_profiles Create a user attribute profile
  POST connection-profiles create:connection_profiles Create a connection profile
  POST rate-limit-policies create:rate_limit_policies Create a rate limit policy
  PATCH supplemental-signals update:attack_protection Update supplemental signals
  POST keys/encryption create:encryption_keys Create an encryption key
  PUT keys/custom-signing update:custom_signing_keys Set custom signing keys
  POST tickets/password-change create:user_tickets Create a password change ticket
  POST tickets/email-verification create:user_tickets Create an email verification ticket
  POST jobs/verification-email update:users Send an email address verification email
  POST jobs/users-exports read:users Create an export users job
  POST jobs/users-imports create:users Create an import users job
  POST organizations/:id/discovery-domains create:organization_discovery_domains Create an organization discovery domain
  POST organizations/:id/clients create:organization_clients Associate a client with an Organization
  POST connections/:id/scim-configuration create:scim_config Create a SCIM configuration
  POST connections/:id/directory-provisioning create:directory_provisionings Create a directory provisioning configuration`

/** Nothing to change or to delete: answered as the read of it is. */
const MISSING = `
  PATCH rules/:id update:rules inexistent_rule The rule does not exist
  DELETE rules/:id delete:rules inexistent_rule The rule does not exist
  DELETE emails/provider delete:email_provider inexistent_email_provider There is not a configured email provider
  PATCH token-exchange-profiles/:id update:token_exchange_profiles - Token exchange profile not found.
  DELETE token-exchange-profiles/:id delete:token_exchange_profiles - Token exchange profile not found.
  DELETE branding/templates/universal-login delete:branding inexistent_templates_universal_login Template does not exist.`

/** The words of each line, the last of them with all that follows. */
const lines = (table: string, words: number): string[][] =>
  table
    .trim()
    .split('\n')
    .map((line) => {
      const all = line.trim().split(' ')
      return [...all.slice(0, words - 1), all.slice(words - 1).join(' ')]
    })

const refusal = (method: string, path: string, scope: string, operation: string, error: () => ManagementError): SmallWrite => ({
  method: method as SmallWrite['method'],
  path,
  scopes: [scope],
  status: error().status,
  operation,
  write() {
    throw error()
  },
})

export const UNBUILT_WRITES: readonly SmallWrite[] = [
  ...lines(REFUSED, 4).map(([method, path, scope, operation]) => refusal(method!, path!, scope!, operation!, notEnabled)),
  ...lines(MISSING, 5).map(([method, path, scope, code, message]) =>
    refusal(
      method!,
      path!,
      scope!,
      `${method === 'PATCH' ? 'Update' : 'Delete'} ${path!}`,
      () => new ManagementError(404, message!, code === '-' ? undefined : code),
    ),
  ),
]
