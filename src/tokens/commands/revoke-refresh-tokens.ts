import { Inject } from '@nestjs/common'
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import { CONFIG, type Config } from '../../config.js'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import type { RevocationReason } from '../refresh-token/family.events.js'
import { mark, refreshTokenMark } from '../refresh-token/mark.js'
import { markKey, type RefreshTokenSelection, scopeOf } from '../refresh-token/mark-key.js'
import { writeMark } from '../refresh-token/mark-table.js'

/**
 * Ends all refresh tokens of a selection whose logins began until now, however many they are, by one mark (docs/adr/0004): once this has
 * answered, none of them can be exchanged on any replica. `happenedAt` (ISO) is for what is told afterwards: it ends those from until then, and
 * nothing where that was done. After a changed password PASSWORD_CHANGE_REFRESH_TOKENS may keep them. Throws for a selection that is not one of
 * the six shapes of a mark.
 */
export class RevokeRefreshTokens extends Command<void> {
  constructor(
    readonly selection: RefreshTokenSelection,
    readonly reason: RevocationReason,
    readonly context: Context = {},
    readonly happenedAt?: string,
  ) {
    super()
  }
}

@CommandHandler(RevokeRefreshTokens)
export class RevokeRefreshTokensHandler implements ICommandHandler<RevokeRefreshTokens> {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly store: EventStore,
  ) {}

  async execute({ selection, reason, context, happenedAt }: RevokeRefreshTokens): Promise<void> {
    if (reason === 'password-changed' && this.config.settings.passwordChangeRefreshTokens === 'keep') return
    const scope = scopeOf(selection)
    const key = markKey(scope)
    await this.store.transact(
      refreshTokenMark,
      key,
      (state, now) => mark(state, scope, reason, happenedAt === undefined ? now : new Date(happenedAt)),
      { ...context, ...('userId' in scope && { userId: scope.userId }) },
      (db, state) => writeMark(db, key, state),
    )
  }
}
