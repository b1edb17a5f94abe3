import { Command, CommandBus, CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs'
import type { Context, Mark } from '../../event-store/event.js'
import { EndLogins, FindAccount } from '../../users/index.js'
import { RevokeRefreshTokens } from './revoke-refresh-tokens.js'

/** Ends all sessions and refresh tokens of a person (spec/sessions.md §6). Answers what `caughtUp` can wait for; undefined for somebody who is not there. */
export class RevokeAccess extends Command<Mark | undefined> {
  constructor(
    readonly userId: string,
    readonly context: Context,
  ) {
    super()
  }
}

@CommandHandler(RevokeAccess)
export class RevokeAccessHandler implements ICommandHandler<RevokeAccess> {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  /** In this order: a login that still found a session began before its end. UserDeletedReactor finishes what ends in between. */
  async execute({ userId, context }: RevokeAccess): Promise<Mark | undefined> {
    const ended = await this.commands.execute(new EndLogins(userId, context, { endsRefreshTokens: true }))
    const account = await this.queries.execute(new FindAccount(userId))
    await this.commands.execute(new RevokeRefreshTokens({ userId }, 'api-bulk', context, account?.loginsEndedAt))
    return ended
  }
}
