import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import { isUniqueViolation } from '../../database/errors.js'
import type { Changes } from '../../event-store/difference.js'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { RootKeys } from '../../keys/root-key.js'
import type { ConnectionDocument } from '../connection/connection.events.js'
import { changeConnection, connection } from '../connection/connection.js'
import { writeConnection } from '../connection/connection-table.js'
import { encryptSecrets, secretNames, splitOptions } from '../connection/secret-options.js'

export type ConnectionChanges = Changes<Omit<ConnectionDocument, 'id' | 'name' | 'strategy' | 'enabled_clients' | 'disabled_clients'>>

/** Sets the members that are named; `options`, if among them, replace all options and, unless they are the same, their secrets. Answers 'realm-exists' when one of its realms is taken. */
export class ChangeConnection extends Command<'changed' | 'absent' | 'realm-exists'> {
  constructor(
    readonly connectionId: string,
    readonly changes: ConnectionChanges,
    readonly context: Context,
    readonly sameSecrets = false,
  ) {
    super()
  }
}

@CommandHandler(ChangeConnection)
export class ChangeConnectionHandler implements ICommandHandler<ChangeConnection> {
  constructor(
    private readonly store: EventStore,
    private readonly rootKeys: RootKeys,
  ) {}

  async execute({ connectionId: id, changes, context, sameSecrets }: ChangeConnection): Promise<'changed' | 'absent' | 'realm-exists'> {
    const options = changes.options && splitOptions(changes.options)
    const secret = sameSecrets ? undefined : options?.secret
    const encrypted = secret && encryptSecrets(this.rootKeys, id, secret)
    const wanted = options ? { ...changes, options: options.open } : changes
    try {
      const { result } = await this.store.transact(
        connection,
        id,
        (state) => changeConnection(state, wanted, secret && secretNames(secret)),
        context,
        (db, state, now) => writeConnection(db, id, state, now, encrypted),
      )
      return result
    } catch (error) {
      if (isUniqueViolation(error)) return 'realm-exists'
      throw error
    }
  }
}
