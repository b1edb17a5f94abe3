import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { connection, deleteConnection } from '../connection/connection.js'
import { writeConnection } from '../connection/connection-table.js'

/** Removes a connection; nobody logs in through it from then on, and its users go after it (connection-deleted.reactor.ts). Repeating it changes nothing. */
export class DeleteConnection extends Command<void> {
  constructor(
    readonly connectionId: string,
    readonly context: Context,
  ) {
    super()
  }
}

@CommandHandler(DeleteConnection)
export class DeleteConnectionHandler implements ICommandHandler<DeleteConnection> {
  constructor(private readonly store: EventStore) {}

  async execute({ connectionId: id, context }: DeleteConnection): Promise<void> {
    await this.store.transact(connection, id, deleteConnection, context, (db, state, now) => writeConnection(db, id, state, now))
  }
}
