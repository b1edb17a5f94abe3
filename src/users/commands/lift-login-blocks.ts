import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import { type AccountKey, LoginAccounts } from '../login/accounts.js'
import { LoginAttempts } from '../login/login-attempts.js'

/** Forgets the wrong passwords that were counted for an account. Who asked for it stands in the log of requests. */
export class LiftLoginBlocks extends Command<void> {
  constructor(readonly key: AccountKey) {
    super()
  }
}

@CommandHandler(LiftLoginBlocks)
export class LiftLoginBlocksHandler implements ICommandHandler<LiftLoginBlocks> {
  constructor(
    private readonly accounts: LoginAccounts,
    private readonly attempts: LoginAttempts,
  ) {}

  async execute({ key }: LiftLoginBlocks): Promise<void> {
    const accounts = await this.accounts.of(key)
    await this.attempts.forgetAll(accounts.map(({ account }) => account))
  }
}
