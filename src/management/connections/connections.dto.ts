import type { ConnectionDocument } from '../../users/index.js'
import { AnyObject, Flag, Nested, OneOf, Required, Text, TextMap, Texts } from '../validation/rules.js'

/** Strategies that Auth0 knows; all but `auth0` are stored and given back. */
const STRATEGIES =
  'ad adfs amazon apple asana atlassian auth0 auth0-oidc baidu bitbucket bitly box cloudflare-mcp custom daccount dropbox dwolla email evernote evernote-sandbox exact facebook fitbit github gitlab google-apps google-oauth2 hubspot-mcp instagram ip line linear-mcp linkedin notion-mcp oauth1 oauth2 office365 oidc okta paypal paypal-sandbox pingfederate planningcenter salesforce salesforce-community salesforce-sandbox samlp sentry-mcp sharepoint shop shopify slack sms soundcloud thirtysevensignals twitter untappd vkontakte waad weibo windowslive wordpress yahoo yandex'.split(
    ' ',
  )

class Active {
  @Required()
  @Flag()
  readonly active!: boolean
}

class ConnectedAccounts extends Active {
  @Flag()
  readonly cross_app_access?: boolean

  @Flag()
  readonly allow_missing_user_id?: boolean
}

class ResourceApp {
  @Required()
  @OneOf(['enabled', 'disabled'])
  readonly status!: string
}

/** The members that both bodies have. */
export class UpdateConnectionBody {
  @Text({ max: 128 })
  readonly display_name?: string

  @AnyObject({ nullable: true })
  readonly options?: Readonly<Record<string, unknown>> | null

  @Texts({ max: 10_000, each: { min: 1, max: 128 }, nullable: true })
  readonly enabled_clients?: readonly string[] | null

  @Flag()
  readonly is_domain_connection?: boolean

  @Flag()
  readonly show_as_button?: boolean

  @Texts({ max: 100, each: { min: 1, max: 255 } })
  readonly realms?: readonly string[]

  @TextMap({ maxMembers: 10, max: 255 })
  readonly metadata?: Readonly<Record<string, string | null>>

  @Nested(() => Active)
  readonly authentication?: Active

  @Nested(() => ConnectedAccounts)
  readonly connected_accounts?: ConnectedAccounts

  @Nested(() => Active)
  readonly cross_app_access_requesting_app?: Active

  @Nested(() => ResourceApp, { nullable: true })
  readonly cross_app_access_resource_app?: ResourceApp | null
}

/** The body of POST /connections. */
export class CreateConnectionBody extends UpdateConnectionBody {
  @Required()
  @Text({ min: 1, max: 128, pattern: /^[a-zA-Z0-9](-[a-zA-Z0-9]|[a-zA-Z0-9])*$/ })
  readonly name!: string

  @Required()
  @OneOf(STRATEGIES)
  readonly strategy!: string
}

/** An item of PATCH /connections/{id}/clients. */
export class ClientSwitch {
  @Required()
  @Text({ min: 1, max: 64 })
  readonly client_id!: string

  @Required()
  @Flag()
  readonly status!: boolean
}

/** A connection as Auth0 shows it; its options only to who may see them. */
export function showConnection({ disabled_clients: _, options, ...shown }: ConnectionDocument, withOptions: boolean): object {
  return { ...shown, ...(withOptions && { options }) }
}
