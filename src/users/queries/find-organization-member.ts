import { Inject } from '@nestjs/common'
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs'
import pg from 'pg'
import type { OrganizationDocument } from '../organization/organization.events.js'

/** What tokens and Actions are told of the organization that somebody acts in. */
export interface OrganizationMember {
  readonly organization: OrganizationDocument
  /** Names of the roles that the person has there, in the order of their assignment. */
  readonly roles: readonly string[]
  /** Whether the tenant wants organizations to be named in tokens. */
  readonly namesShown: boolean
}

/** A person in an organization, as it is now; undefined where it is gone, or they are no member. */
export class FindOrganizationMember extends Query<OrganizationMember | undefined> {
  constructor(
    readonly organizationId: string,
    readonly userId: string,
  ) {
    super()
  }
}

@QueryHandler(FindOrganizationMember)
export class FindOrganizationMemberHandler implements IQueryHandler<FindOrganizationMember> {
  constructor(@Inject(pg.Pool) private readonly pool: pg.Pool) {}

  async execute({ organizationId, userId }: FindOrganizationMember): Promise<OrganizationMember | undefined> {
    const { rows } = await this.pool.query<OrganizationMember>({ name: 'find-organization-member', text: FIND, values: [organizationId, userId] })
    return rows[0]
  }
}

const FIND = `
  select o.document as organization, (
    select coalesce(jsonb_agg(r.document->>'name' order by g.created_at, r.id), '[]')
    from organization_member_roles g join roles r on r.id = g.role_id where g.organization_id = m.organization_id and g.user_id = m.user_id
  ) as roles,
  exists (select from tenant_settings where document->'allow_organization_name_in_authentication_api' = 'true') as "namesShown"
  from organization_members m join organizations o on o.id = m.organization_id
  where m.organization_id = $1 and m.user_id = $2`
