import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import type { Changes } from '../../event-store/difference.js'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import type { ResourceServerDocument } from '../resource-server/resource-server.events.js'
import { changeResourceServer, resourceServer } from '../resource-server/resource-server.js'
import { writeResourceServer } from '../resource-server/resource-server-table.js'

/** Sets the members that are named. `bySystem` is for the start of this service, which alone may change the Management API. */
export class ChangeResourceServer extends Command<'changed' | 'absent' | 'system'> {
  constructor(
    readonly id: string,
    readonly changes: Changes<Omit<ResourceServerDocument, 'id' | 'identifier' | 'is_system'>>,
    readonly context: Context,
    readonly bySystem = false,
  ) {
    super()
  }
}

@CommandHandler(ChangeResourceServer)
export class ChangeResourceServerHandler implements ICommandHandler<ChangeResourceServer> {
  constructor(private readonly store: EventStore) {}

  async execute({ id, changes, context, bySystem }: ChangeResourceServer): Promise<'changed' | 'absent' | 'system'> {
    const { result } = await this.store.transact(
      resourceServer,
      id,
      (state) => changeResourceServer(state, changes, { bySystem }),
      context,
      (db, state, now) => writeResourceServer(db, id, state, now),
    )
    return result
  }
}
