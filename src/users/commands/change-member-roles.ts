import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { RoleGoneError } from '../user/access-table.js'
import { changeMemberRoles, type MemberRoleChange, type MembershipOutcome } from '../user/membership.js'
import { OrganizationGoneError, writeMembership } from '../user/membership-table.js'
import { user } from '../user/user.js'

/**
 * Gives roles to a member of an organization, good there alone, or takes them. Answers 'absent' for who is no member, and 'no-role' when one
 * that is given is not there; both change nothing. Repeating it changes nothing.
 */
export class ChangeMemberRoles extends Command<MembershipOutcome | 'no-role'> {
  constructor(
    readonly userId: string,
    readonly organizationId: string,
    readonly change: MemberRoleChange,
    readonly context: Context,
  ) {
    super()
  }
}

@CommandHandler(ChangeMemberRoles)
export class ChangeMemberRolesHandler implements ICommandHandler<ChangeMemberRoles> {
  constructor(private readonly store: EventStore) {}

  async execute({ userId, organizationId, change, context }: ChangeMemberRoles): Promise<MembershipOutcome | 'no-role'> {
    const assigned = 'assign' in change ? change.assign : []
    try {
      const { result } = await this.store.transact(
        user,
        userId,
        (state) => changeMemberRoles(state, organizationId, change),
        { ...context, userId, organizationId },
        (db, state, now) => writeMembership(db, userId, organizationId, state.status === 'present' ? state : {}, now, assigned),
      )
      return result
    } catch (error) {
      if (error instanceof RoleGoneError) return 'no-role'
      if (error instanceof OrganizationGoneError) return 'absent'
      throw error
    }
  }
}
