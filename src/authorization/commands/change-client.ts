import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import type { Changes } from '../../event-store/difference.js'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { RootKeys } from '../../keys/root-key.js'
import type { ClientCredential, ClientDocument } from '../client/client.events.js'
import { changeClient, client } from '../client/client.js'
import { AliasTakenError, checkAliases, encryptSecret, writeClient } from '../client/client-table.js'

export type ClientChanges = Changes<Omit<ClientDocument, 'client_id' | 'global'>>

/**
 * Sets the members that are named (undefined takes one away) and, where given, the secret. Changes that depend on what the client is come
 * as a function of it, so that two at once do not undo each other. Answers 'alias-taken', and changes nothing, when another client has an alias that is set.
 */
export class ChangeClient extends Command<'changed' | 'absent' | 'alias-taken'> {
  constructor(
    readonly clientId: string,
    readonly changes: ClientChanges | ((client: ClientDocument, credentials: readonly ClientCredential[]) => ClientChanges),
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

  async execute({ clientId, changes, newSecret, context }: ChangeClient): Promise<'changed' | 'absent' | 'alias-taken'> {
    const encrypted = newSecret === undefined ? undefined : encryptSecret(this.rootKeys, clientId, newSecret)
    let setsAliases = false
    try {
      const { result } = await this.store.transact(
        client,
        clientId,
        (state) => {
          const wanted = typeof changes !== 'function' ? changes : state.status === 'present' ? changes(state.client, state.credentials) : {}
          setsAliases = 'client_aliases' in wanted
          return changeClient(state, wanted, { newSecret: encrypted !== undefined })
        },
        context,
        async (db, state, now) => {
          if (setsAliases) await checkAliases(db, clientId, state)
          await writeClient(db, clientId, state, now, encrypted)
        },
      )
      return result
    } catch (error) {
      if (error instanceof AliasTakenError) return 'alias-taken'
      throw error
    }
  }
}
