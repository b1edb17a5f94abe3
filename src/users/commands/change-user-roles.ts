import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { changeUserRoles, type RoleChange } from '../user/access.js'
import { RoleGoneError, writeAccess } from '../user/access-table.js'
import { user } from '../user/user.js'

/** Gives roles to a user, or takes them. Answers 'no-role', and changes nothing, when one that is given is not there. Repeating it changes nothing. */
export class ChangeUserRoles extends Command<'changed' | 'absent' | 'too many' | 'no-role'> {
  constructor(
    readonly userId: string,
    readonly change: RoleChange,
    readonly context: Context,
  ) {
    super()
  }
}

@CommandHandler(ChangeUserRoles)
export class ChangeUserRolesHandler implements ICommandHandler<ChangeUserRoles> {
  constructor(private readonly store: EventStore) {}

  async execute({ userId, change, context }: ChangeUserRoles): Promise<'changed' | 'absent' | 'too many' | 'no-role'> {
    const assigned = 'assign' in change ? change.assign : []
    try {
      const { result } = await this.store.transact(
        user,
        userId,
        (state) => changeUserRoles(state, change),
        context,
        (db, state, now) => writeAccess(db, userId, state.status === 'present' ? state : {}, now, assigned),
      )
      return result
    } catch (error) {
      if (error instanceof RoleGoneError) return 'no-role'
      throw error
    }
  }
}
