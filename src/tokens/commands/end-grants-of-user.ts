import { Command, CommandBus, CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs'
import { WithdrawConsentsOf } from '../../authorization/index.js'
import type { Context } from '../../event-store/event.js'
import { WithdrawOnlineAccess } from '../../sessions/index.js'
import { FindUser } from '../../users/index.js'
import { RevokeRefreshTokens } from './revoke-refresh-tokens.js'

/** Takes from all clients what a person let them have, and ends all of the person's refresh tokens, online ones too (spec/refresh-tokens.md §10). Safe to repeat. */
export class EndGrantsOfUser extends Command<void> {
  constructor(
    readonly userId: string,
    readonly context: Context,
  ) {
    super()
  }
}

@CommandHandler(EndGrantsOfUser)
export class EndGrantsOfUserHandler implements ICommandHandler<EndGrantsOfUser> {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  /** As in EndGrant. For somebody who never was nothing is written. */
  async execute({ userId, context }: EndGrantsOfUser): Promise<void> {
    const withdrawn = await this.commands.execute(new WithdrawConsentsOf({ userId }, 'all-deleted', context))
    if (withdrawn === 0 && !(await this.queries.execute(new FindUser({ userId })))) return
    await this.commands.execute(new RevokeRefreshTokens({ userId }, 'grant-deleted', context))
    await this.commands.execute(new WithdrawOnlineAccess({ userId }, {}, 'grant-deleted', context))
  }
}
