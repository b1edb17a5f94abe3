import { Command, CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { NotYetError } from '../../event-store/projection.js'
import { FindRefreshTokens } from '../queries/find-refresh-tokens.js'
import type { RevocationReason } from '../refresh-token/family.events.js'
import { family, revoke } from '../refresh-token/family.js'

/** Which of a user's refresh tokens; what is not named is any. */
export interface RefreshTokenSelection {
  readonly userId: string
  readonly clientId?: string
  readonly audience?: string
  readonly sessionId?: string
}

const PAGE = 100

/**
 * Ends all of a user's refresh tokens that were issued before it began, of one client, API or session where one is named
 * (spec/refresh-tokens.md §10). Answers how many it ended. Safe to repeat. Errors: NotYetError when the list of them is behind.
 */
export class RevokeRefreshTokens extends Command<number> {
  constructor(
    readonly selection: RefreshTokenSelection,
    readonly reason: RevocationReason,
    readonly context: Context = {},
  ) {
    super()
  }
}

@CommandHandler(RevokeRefreshTokens)
export class RevokeRefreshTokensHandler implements ICommandHandler<RevokeRefreshTokens> {
  constructor(
    private readonly store: EventStore,
    private readonly queries: QueryBus,
  ) {}

  async execute({ selection, reason, context }: RevokeRefreshTokens): Promise<number> {
    const { userId, clientId, audience, sessionId } = selection
    let revoked = 0
    for (let after: string | null = ''; after !== null;) {
      const page: { refreshTokens: readonly { id: string; audience: string | null; session_id: string | null }[]; next: string | null; current: boolean } =
        await this.queries.execute(new FindRefreshTokens(userId, { ...(clientId !== undefined && { clientId }), after, take: PAGE }))
      if (!page.current) throw new NotYetError('the list of refresh tokens is behind')
      const meant = page.refreshTokens.filter(
        (token) => (audience === undefined || token.audience === audience) && (sessionId === undefined || token.session_id === sessionId),
      )
      const ended = await Promise.all(meant.map(({ id }) => this.#revoke(id, userId, reason, context)))
      revoked += ended.filter(Boolean).length
      after = page.next
    }
    return revoked
  }

  async #revoke(id: string, userId: string, reason: RevocationReason, context: Context): Promise<boolean> {
    const { result } = await this.store.transact(family, id, (state) => revoke(state, reason), { ...context, userId })
    return result
  }
}
