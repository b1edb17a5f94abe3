import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { type ClientSwitches, connection, switchClients } from '../connection/connection.js'
import { writeConnection } from '../connection/connection-table.js'

/** Says which clients people may log in to through a connection; those that are not named stay as they are. */
export class SwitchConnectionClients extends Command<'changed' | 'absent'> {
  constructor(
    readonly connectionId: string,
    readonly switches: ClientSwitches,
    readonly context: Context,
  ) {
    super()
  }
}

@CommandHandler(SwitchConnectionClients)
export class SwitchConnectionClientsHandler implements ICommandHandler<SwitchConnectionClients> {
  constructor(private readonly store: EventStore) {}

  async execute({ connectionId: id, switches, context }: SwitchConnectionClients): Promise<'changed' | 'absent'> {
    const { result } = await this.store.transact(
      connection,
      id,
      (state) => switchClients(state, switches),
      context,
      (db, state, now) => writeConnection(db, id, state, now),
    )
    return result
  }
}
