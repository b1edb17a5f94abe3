import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { PersonKeys } from '../../keys/person-keys.js'
import { endInvitation, invitation, invitedPerson } from '../invitation/invitation.js'
import type { InvitationEnd } from '../invitation/invitation.events.js'
import { InvitationGoneError, removeInvitation } from '../invitation/invitation-table.js'

/**
 * Ends an invitation: nobody can accept it any more, and what it said of people is erased. Answers 'absent' for one that has ended, or was
 * accepted a moment ago. Safe to repeat.
 */
export class EndInvitation extends Command<'ended' | 'absent'> {
  constructor(
    readonly invitationId: string,
    /** `accepted` only follows from its acceptance (commands/accept-invitation.ts). */
    readonly reason: InvitationEnd,
    readonly context: Context,
  ) {
    super()
  }
}

@CommandHandler(EndInvitation)
export class EndInvitationHandler implements ICommandHandler<EndInvitation> {
  constructor(
    private readonly store: EventStore,
    private readonly personKeys: PersonKeys,
  ) {}

  /** Two streams, so two transactions: where the process ends between them the event's reactor gives the command again. */
  async execute({ invitationId: id, reason, context }: EndInvitation): Promise<'ended' | 'absent'> {
    const accepted = reason === 'accepted'
    try {
      const { result } = await this.store.transact(
        invitation,
        id,
        (state) => endInvitation(state, reason),
        context,
        accepted ? undefined : (db) => removeInvitation(db, id),
      )
      await this.personKeys.erase(invitedPerson(id), context)
      return result
    } catch (error) {
      if (error instanceof InvitationGoneError) return 'absent'
      throw error
    }
  }
}
