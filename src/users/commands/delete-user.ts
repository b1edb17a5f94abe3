import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { PersonKeys } from '../../keys/person-keys.js'
import { deleteUser, user } from '../user/user.js'
import { updateUser } from '../user/user-table.js'

/** Removes the user and erases the person: what the log says of them can be read by nobody any more. Repeating it changes nothing. */
export class DeleteUser extends Command<void> {
  constructor(
    readonly userId: string,
    readonly context: Context,
  ) {
    super()
  }
}

@CommandHandler(DeleteUser)
export class DeleteUserHandler implements ICommandHandler<DeleteUser> {
  constructor(
    private readonly store: EventStore,
    private readonly personKeys: PersonKeys,
  ) {}

  /** Two streams, so two transactions: repeating the command after a failure between them finishes it. */
  async execute({ userId, context }: DeleteUser): Promise<void> {
    await this.store.transact(user, userId, deleteUser, context, (db, state) => updateUser(db, userId, state))
    await this.personKeys.erase(userId, context)
  }
}
