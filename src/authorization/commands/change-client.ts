import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import type { Changes } from '../../event-store/difference.js'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { RootKeys } from '../../keys/root-key.js'
import type { ClientDocument } from '../client/client.events.js'
import { changeClient, client } from '../client/client.js'
import { encryptSecret, writeClient } from '../client/client-table.js'

/** Sets the members that are named (undefined takes one away) and, where given, the secret. */
export class ChangeClient extends Command<'changed' | 'absent'> {
  constructor(
    readonly clientId: string,
    readonly changes: Changes<Omit<ClientDocument, 'client_id' | 'global'>>,
    readonly context: Context,
    readonly newSecret?: string,
  ) {
    super()
  }
}

@CommandHandler(ChangeClient)
export class ChangeClientHandler implements ICommandHandler<ChangeClient> {
  constructor(
    private readonly store: EventStore,
    private readonly rootKeys: RootKeys,
  ) {}

  async execute({ clientId, changes, newSecret, context }: ChangeClient): Promise<'changed' | 'absent'> {
    const encrypted = newSecret === undefined ? undefined : encryptSecret(this.rootKeys, clientId, newSecret)
    const { result } = await this.store.transact(
      client,
      clientId,
      (state) => changeClient(state, changes, { newSecret: encrypted !== undefined }),
      context,
      (db, state, now) => writeClient(db, clientId, state, now, encrypted),
    )
    return result
  }
}
