import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import { isUniqueViolation } from '../../database/errors.js'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import type { ConnectionDocument } from '../connection/connection.events.js'
import { connection, createConnection } from '../connection/connection.js'
import { writeConnection } from '../connection/connection-table.js'

/** Answers 'exists', and changes nothing, when its id or its name is taken. */
export class CreateConnection extends Command<'created' | 'exists'> {
  constructor(
    readonly connection: ConnectionDocument,
    readonly context: Context,
  ) {
    super()
  }
}

@CommandHandler(CreateConnection)
export class CreateConnectionHandler implements ICommandHandler<CreateConnection> {
  constructor(private readonly store: EventStore) {}

  async execute({ connection: document, context }: CreateConnection): Promise<'created' | 'exists'> {
    const { id } = document
    try {
      const { result } = await this.store.transact(
        connection,
        id,
        (state) => createConnection(state, document),
        context,
        (db, state, now) => writeConnection(db, id, state, now),
      )
      return result
    } catch (error) {
      if (isUniqueViolation(error)) return 'exists'
      throw error
    }
  }
}
