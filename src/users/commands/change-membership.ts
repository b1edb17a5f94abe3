import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { changeMembership, type MembershipChange, type MembershipOutcome } from '../user/membership.js'
import { OrganizationGoneError, writeMembership } from '../user/membership-table.js'
import { user } from '../user/user.js'

/**
 * Makes a user a member of an organization, or ends that with all roles that they had there. Answers 'no-organization', and changes nothing,
 * when there is none to join. Repeating it changes nothing.
 */
export class ChangeMembership extends Command<MembershipOutcome | 'no-organization'> {
  constructor(
    readonly userId: string,
    readonly organizationId: string,
    readonly change: MembershipChange,
    readonly context: Context,
  ) {
    super()
  }
}

@CommandHandler(ChangeMembership)
export class ChangeMembershipHandler implements ICommandHandler<ChangeMembership> {
  constructor(private readonly store: EventStore) {}

  async execute({ userId, organizationId, change, context }: ChangeMembership): Promise<MembershipOutcome | 'no-organization'> {
    try {
      const { result } = await this.store.transact(
        user,
        userId,
        (state) => changeMembership(state, organizationId, change),
        { ...context, userId, organizationId },
        (db, state, now) => writeMembership(db, userId, organizationId, state.status === 'present' ? state : {}, now),
      )
      return result
    } catch (error) {
      if (error instanceof OrganizationGoneError) return 'no-organization'
      throw error
    }
  }
}
