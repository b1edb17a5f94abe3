import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs'
import { type AccountKey, LoginAccounts } from '../login/accounts.js'
import { LoginAttempts } from '../login/login-attempts.js'

/** Names of the connections in which too many wrong passwords have closed an account, to whatever address. */
export class FindLoginBlocks extends Query<string[]> {
  constructor(readonly key: AccountKey) {
    super()
  }
}

@QueryHandler(FindLoginBlocks)
export class FindLoginBlocksHandler implements IQueryHandler<FindLoginBlocks> {
  constructor(
    private readonly accounts: LoginAccounts,
    private readonly attempts: LoginAttempts,
  ) {}

  async execute({ key }: FindLoginBlocks): Promise<string[]> {
    const accounts = await this.accounts.of(key)
    const closed = await this.attempts.closed(accounts.map(({ account }) => account))
    return accounts.filter(({ account }) => closed.has(account)).map(({ connection }) => connection)
  }
}
