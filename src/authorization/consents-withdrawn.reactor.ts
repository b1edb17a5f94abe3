import { Injectable } from '@nestjs/common'
import { CommandBus } from '@nestjs/cqrs'
import { idIn, type SealedEvent, type Upcasters } from '../event-store/event.js'
import type { Reactor } from '../event-store/projection.js'
import { type UserEvent, userUpcasters } from '../users/index.js'
import { type ClientEvent, clientUpcasters } from './client/client.events.js'
import { WithdrawConsentsOf } from './commands/withdraw-consents-of.js'

type Deletion = Extract<UserEvent, { type: 'UserDeleted' }> | Extract<ClientEvent, { type: 'ClientDeleted' }>

/** Only what is reacted to: every other event would be read for nothing. */
const UPCASTERS: Upcasters<Deletion> = { UserDeleted: userUpcasters.UserDeleted, ClientDeleted: clientUpcasters.ClientDeleted }

/** With a person goes what they let clients have, and with a client what people let it have. Whoever has the id by now gives consents of their own. */
@Injectable()
export class ConsentsWithdrawnReactor implements Reactor<Deletion> {
  readonly name = 'consents_withdrawn'
  readonly upcasters = UPCASTERS

  constructor(private readonly commands: CommandBus) {}

  async react({ type, streamId, metadata: { at } }: SealedEvent<Deletion>): Promise<void> {
    const id = idIn(streamId)
    const withdraw =
      type === 'UserDeleted'
        ? new WithdrawConsentsOf({ userId: id }, 'user-deleted', {}, at)
        : new WithdrawConsentsOf({ clientId: id }, 'client-deleted', {}, at)
    await this.commands.execute(withdraw)
  }
}
