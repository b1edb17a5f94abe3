import type { OrganizationDocument } from '../../users/index.js'
import { withoutNulls } from '../members.js'
import { AnyObject, Flag, Name, Nested, NestedList, OneOf, ReadOnly, Required, Text, TextMap, Texts } from '../validation/rules.js'
import { WEB_URI } from '../validation/urls.js'

/** Bounds one request; each member costs a transaction. */
const MAX_ITEMS = 1000
const ID = { min: 1, max: 64 }
const COLOR = /^#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/
/** spec/management-api.md §2.11 */
const ORGANIZATION_NAME = { min: 1, max: 50, pattern: /^[a-z0-9][a-z0-9_-]*$/ }

class BrandingColors {
  @Required()
  @Text({ pattern: COLOR })
  readonly primary!: string

  @Required()
  @Text({ pattern: COLOR })
  readonly page_background!: string
}

class Branding {
  @Text({ max: 2000, format: WEB_URI, nullable: true })
  readonly logo_url?: string | null

  @Nested(() => BrandingColors, { nullable: true })
  readonly colors?: BrandingColors | null
}

/** The members that both bodies have; null takes one away. */
class OrganizationFields {
  @Text({ max: 255, nullable: true })
  readonly display_name?: string | null

  @Nested(() => Branding, { nullable: true })
  readonly branding?: Branding | null

  @TextMap({ maxMembers: 25, max: 255, nullable: true })
  readonly metadata?: Readonly<Record<string, string | null>> | null

  @AnyObject({ nullable: true })
  readonly token_quota?: Readonly<Record<string, unknown>> | null

  /** Kept and given back: organizations are for the tenant's own clients alone. */
  @OneOf(['block', 'allow'])
  readonly third_party_client_access?: string

  @Flag()
  readonly is_app_entitlement_active?: boolean

  @ReadOnly()
  readonly id?: unknown
}

export class UpdateOrganizationBody extends OrganizationFields {
  @Text(ORGANIZATION_NAME)
  readonly name?: string
}

/** What may be set of an organization's connection; null takes a member back to its default. */
export class UpdateConnectionBody {
  @Flag()
  readonly assign_membership_on_login?: boolean

  @Flag()
  readonly show_as_button?: boolean

  @Flag()
  readonly is_signup_enabled?: boolean

  @Flag({ nullable: true })
  readonly is_enabled?: boolean | null

  @Name(50, { nullable: true })
  readonly organization_connection_name?: string | null

  @OneOf(['none', 'readonly', 'limited', 'full'], { nullable: true })
  readonly organization_access_level?: string | null

  @ReadOnly()
  readonly connection?: unknown
}

export class AddConnectionBody extends UpdateConnectionBody {
  @Required()
  @Text(ID)
  readonly connection_id!: string
}

export class CreateOrganizationBody extends OrganizationFields {
  @Required()
  @Text(ORGANIZATION_NAME)
  readonly name!: string

  @NestedList(() => AddConnectionBody, { max: 100 })
  readonly enabled_connections?: readonly AddConnectionBody[]
}

export class MembersBody {
  @Required()
  @Texts({ min: 1, max: MAX_ITEMS, each: { min: 1, max: 300 } })
  readonly members!: readonly string[]
}

export class MemberRolesBody {
  @Required()
  @Texts({ min: 1, max: MAX_ITEMS, each: ID })
  readonly roles!: readonly string[]
}

export class ClientGrantBody {
  @Required()
  @Text(ID)
  readonly grant_id!: string
}

/** The members that a body sets, undefined for those that it takes away. Metadata is replaced as a whole. */
export function organizationChanges({
  display_name,
  branding,
  metadata,
  token_quota,
  third_party_client_access,
  is_app_entitlement_active,
}: OrganizationFields): Partial<Omit<OrganizationDocument, 'id' | 'name'>> {
  const members = {
    ...(display_name !== undefined && { display_name: display_name || undefined }),
    ...(branding !== undefined && { branding: branding ?? undefined }),
    ...(metadata !== undefined && { metadata: metadata ? withoutNulls(metadata) : undefined }),
    ...(token_quota !== undefined && { token_quota: token_quota ?? undefined }),
    ...(third_party_client_access !== undefined && { third_party_client_access }),
    ...(is_app_entitlement_active !== undefined && { is_app_entitlement_active }),
  }
  return members as Partial<Omit<OrganizationDocument, 'id' | 'name'>>
}

export const showOrganization = ({ id, name, display_name, branding, metadata, token_quota, ...kept }: OrganizationDocument): object => ({
  id,
  name,
  ...(display_name !== undefined && { display_name }),
  ...(branding && { branding }),
  ...(metadata && { metadata }),
  ...(token_quota && { token_quota }),
  ...kept,
})
