import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { appointAdministrator, user } from '../user/user.js'
import { updateUser } from '../user/user-table.js'

/** Gives a user the dashboard, with every scope of the Management API. Repeating it changes nothing. */
export class AppointAdministrator extends Command<'appointed' | 'absent'> {
  constructor(
    readonly userId: string,
    readonly context: Context,
  ) {
    super()
  }
}

@CommandHandler(AppointAdministrator)
export class AppointAdministratorHandler implements ICommandHandler<AppointAdministrator> {
  constructor(private readonly store: EventStore) {}

  async execute({ userId, context }: AppointAdministrator): Promise<'appointed' | 'absent'> {
    const { result } = await this.store.transact(user, userId, appointAdministrator, context, (db, state) => updateUser(db, userId, state))
    return result
  }
}
