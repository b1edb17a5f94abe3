import { AnyList, Flag, OneOf, ReadOnly, Required, Text, Texts } from '../validation/rules.js'

/** What both creating and changing a client grant may set (spec/management-api.md §2.5). */
export class ClientGrantFields {
  @Texts({ max: 1000, each: { min: 1, max: 280 }, nullable: true })
  scope?: string[] | null

  @OneOf(['deny', 'allow', 'require'], { nullable: true })
  organization_usage?: 'deny' | 'allow' | 'require' | null

  @Flag({ nullable: true })
  allow_any_organization?: boolean | null

  @AnyList({ max: 100 })
  authorization_details_types?: unknown[]

  @Flag({ nullable: true })
  allow_all_scopes?: boolean | null

  @ReadOnly()
  id?: unknown
  @ReadOnly()
  is_system?: unknown
}

export class CreateClientGrantBody extends ClientGrantFields {
  @Text({ min: 1, max: 64 })
  client_id?: string

  @Required()
  @Text({ min: 1, max: 600 })
  audience!: string

  @OneOf(['client', 'user'])
  subject_type?: 'client' | 'user'

  @OneOf(['third_party_clients'])
  default_for?: string
}

export class UpdateClientGrantBody extends ClientGrantFields {
  @ReadOnly()
  client_id?: unknown
  @ReadOnly()
  audience?: unknown
  @ReadOnly()
  subject_type?: unknown
  @ReadOnly()
  default_for?: unknown
}
