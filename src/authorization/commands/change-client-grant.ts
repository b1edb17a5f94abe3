import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import type { Changes } from '../../event-store/difference.js'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import type { ClientGrantDocument } from '../client-grant/client-grant.events.js'
import { changeClientGrant, clientGrant } from '../client-grant/client-grant.js'
import { writeClientGrant } from '../client-grant/client-grant-table.js'

/** Sets the members that are named; client, API and subject type never change. */
export class ChangeClientGrant extends Command<'changed' | 'absent'> {
  constructor(
    readonly id: string,
    readonly changes: Changes<Omit<ClientGrantDocument, 'id' | 'client_id' | 'audience' | 'subject_type'>>,
    readonly context: Context,
  ) {
    super()
  }
}

@CommandHandler(ChangeClientGrant)
export class ChangeClientGrantHandler implements ICommandHandler<ChangeClientGrant> {
  constructor(private readonly store: EventStore) {}

  async execute({ id, changes, context }: ChangeClientGrant): Promise<'changed' | 'absent'> {
    const { result } = await this.store.transact(
      clientGrant,
      id,
      (state) => changeClientGrant(state, changes),
      context,
      (db, state, now) => writeClientGrant(db, id, state, now),
    )
    return result
  }
}
