import type { ConnectionDocument } from '../../users/index.js'
import { AnyObject, Flag, Nested, OneOf, Required, Text, TextMap, Texts } from '../validation/rules.js'

/** Strategies that Auth0 knows; all but `auth0` are stored and given back. */
const STRATEGIES =
  'ad adfs amazon apple dropbox bitbucket auth0-oidc auth0 baidu bitly box custom daccount dwolla email evernote-sandbox evernote exact facebook fitbit github google-apps google-oauth2 instagram ip line linkedin oauth1 oauth2 office365 oidc okta paypal paypal-sandbox pingfederate planningcenter salesforce-community salesforce-sandbox salesforce samlp sharepoint shopify shop sms soundcloud thirtysevensignals twitter untappd vkontakte waad weibo windowslive wordpress yahoo yandex'.split(
    ' ',
  )

class Active {
  @Required()
  @Flag()
  readonly active!: boolean
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

  @Nested(() => Active)
  readonly connected_accounts?: Active
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
