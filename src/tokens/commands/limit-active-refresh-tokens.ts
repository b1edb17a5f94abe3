import { Inject } from '@nestjs/common'
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import { CONFIG, type Config } from '../../config.js'
import { CatchUp } from '../../event-store/catch-up.js'
import { EventStore } from '../../event-store/event-store.js'
import { NotYetError } from '../../event-store/projection.js'
import { RefreshTokensOverLimit } from '../queries/refresh-tokens-over-limit.js'
import { family, revoke } from '../refresh-token/family.js'
import { refreshTokensProjection } from '../refresh-token/refresh-tokens.projection.js'

const CATCH_UP_MS = 5000

/**
 * Revokes a user's oldest refresh tokens of one client beyond the limit (spec/refresh-tokens.md §12), as of a position in the log.
 * Answers how many. Safe to repeat. Errors: NotYetError when the read model does not reach the position in 5 s.
 */
export class LimitActiveRefreshTokens extends Command<number> {
  constructor(
    readonly userId: string,
    readonly clientId: string,
    readonly position: number,
  ) {
    super()
  }
}

@CommandHandler(LimitActiveRefreshTokens)
export class LimitActiveRefreshTokensHandler implements ICommandHandler<LimitActiveRefreshTokens> {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly store: EventStore,
    private readonly catchUp: CatchUp,
    private readonly overLimit: RefreshTokensOverLimit,
  ) {}

  async execute({ userId, clientId, position }: LimitActiveRefreshTokens): Promise<number> {
    if (!(await this.catchUp.passed(refreshTokensProjection.name, position, CATCH_UP_MS))) throw new NotYetError('the list of refresh tokens is behind')
    const limit = this.config.settings.rtMaxActivePerUserClient
    const victims = await this.overLimit.find(userId, clientId, limit)
    for (const [n, id] of victims.entries()) {
      const active = limit + victims.length - n
      await this.store.transact(family, id, (state, now) => revoke(state, 'limit', now, active), { userId, clientId })
    }
    return victims.length
  }
}
