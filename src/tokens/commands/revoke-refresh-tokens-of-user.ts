import { Inject } from '@nestjs/common'
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import { CONFIG, type Config } from '../../config.js'
import { CatchUp } from '../../event-store/catch-up.js'
import { EventStore } from '../../event-store/event-store.js'
import { NotYetError } from '../../event-store/projection.js'
import { RefreshTokensOfUser } from '../queries/refresh-tokens-of-user.js'
import { family, revoke } from '../refresh-token/family.js'
import { refreshTokensProjection } from '../refresh-token/refresh-tokens.projection.js'

const CATCH_UP_MS = 5000

/**
 * Ends the refresh tokens that a user had when something happened to them, at a position in the log (spec/refresh-tokens.md §10); after a
 * changed password unless PASSWORD_CHANGE_REFRESH_TOKENS keeps them. Answers how many. Safe to repeat.
 * Errors: NotYetError when the read model does not reach the position in 5 s.
 */
export class RevokeRefreshTokensOfUser extends Command<number> {
  constructor(
    readonly userId: string,
    readonly reason: 'user-deleted' | 'password-changed',
    readonly happened: { readonly at: string; readonly position: number },
  ) {
    super()
  }
}

@CommandHandler(RevokeRefreshTokensOfUser)
export class RevokeRefreshTokensOfUserHandler implements ICommandHandler<RevokeRefreshTokensOfUser> {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly store: EventStore,
    private readonly catchUp: CatchUp,
    private readonly ofUser: RefreshTokensOfUser,
  ) {}

  async execute({ userId, reason, happened: { at, position } }: RevokeRefreshTokensOfUser): Promise<number> {
    if (reason === 'password-changed' && this.config.settings.passwordChangeRefreshTokens === 'keep') return 0
    if (!(await this.catchUp.passed(refreshTokensProjection.name, position, CATCH_UP_MS))) throw new NotYetError('the list of refresh tokens is behind')
    let revoked = 0
    for (let page = await this.ofUser.find(userId, at, ''); page.length > 0; page = await this.ofUser.find(userId, at, page.at(-1)!)) {
      const ended = await Promise.all(page.map((id) => this.store.transact(family, id, (state) => revoke(state, reason), { userId })))
      revoked += ended.filter(({ result }) => result).length
    }
    return revoked
  }
}
