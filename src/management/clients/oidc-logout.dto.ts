import { Choices, Flag, Nested, OneOf, Texts } from '../validation/rules.js'

const INITIATORS = [
  'rp-logout',
  'idp-logout',
  'password-changed',
  'session-expired',
  'session-revoked',
  'account-deleted',
  'email-identifier-changed',
  'mfa-phone-unenrolled',
  'account-deactivated',
]

class LogoutInitiators {
  @OneOf(['custom', 'all'])
  mode?: 'custom' | 'all'

  @Choices(INITIATORS, { max: INITIATORS.length })
  selected_initiators?: string[]
}

class LogoutSessionMetadata {
  @Flag()
  include?: boolean
}

/** spec/sessions.md §7; what an address may be is checked with the rest of the client. */
export class OidcLogoutSettings {
  @Texts({ max: 1, each: { min: 1, max: 2000 } })
  backchannel_logout_urls?: string[]

  @Nested(() => LogoutInitiators, { nullable: true })
  backchannel_logout_initiators?: LogoutInitiators | null

  @Nested(() => LogoutSessionMetadata, { nullable: true })
  backchannel_logout_session_metadata?: LogoutSessionMetadata | null
}
