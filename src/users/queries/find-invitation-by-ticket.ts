import { Inject } from '@nestjs/common'
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs'
import pg from 'pg'
import { PersonKeys } from '../../keys/person-keys.js'
import type { InvitationDetails } from '../invitation/invitation.events.js'
import { findInvitationRow } from '../invitation/invitation-table.js'

/** An invitation as its link finds it, until it is overdue. */
export interface PresentedInvitation {
  readonly id: string
  readonly organizationId: string
  readonly clientId: string
  readonly connectionId: string | undefined
  /** Whoever signs up with it has shown that the address is theirs. */
  readonly provesEmail: boolean
  /** The invited address; undefined once it was accepted and what it said of people is erased. */
  readonly email: string | undefined
  /** Who has used it up. */
  readonly acceptedBy: string | undefined
}

export class FindInvitationByTicket extends Query<PresentedInvitation | undefined> {
  constructor(readonly ticket: string) {
    super()
  }
}

@QueryHandler(FindInvitationByTicket)
export class FindInvitationByTicketHandler implements IQueryHandler<FindInvitationByTicket> {
  constructor(
    @Inject(pg.Pool) private readonly pool: pg.Pool,
    private readonly personKeys: PersonKeys,
  ) {}

  async execute({ ticket }: FindInvitationByTicket): Promise<PresentedInvitation | undefined> {
    const row = await findInvitationRow(this.pool, { ticket })
    if (!row) return undefined
    const { organizationId, clientId, connectionId, emailed, details } = row.document
    const email = (await this.personKeys.open<InvitationDetails>(details))?.email
    // Nobody has accepted it and it cannot be read: it has just ended.
    if (email === undefined && row.accepted_by === null) return undefined
    return { id: row.id, organizationId, clientId, connectionId, provesEmail: emailed, email, acceptedBy: row.accepted_by ?? undefined }
  }
}
