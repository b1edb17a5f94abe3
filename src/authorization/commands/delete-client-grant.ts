import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { clientGrant, deleteClientGrant } from '../client-grant/client-grant.js'
import { writeClientGrant } from '../client-grant/client-grant-table.js'

/** Takes from a client what it may ask for at an API. Repeating it changes nothing. */
export class DeleteClientGrant extends Command<void> {
  constructor(
    readonly id: string,
    readonly context: Context,
  ) {
    super()
  }
}

@CommandHandler(DeleteClientGrant)
export class DeleteClientGrantHandler implements ICommandHandler<DeleteClientGrant> {
  constructor(private readonly store: EventStore) {}

  async execute({ id, context }: DeleteClientGrant): Promise<void> {
    await this.store.transact(clientGrant, id, deleteClientGrant, context, (db, state, now) => writeClientGrant(db, id, state, now))
  }
}
