import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { deleteResourceServer, resourceServer } from '../resource-server/resource-server.js'
import { writeResourceServer } from '../resource-server/resource-server-table.js'

/** Removes an API. Repeating it changes nothing. */
export class DeleteResourceServer extends Command<'deleted' | 'system'> {
  constructor(
    readonly id: string,
    readonly context: Context,
  ) {
    super()
  }
}

@CommandHandler(DeleteResourceServer)
export class DeleteResourceServerHandler implements ICommandHandler<DeleteResourceServer> {
  constructor(private readonly store: EventStore) {}

  async execute({ id, context }: DeleteResourceServer): Promise<'deleted' | 'system'> {
    const { result } = await this.store.transact(resourceServer, id, deleteResourceServer, context, (db, state, now) => writeResourceServer(db, id, state, now))
    return result
  }
}
