import { Command, CommandBus, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import type { Context } from '../../event-store/event.js'
import { UserIdsOfConnection } from '../queries/user-ids-of-connection.js'
import { DeleteUser } from './delete-user.js'

const AT_ONCE = 200

/** Deletes everybody who came through a connection that is gone. Safe to repeat, and to be stopped in the middle. */
export class DeleteUsersOfConnection extends Command<void> {
  constructor(
    readonly connectionId: string,
    readonly context: Context,
  ) {
    super()
  }
}

@CommandHandler(DeleteUsersOfConnection)
export class DeleteUsersOfConnectionHandler implements ICommandHandler<DeleteUsersOfConnection> {
  constructor(
    private readonly commands: CommandBus,
    private readonly userIds: UserIdsOfConnection,
  ) {}

  async execute({ connectionId, context }: DeleteUsersOfConnection): Promise<void> {
    for (;;) {
      const ids = await this.userIds.find(connectionId, AT_ONCE)
      for (const id of ids) await this.commands.execute(new DeleteUser(id, { ...context, userId: id }))
      if (ids.length < AT_ONCE) return
    }
  }
}
