import { Inject } from '@nestjs/common'
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs'
import pg from 'pg'
import type { OrganizationConnection, OrganizationDocument } from '../organization/organization.events.js'

/** An organization that somebody wants to log in to, or a client to act for. */
export interface LoginOrganization {
  readonly document: OrganizationDocument
  /** Those that are switched on. */
  readonly connections: readonly OrganizationConnection[]
}

/** The organization with this id or, where there is none and names count, with this name, in whatever case: all names are in lower case. */
export class FindLoginOrganization extends Query<LoginOrganization | undefined> {
  constructor(
    readonly idOrName: string,
    readonly namesCount: boolean,
  ) {
    super()
  }
}

@QueryHandler(FindLoginOrganization)
export class FindLoginOrganizationHandler implements IQueryHandler<FindLoginOrganization> {
  constructor(@Inject(pg.Pool) private readonly pool: pg.Pool) {}

  async execute({ idOrName, namesCount }: FindLoginOrganization): Promise<LoginOrganization | undefined> {
    const values = [idOrName, namesCount ? idOrName.toLowerCase() : null]
    const { rows } = await this.pool.query<LoginOrganization>({ name: 'find-login-organization', text: FIND, values })
    return rows[0]
  }
}

const FIND = `
  select o.document, (
    select coalesce(jsonb_agg(c.document order by c.created_at, c.connection_id), '[]') from organization_connections c
    where c.organization_id = o.id and c.document->'is_enabled' is distinct from 'false'
  ) as connections
  from organizations o where o.id = $1 or o.document->>'name' = $2
  order by o.id <> $1 limit 1`
