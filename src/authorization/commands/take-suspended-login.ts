import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import { type PendingLogin, SuspendedLogins } from '../post-login/suspended-logins.js'

/** The form of our states; anything else is not looked for. */
const STATE = /^[\w-]{43}$/

/**
 * Takes a login that waits for this browser, so that nobody else can. Undefined for a state that is unknown, used or too old, or another browser's.
 * Errors: the database's.
 */
export class TakeSuspendedLogin extends Command<PendingLogin | undefined> {
  constructor(
    readonly state: string,
    readonly binding: string,
  ) {
    super()
  }
}

@CommandHandler(TakeSuspendedLogin)
export class TakeSuspendedLoginHandler implements ICommandHandler<TakeSuspendedLogin> {
  constructor(private readonly suspended: SuspendedLogins) {}

  async execute({ state, binding }: TakeSuspendedLogin): Promise<PendingLogin | undefined> {
    return STATE.test(state) ? this.suspended.take(state, binding) : undefined
  }
}
