import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { client, deleteClient } from '../client/client.js'
import { writeClient } from '../client/client-table.js'

/** Removes a client, which can authenticate no more within a second; what it was given goes by reactors. Repeating it changes nothing. */
export class DeleteClient extends Command<'deleted' | 'global client'> {
  constructor(
    readonly clientId: string,
    readonly context: Context,
  ) {
    super()
  }
}

@CommandHandler(DeleteClient)
export class DeleteClientHandler implements ICommandHandler<DeleteClient> {
  constructor(private readonly store: EventStore) {}

  async execute({ clientId, context }: DeleteClient): Promise<'deleted' | 'global client'> {
    const { result } = await this.store.transact(client, clientId, deleteClient, context, (db, state, now) => writeClient(db, clientId, state, now))
    return result
  }
}
