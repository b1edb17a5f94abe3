import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { PersonKeys } from '../../keys/person-keys.js'
import { user } from '../user/user.js'

/** Finishes what DeleteUser began, where the process ended between its two steps. Leaves alone whoever bears the id by now. Safe to repeat. */
export class EraseDeletedUser extends Command<void> {
  constructor(
    readonly userId: string,
    readonly deletedAt: string,
    readonly context: Context,
  ) {
    super()
  }
}

@CommandHandler(EraseDeletedUser)
export class EraseDeletedUserHandler implements ICommandHandler<EraseDeletedUser> {
  constructor(
    private readonly store: EventStore,
    private readonly personKeys: PersonKeys,
  ) {}

  async execute({ userId, deletedAt, context }: EraseDeletedUser): Promise<void> {
    const { state } = await this.store.read(user, userId)
    if (state.status === 'absent') await this.personKeys.erase(userId, context, { madeBefore: deletedAt })
  }
}
