import { Injectable } from '@nestjs/common'
import { CommandBus } from '@nestjs/cqrs'
import { idIn, type SealedEvent } from '../event-store/event.js'
import type { Reactor } from '../event-store/projection.js'
import { EraseDeletedUser } from './commands/erase-deleted-user.js'
import { type UserEvent, userUpcasters } from './user/user.events.js'

/** Who is deleted is erased, whatever happened to the process that deleted them. */
@Injectable()
export class UserErasureReactor implements Reactor<UserEvent> {
  readonly name = 'user_erasure'
  readonly upcasters = userUpcasters

  constructor(private readonly commands: CommandBus) {}

  async react({ type, streamId, metadata: { at } }: SealedEvent<UserEvent>): Promise<void> {
    if (type === 'UserDeleted') await this.commands.execute(new EraseDeletedUser(idIn(streamId), at, {}))
  }
}
