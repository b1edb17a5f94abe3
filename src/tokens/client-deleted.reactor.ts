import { Injectable } from '@nestjs/common'
import { CommandBus } from '@nestjs/cqrs'
import { type ClientEvent, clientUpcasters } from '../authorization/index.js'
import { idIn, type SealedEvent } from '../event-store/event.js'
import type { Reactor } from '../event-store/projection.js'
import { RevokeRefreshTokens } from './commands/revoke-refresh-tokens.js'

/** With a client go its refresh tokens; it can spend none meanwhile, since nobody can authenticate as it. */
@Injectable()
export class ClientDeletedReactor implements Reactor<ClientEvent> {
  readonly name = 'client_deleted'
  readonly upcasters = clientUpcasters

  constructor(private readonly commands: CommandBus) {}

  async react({ type, streamId, metadata: { at } }: SealedEvent<ClientEvent>): Promise<void> {
    if (type === 'ClientDeleted') {
      await this.commands.execute(new RevokeRefreshTokens({ clientId: idIn(streamId) }, 'client-deleted', {}, at))
    }
  }
}
