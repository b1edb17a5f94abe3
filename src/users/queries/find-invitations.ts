import { Inject } from '@nestjs/common'
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs'
import pg from 'pg'
import { PersonKeys } from '../../keys/person-keys.js'
import type { InvitationDetails, InvitationTerms } from '../invitation/invitation.events.js'

/** One that can be accepted. */
export interface FoundInvitation {
  readonly id: string
  readonly terms: InvitationTerms
  readonly details: InvitationDetails
  readonly createdAt: Date
}

export interface InvitationPage {
  readonly by: 'created_at' | 'expires_at'
  readonly direction: 'asc' | 'desc'
  readonly offset: number
  readonly limit: number
}

/** The invitations to an organization that can be accepted now, or the one with this id, and how many there are, both at one moment. */
export class FindInvitations extends Query<{ readonly rows: readonly FoundInvitation[]; readonly total: number }> {
  constructor(
    readonly filter: { readonly organizationId: string; readonly id?: string },
    readonly page: InvitationPage,
  ) {
    super()
  }
}

@QueryHandler(FindInvitations)
export class FindInvitationsHandler implements IQueryHandler<FindInvitations> {
  constructor(
    @Inject(pg.Pool) private readonly pool: pg.Pool,
    private readonly personKeys: PersonKeys,
  ) {}

  async execute({ filter: { organizationId, id }, page }: FindInvitations): Promise<{ rows: FoundInvitation[]; total: number }> {
    const { by, direction, offset, limit } = page
    const { rows } = await this.pool.query<{ total: number; page: readonly { id: string; document: InvitationTerms; created_at: string }[] }>(
      `with page as (select id, document, created_at from ${OPEN} order by ${by} ${direction}, id ${direction} offset $3 limit $4)
       select (select count(*)::int from ${OPEN}) as total, (select coalesce(json_agg(page), '[]') from page) as page`,
      [organizationId, id ?? null, offset, limit],
    )
    const { total, page: found } = rows[0]!
    const details = await this.personKeys.openMany<InvitationDetails>(found.map(({ document }) => document.details))
    const opened = found.flatMap(({ id: found, document, created_at }, n): FoundInvitation[] => {
      const known = details[n]
      // One that ended since it was read shows nothing any more.
      return known ? [{ id: found, terms: document, details: known, createdAt: new Date(created_at) }] : []
    })
    return { rows: opened, total }
  }
}

const OPEN = 'organization_invitations where organization_id = $1 and ($2::text is null or id = $2) and accepted_by is null and expires_at > clock_timestamp()'
