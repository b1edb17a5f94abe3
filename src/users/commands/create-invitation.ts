import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { PersonKeys } from '../../keys/person-keys.js'
import { createInvitation, invitation, invitedPerson } from '../invitation/invitation.js'
import type { InvitationDetails, InvitationTerms } from '../invitation/invitation.events.js'
import { insertInvitation, ticketHashOf } from '../invitation/invitation-table.js'
import { normalizedEmail } from '../user/email.js'
import { OrganizationGoneError } from '../user/membership-table.js'

interface NewInvitation extends Omit<InvitationTerms, 'expiresAt' | 'ticketHash' | 'details'> {
  readonly id: string
  readonly ttlSeconds: number
  readonly details: InvitationDetails
}

/** Invites somebody to an organization: whoever bears the address and has the ticket may join it, once. Answers 'no-organization' when it is not there. */
export class CreateInvitation extends Command<'created' | 'exists' | 'no-organization'> {
  constructor(
    readonly invitation: NewInvitation,
    readonly context: Context,
  ) {
    super()
  }
}

@CommandHandler(CreateInvitation)
export class CreateInvitationHandler implements ICommandHandler<CreateInvitation> {
  constructor(
    private readonly store: EventStore,
    private readonly personKeys: PersonKeys,
  ) {}

  async execute({ invitation: fresh, context }: CreateInvitation): Promise<'created' | 'exists' | 'no-organization'> {
    const { id, ttlSeconds, details, ...terms } = fresh
    const sealed = await this.personKeys.seal(invitedPerson(id), { ...details, email: normalizedEmail(details.email) } satisfies InvitationDetails)
    const complete = (now: Date): InvitationTerms => ({
      ...terms,
      expiresAt: new Date(now.getTime() + ttlSeconds * 1000).toISOString(),
      ticketHash: ticketHashOf(details.ticket),
      details: sealed,
    })
    try {
      const { result } = await this.store.transact(
        invitation,
        id,
        (state, now) => createInvitation(state, complete(now)),
        { ...context, organizationId: terms.organizationId },
        async (db, state, now) => {
          if (state.status === 'open') await insertInvitation(db, id, state.invitation, now)
        },
      )
      return result
    } catch (error) {
      if (!(error instanceof OrganizationGoneError)) throw error
      await this.personKeys.erase(invitedPerson(id), context)
      return 'no-organization'
    }
  }
}
