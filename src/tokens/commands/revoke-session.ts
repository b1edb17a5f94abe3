import { Command, CommandBus, CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs'
import type { Context } from '../../event-store/event.js'
import { EndSession, FindSessionById, FindSessionState } from '../../sessions/index.js'
import { RevokeRefreshTokens } from './revoke-refresh-tokens.js'

/**
 * Ends a session and the refresh tokens that began in it (spec/sessions.md §6). Answers false where it was over already; what such an end has left
 * undone is done by then. Safe to repeat.
 */
export class RevokeSession extends Command<boolean> {
  constructor(
    readonly sessionId: string,
    readonly context: Context,
  ) {
    super()
  }
}

@CommandHandler(RevokeSession)
export class RevokeSessionHandler implements ICommandHandler<RevokeSession> {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  /** In this order: a login that still found the session began before its end. SessionRevokedReactor finishes what ends in between. */
  async execute({ sessionId, context }: RevokeSession): Promise<boolean> {
    const session = await this.queries.execute(new FindSessionById(sessionId))
    if (session) await this.commands.execute(new EndSession(sessionId, 'revoked', { ...context, userId: session.userId }, { endsRefreshTokens: true }))
    const state = await this.queries.execute(new FindSessionState(sessionId))
    const end = state.status === 'ended' ? state : undefined
    const until = end?.endsRefreshTokensAt
    // Whoever else ended it meanwhile may have meant to leave them.
    const owner = session ?? (until === undefined ? undefined : end)
    if (owner) await this.commands.execute(new RevokeRefreshTokens({ userId: owner.userId, sessionId }, 'api-bulk', context, until))
    return session !== undefined
  }
}
