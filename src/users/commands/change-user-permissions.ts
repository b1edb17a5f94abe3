import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { changeUserPermissions, type DirectPermissionChange } from '../user/access.js'
import { writeAccess } from '../user/access-table.js'
import { user } from '../user/user.js'

/** Gives permissions to a user directly, or takes them. Repeating it changes nothing. */
export class ChangeUserPermissions extends Command<'changed' | 'absent' | 'too many'> {
  constructor(
    readonly userId: string,
    readonly change: DirectPermissionChange,
    readonly context: Context,
  ) {
    super()
  }
}

@CommandHandler(ChangeUserPermissions)
export class ChangeUserPermissionsHandler implements ICommandHandler<ChangeUserPermissions> {
  constructor(private readonly store: EventStore) {}

  async execute({ userId, change, context }: ChangeUserPermissions): Promise<'changed' | 'absent' | 'too many'> {
    const { result } = await this.store.transact(
      user,
      userId,
      (state) => changeUserPermissions(state, change),
      context,
      (db, state, now) => writeAccess(db, userId, state.status === 'present' ? state : {}, now),
    )
    return result
  }
}
