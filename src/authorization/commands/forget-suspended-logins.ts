import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import { SuspendedLogins } from '../post-login/suspended-logins.js'

/** Clears away logins whose browsers did not come back in time; answers how many. To be given every so often. */
export class ForgetSuspendedLogins extends Command<number> {}

@CommandHandler(ForgetSuspendedLogins)
export class ForgetSuspendedLoginsHandler implements ICommandHandler<ForgetSuspendedLogins> {
  constructor(private readonly suspended: SuspendedLogins) {}

  execute(): Promise<number> {
    return this.suspended.forget()
  }
}
