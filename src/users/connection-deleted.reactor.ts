import { Injectable } from '@nestjs/common'
import { CommandBus } from '@nestjs/cqrs'
import { idIn, type SealedEvent } from '../event-store/event.js'
import type { Reactor } from '../event-store/projection.js'
import { DeleteUsersOfConnection } from './commands/delete-users-of-connection.js'
import { type ConnectionEvent, connectionUpcasters } from './connection/connection.events.js'

/** With a connection go the people who came through it, as with Auth0. */
@Injectable()
export class ConnectionDeletedReactor implements Reactor<ConnectionEvent> {
  readonly name = 'connection_deleted'
  readonly upcasters = connectionUpcasters

  constructor(private readonly commands: CommandBus) {}

  async react({ type, streamId, metadata }: SealedEvent<ConnectionEvent>): Promise<void> {
    if (type !== 'ConnectionDeleted') return
    const { actor, clientId } = metadata
    const by = { ...(actor !== undefined && { actor }), ...(clientId !== undefined && { clientId }) }
    await this.commands.execute(new DeleteUsersOfConnection(idIn(streamId), by))
  }
}
