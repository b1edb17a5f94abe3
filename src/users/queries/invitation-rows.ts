import { Inject, Injectable } from '@nestjs/common'
import pg from 'pg'
import { findInvitationRow, type InvitationRow } from '../invitation/invitation-table.js'

const AT_ONCE = 100

/** The rows of invitations, for commands that look before they decide. */
@Injectable()
export class InvitationRows {
  constructor(@Inject(pg.Pool) private readonly pool: pg.Pool) {}

  /** One that is not overdue, accepted or not. */
  find(id: string): Promise<InvitationRow | undefined> {
    return findInvitationRow(this.pool, { id })
  }

  /** Some that are overdue. */
  async overdue(): Promise<{ readonly id: string; readonly organizationId: string; readonly accepted: boolean }[]> {
    const { rows } = await this.pool.query<{ id: string; organizationId: string; accepted: boolean }>({
      name: 'overdue-invitations',
      text: `
        select id, organization_id as "organizationId", accepted_by is not null as accepted from organization_invitations
        where expires_at <= clock_timestamp() order by expires_at limit ${AT_ONCE}`,
    })
    return rows
  }

  /** Ids of some that can be accepted, in their order, after one; '' for the first. */
  async openOf(organizationId: string, after: string): Promise<string[]> {
    const { rows } = await this.pool.query<{ id: string }>({
      name: 'invitations-of-organization',
      text: `select id from organization_invitations where organization_id = $1 and accepted_by is null and id > $2 order by id limit ${AT_ONCE}`,
      values: [organizationId, after],
    })
    return rows.map(({ id }) => id)
  }

  /** Those that were accepted, of these ids or of an organization: nobody needs to know any more by whom. */
  async forgetAccepted(of: { readonly ids: readonly string[] } | { readonly organizationId: string }): Promise<void> {
    const [condition, value] = 'ids' in of ? ['id = any($1)', of.ids] : ['organization_id = $1', of.organizationId]
    await this.pool.query(`delete from organization_invitations where accepted_by is not null and ${condition}`, [value])
  }
}
