import { Inject } from '@nestjs/common'
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs'
import pg from 'pg'
import { readTablePage, type TablePage } from '../../database/table-page.js'
import type { OrganizationDocument } from '../organization/organization.events.js'

/** What is left out does not restrict. */
interface OrganizationFilter {
  readonly id?: string
  readonly name?: string
  /** That this user is a member of. */
  readonly userId?: string
  /** That this client grant may be used for. */
  readonly grantId?: string
}

export interface FoundOrganization {
  readonly document: OrganizationDocument
  readonly created_at: Date
}

/**
 * Organizations as they are now, in the order of their creation (a user's and a grant's: in that of their joining), with the number of all that match.
 */
export class FindOrganizations extends Query<{ readonly rows: readonly FoundOrganization[]; readonly total: number }> {
  constructor(
    readonly filter: OrganizationFilter,
    readonly page: TablePage,
  ) {
    super()
  }
}

@QueryHandler(FindOrganizations)
export class FindOrganizationsHandler implements IQueryHandler<FindOrganizations> {
  constructor(@Inject(pg.Pool) private readonly pool: pg.Pool) {}

  async execute({ filter: { id, name, userId, grantId }, page }: FindOrganizations): Promise<{ rows: FoundOrganization[]; total: number }> {
    const values: unknown[] = []
    const value = (given: unknown): string => `$${values.push(given)}`
    const where = [
      id !== undefined && `id = ${value(id)}`,
      name !== undefined && `document->>'name' = ${value(name)}`,
      userId !== undefined && `user_id = ${value(userId)}`,
      grantId !== undefined && `grant_id = ${value(grantId)}`,
    ].filter((condition) => typeof condition === 'string')
    const table = userId !== undefined ? OF_USERS : grantId !== undefined ? OF_GRANTS : 'organizations'
    return readTablePage<FoundOrganization>(this.pool, { table, key: 'id', columns: 'document', where, values }, page)
  }
}

const OF_USERS =
  '(select o.id, o.document, m.user_id, m.created_at from organization_members m join organizations o on o.id = m.organization_id) as organizations_of_users'
const OF_GRANTS =
  '(select o.id, o.document, g.grant_id, g.created_at from organization_client_grants g join organizations o on o.id = g.organization_id) as organizations_of_grants'
