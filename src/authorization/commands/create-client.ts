import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import { isUniqueViolation } from '../../database/errors.js'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { RootKeys } from '../../keys/root-key.js'
import type { ClientCredential, ClientDocument } from '../client/client.events.js'
import { client, createClient } from '../client/client.js'
import { AliasTakenError, checkAliases, encryptSecret, writeClient } from '../client/client-table.js'

/** Answers 'exists', and changes nothing, when the id or an alias is taken, or when there is a global client and this is one. */
export class CreateClient extends Command<'created' | 'exists'> {
  constructor(
    readonly client: ClientDocument,
    readonly secret: string,
    readonly context: Context,
    readonly credentials: readonly ClientCredential[] = [],
  ) {
    super()
  }
}

@CommandHandler(CreateClient)
export class CreateClientHandler implements ICommandHandler<CreateClient> {
  constructor(
    private readonly store: EventStore,
    private readonly rootKeys: RootKeys,
  ) {}

  async execute({ client: document, secret, context, credentials }: CreateClient): Promise<'created' | 'exists'> {
    const id = document.client_id
    const encrypted = encryptSecret(this.rootKeys, id, secret)
    try {
      const { result } = await this.store.transact(
        client,
        id,
        (state) => createClient(state, document, credentials),
        context,
        async (db, state, now) => {
          await checkAliases(db, id, state)
          await writeClient(db, id, state, now, encrypted)
        },
      )
      return result
    } catch (error) {
      if (isUniqueViolation(error) || error instanceof AliasTakenError) return 'exists'
      throw error
    }
  }
}
