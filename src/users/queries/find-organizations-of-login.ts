import { Inject } from '@nestjs/common'
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs'
import pg from 'pg'
import type { OrganizationDocument } from '../organization/organization.events.js'

/** The organizations that a person who came through a connection may go on in: theirs, as far as they have that connection switched on, in the order of joining. */
export class FindOrganizationsOfLogin extends Query<readonly OrganizationDocument[]> {
  constructor(
    readonly userId: string,
    readonly connectionId: string,
  ) {
    super()
  }
}

@QueryHandler(FindOrganizationsOfLogin)
export class FindOrganizationsOfLoginHandler implements IQueryHandler<FindOrganizationsOfLogin> {
  constructor(@Inject(pg.Pool) private readonly pool: pg.Pool) {}

  async execute({ userId, connectionId }: FindOrganizationsOfLogin): Promise<readonly OrganizationDocument[]> {
    const values = [userId, connectionId, MAX_OFFERED]
    const { rows } = await this.pool.query<{ document: OrganizationDocument }>({ name: 'find-organizations-of-login', text: FIND, values })
    return rows.map(({ document }) => document)
  }
}

/** As many as Auth0's page offers. */
const MAX_OFFERED = 20
const FIND = `
  select o.document from organization_members m join organizations o on o.id = m.organization_id
  where m.user_id = $1 and exists (
    select from organization_connections c
    where c.organization_id = m.organization_id and c.connection_id = $2 and c.document->'is_enabled' is distinct from 'false')
  order by m.created_at, m.organization_id limit $3`
