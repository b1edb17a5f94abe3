import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import { isUniqueViolation } from '../../database/errors.js'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import type { ClientGrantDocument } from '../client-grant/client-grant.events.js'
import { clientGrant, createClientGrant } from '../client-grant/client-grant.js'
import { writeClientGrant } from '../client-grant/client-grant-table.js'

/** Answers 'exists', and changes nothing, when the client has a grant for the API. */
export class CreateClientGrant extends Command<'created' | 'exists'> {
  constructor(
    readonly clientGrant: ClientGrantDocument,
    readonly context: Context,
  ) {
    super()
  }
}

@CommandHandler(CreateClientGrant)
export class CreateClientGrantHandler implements ICommandHandler<CreateClientGrant> {
  constructor(private readonly store: EventStore) {}

  async execute({ clientGrant: document, context }: CreateClientGrant): Promise<'created' | 'exists'> {
    const { id } = document
    try {
      const { result } = await this.store.transact(
        clientGrant,
        id,
        (state) => createClientGrant(state, document),
        context,
        (db, state, now) => writeClientGrant(db, id, state, now),
      )
      return result
    } catch (error) {
      if (isUniqueViolation(error)) return 'exists'
      throw error
    }
  }
}
