import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import type { ClientCredential } from '../client/client.events.js'
import { client } from '../client/client.js'
import { writeClient } from '../client/client-table.js'
import { addCredential, type AddCredentialOutcome, removeCredential, setCredentialExpiry } from '../client/credentials.js'

type CredentialChange = { readonly add: ClientCredential } | { readonly id: string; readonly expiresAt: string | null } | { readonly remove: string }

type CredentialOutcome = AddCredentialOutcome | 'changed' | 'removed' | 'in use'

/** Adds or removes a public key of a client, or says when one ends. Removing what is not there changes nothing. */
export class ChangeClientCredentials extends Command<CredentialOutcome> {
  constructor(
    readonly clientId: string,
    readonly change: CredentialChange,
    readonly context: Context,
  ) {
    super()
  }
}

@CommandHandler(ChangeClientCredentials)
export class ChangeClientCredentialsHandler implements ICommandHandler<ChangeClientCredentials> {
  constructor(private readonly store: EventStore) {}

  async execute({ clientId, change, context }: ChangeClientCredentials): Promise<CredentialOutcome> {
    const { result } = await this.store.transact(
      client,
      clientId,
      (state) => {
        if ('add' in change) return addCredential(state, change.add)
        return 'remove' in change ? removeCredential(state, change.remove) : setCredentialExpiry(state, change.id, change.expiresAt)
      },
      context,
      (db, state, now) => writeClient(db, clientId, state, now),
    )
    return result
  }
}
