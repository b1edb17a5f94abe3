import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import { isUniqueViolation } from '../../database/errors.js'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import type { ResourceServerDocument } from '../resource-server/resource-server.events.js'
import { createResourceServer, resourceServer } from '../resource-server/resource-server.js'
import { writeResourceServer } from '../resource-server/resource-server-table.js'

/** Answers 'exists', and changes nothing, when its id or its identifier is taken. */
export class CreateResourceServer extends Command<'created' | 'exists'> {
  constructor(
    readonly resourceServer: ResourceServerDocument,
    readonly context: Context,
  ) {
    super()
  }
}

@CommandHandler(CreateResourceServer)
export class CreateResourceServerHandler implements ICommandHandler<CreateResourceServer> {
  constructor(private readonly store: EventStore) {}

  async execute({ resourceServer: document, context }: CreateResourceServer): Promise<'created' | 'exists'> {
    const { id } = document
    try {
      const { result } = await this.store.transact(
        resourceServer,
        id,
        (state) => createResourceServer(state, document),
        context,
        (db, state, now) => writeResourceServer(db, id, state, now),
      )
      return result
    } catch (error) {
      if (isUniqueViolation(error)) return 'exists'
      throw error
    }
  }
}
