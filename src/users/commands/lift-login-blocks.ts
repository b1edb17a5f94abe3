import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import { type AccountKey, LoginAccounts } from '../login/accounts.js'
import { LoginAttempts } from '../login/login-attempts.js'

/** An account that was closed and is open now: of a user, or of what people type and nobody has. */
interface OpenedAccount {
  /** The connection's name. */
  readonly connection: string
  readonly userId?: string
}

/** Forgets the wrong passwords that were counted for an account. Answers what was closed by them; several askers are told once. */
export class LiftLoginBlocks extends Command<readonly OpenedAccount[]> {
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

  async execute({ key }: LiftLoginBlocks): Promise<OpenedAccount[]> {
    const accounts = await this.accounts.of(key)
    const opened = await this.attempts.forgetAll(accounts.map(({ account }) => account))
    return accounts.filter(({ account }) => opened.has(account)).map(({ account: _, ...told }) => told)
  }
}
