import { AnyObject, Choices, Flag, Int, Nested, OneOf, Required, Text } from '../validation/rules.js'

/** The organization that a client's own tokens are for unless a request names another (spec/management-api.md §2.4). */
export class DefaultOrganization {
  @Required()
  @Text({ min: 1, max: 50 })
  organization_id!: string

  @Required()
  @Choices(['client_credentials'], { min: 1, max: 1 })
  flows!: string[]
}

/** Kept and given back; sessions are not handed over so far. */
export class SessionTransfer {
  @Flag()
  can_create_session_transfer_token?: boolean

  @Flag()
  enforce_cascade_revocation?: boolean

  @Choices(['cookie', 'query'], { max: 2, nullable: true })
  allowed_authentication_methods?: string[] | null

  @OneOf(['ip', 'asn', 'none'])
  enforce_device_binding?: string

  @Flag()
  allow_refresh_token?: boolean

  @Flag()
  enforce_online_refresh_tokens?: boolean

  @AnyObject({ nullable: true })
  delegation?: object | null
}

export class TokenExchange {
  @Choices(['custom_authentication', 'on_behalf_of_token_exchange'], { max: 2 })
  allow_any_profile_of_type?: string[]
}

class ClientCredentialsQuota {
  @Flag()
  enforce?: boolean

  @Int({ min: 1 })
  per_day?: number

  @Int({ min: 1 })
  per_hour?: number
}

export class TokenQuota {
  @Required()
  @Nested(() => ClientCredentialsQuota)
  client_credentials!: ClientCredentialsQuota
}
