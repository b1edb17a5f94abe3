import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import { isUniqueViolation, violatedConstraint } from '../../database/errors.js'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { RootKeys } from '../../keys/root-key.js'
import type { ConnectionDocument } from '../connection/connection.events.js'
import { connection, createConnection } from '../connection/connection.js'
import { UNIQUE_REALM, writeConnection } from '../connection/connection-table.js'
import { encryptSecrets, secretNames, splitOptions } from '../connection/secret-options.js'

/** Answers 'exists' or 'realm-exists', and changes nothing, when its id or name, or one of its realms, is taken. Secrets in `options` go into the table alone. */
export class CreateConnection extends Command<'created' | 'exists' | 'realm-exists'> {
  constructor(
    readonly connection: ConnectionDocument,
    readonly context: Context,
  ) {
    super()
  }
}

@CommandHandler(CreateConnection)
export class CreateConnectionHandler implements ICommandHandler<CreateConnection> {
  constructor(
    private readonly store: EventStore,
    private readonly rootKeys: RootKeys,
  ) {}

  async execute({ connection: document, context }: CreateConnection): Promise<'created' | 'exists' | 'realm-exists'> {
    const { id } = document
    const { open, secret } = splitOptions(document.options)
    const encrypted = encryptSecrets(this.rootKeys, id, secret)
    try {
      const { result } = await this.store.transact(
        connection,
        id,
        (state) => createConnection(state, { ...document, options: open }, secretNames(secret)),
        context,
        (db, state, now) => writeConnection(db, id, state, now, encrypted),
      )
      return result
    } catch (error) {
      if (!isUniqueViolation(error)) throw error
      return violatedConstraint(error) === UNIQUE_REALM ? 'realm-exists' : 'exists'
    }
  }
}
