import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import type { Context, Mark } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import type { LoginsEnded } from '../user/user.events.js'
import { endLogins, user } from '../user/user.js'
import { updateUser } from '../user/user-table.js'

/**
 * From now on no login of theirs counts that was made before; their sessions end after it (docs/adr/0008). Answers what `caughtUp` can wait for;
 * undefined for somebody who is not there.
 */
export class EndLogins extends Command<Mark | undefined> {
  constructor(
    readonly userId: string,
    readonly context: Context,
    readonly how: LoginsEnded = {},
  ) {
    super()
  }
}

@CommandHandler(EndLogins)
export class EndLoginsHandler implements ICommandHandler<EndLogins> {
  constructor(private readonly store: EventStore) {}

  async execute({ userId, context, how }: EndLogins): Promise<Mark | undefined> {
    const { mark } = await this.store.transact(
      user,
      userId,
      (state) => endLogins(state, how),
      context,
      (db, state) => updateUser(db, userId, state),
    )
    return mark
  }
}
