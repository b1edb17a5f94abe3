import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { hashPassword } from '../user/password.js'
import { changePassword, user } from '../user/user.js'
import { updateUser } from '../user/user-table.js'

/** Whether the new password is good enough is for the caller to say. */
export class ChangePassword extends Command<'changed' | 'absent'> {
  constructor(
    readonly userId: string,
    readonly password: string,
    readonly context: Context,
  ) {
    super()
  }
}

@CommandHandler(ChangePassword)
export class ChangePasswordHandler implements ICommandHandler<ChangePassword> {
  constructor(private readonly store: EventStore) {}

  async execute({ userId, password, context }: ChangePassword): Promise<'changed' | 'absent'> {
    const passwordHash = await hashPassword(password)
    const { result } = await this.store.transact(user, userId, changePassword, context, (db, state) => updateUser(db, userId, state, { passwordHash }))
    return result
  }
}
