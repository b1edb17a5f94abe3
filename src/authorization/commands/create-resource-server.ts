import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import { isUniqueViolation } from '../../database/errors.js'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { RootKeys } from '../../keys/root-key.js'
import type { ResourceServerDocument } from '../resource-server/resource-server.events.js'
import { createResourceServer, resourceServer } from '../resource-server/resource-server.js'
import { writeResourceServer } from '../resource-server/resource-server-table.js'
import { encryptSigningSecret } from '../resource-server/signing-secret.js'

/** Answers 'exists', and changes nothing, when its id or its identifier is taken. */
export class CreateResourceServer extends Command<'created' | 'exists'> {
  constructor(
    readonly resourceServer: ResourceServerDocument,
    readonly context: Context,
    readonly signingSecret?: string,
  ) {
    super()
  }
}

@CommandHandler(CreateResourceServer)
export class CreateResourceServerHandler implements ICommandHandler<CreateResourceServer> {
  constructor(
    private readonly store: EventStore,
    private readonly rootKeys: RootKeys,
  ) {}

  async execute({ resourceServer: document, context, signingSecret }: CreateResourceServer): Promise<'created' | 'exists'> {
    const { id } = document
    const encrypted = signingSecret === undefined ? undefined : encryptSigningSecret(this.rootKeys, id, signingSecret)
    try {
      const { result } = await this.store.transact(
        resourceServer,
        id,
        (state) => createResourceServer(state, document),
        context,
        (db, state, now) => writeResourceServer(db, id, state, now, encrypted),
      )
      return result
    } catch (error) {
      if (isUniqueViolation(error)) return 'exists'
      throw error
    }
  }
}
