import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import { type PendingLogin, SuspendedLogins } from '../post-login/suspended-logins.js'

/** Keeps a login until its browser, named by its secret, is back; answers the state to send it away with. Errors: the database's. */
export class SuspendLogin extends Command<string> {
  constructor(
    readonly login: PendingLogin,
    readonly binding: string,
  ) {
    super()
  }
}

@CommandHandler(SuspendLogin)
export class SuspendLoginHandler implements ICommandHandler<SuspendLogin> {
  constructor(private readonly suspended: SuspendedLogins) {}

  execute({ login, binding }: SuspendLogin): Promise<string> {
    return this.suspended.keep(login, binding)
  }
}
