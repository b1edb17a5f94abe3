import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import { CatchUp } from '../../event-store/catch-up.js'
import type { Decision } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { NotYetError } from '../../event-store/projection.js'
import { NonRotatingRefreshTokens } from '../queries/non-rotating-refresh-tokens.js'
import { ofLogin } from '../refresh-token/cause.js'
import { type Family, family, revoke } from '../refresh-token/family.js'
import type { FamilyEvent } from '../refresh-token/family.events.js'
import { refreshTokensProjection } from '../refresh-token/refresh-tokens.projection.js'

const CATCH_UP_MS = 5000

/**
 * Ends the refresh tokens that do not rotate which a user had with a client for an API when one of them was exchanged for one that does, at a
 * position in the log (spec/refresh-tokens.md §13). Answers how many. Safe to repeat.
 * Errors: NotYetError when the read model does not reach the position in 5 s.
 */
export class RevokeNonRotatingRefreshTokens extends Command<number> {
  constructor(
    readonly login: { readonly userId: string; readonly clientId: string; readonly audience: string | null },
    readonly switched: { readonly at: string; readonly position: number },
  ) {
    super()
  }
}

@CommandHandler(RevokeNonRotatingRefreshTokens)
export class RevokeNonRotatingRefreshTokensHandler implements ICommandHandler<RevokeNonRotatingRefreshTokens> {
  constructor(
    private readonly store: EventStore,
    private readonly catchUp: CatchUp,
    private readonly nonRotating: NonRotatingRefreshTokens,
  ) {}

  async execute({ login, switched: { at, position } }: RevokeNonRotatingRefreshTokens): Promise<number> {
    if (!(await this.catchUp.passed(refreshTokensProjection.name, position, CATCH_UP_MS))) throw new NotYetError('the list of refresh tokens is behind')
    const { userId, clientId, audience } = login
    let revoked = 0
    for (let page = await this.#page(login, at, ''); page.length > 0; page = await this.#page(login, at, page.at(-1)!)) {
      const context = { userId, clientId, ...(audience !== null && { audience }) }
      const ended = await Promise.all(page.map((id) => this.store.transact(family, id, end, context)))
      revoked += ended.filter(({ result }) => result).length
    }
    return revoked
  }

  #page({ userId, clientId, audience }: RevokeNonRotatingRefreshTokens['login'], at: string, after: string): Promise<string[]> {
    return this.nonRotating.find(userId, clientId, audience, at, after)
  }
}

const end = (state: Family, now: Date): Decision<FamilyEvent, boolean> => ({
  ...revoke(state, 'rotation-switched', now),
  cause: () => (state.status === 'active' ? ofLogin(state) : {}),
})
