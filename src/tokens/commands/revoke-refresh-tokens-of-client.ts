import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import { CatchUp } from '../../event-store/catch-up.js'
import { EventStore } from '../../event-store/event-store.js'
import { NotYetError } from '../../event-store/projection.js'
import { RefreshTokensOfClient } from '../queries/refresh-tokens-of-client.js'
import { family, revoke } from '../refresh-token/family.js'
import { refreshTokensProjection } from '../refresh-token/refresh-tokens.projection.js'

const CATCH_UP_MS = 5000

/**
 * Ends the refresh tokens that a client had when it was deleted, at a position in the log (spec/refresh-tokens.md §10). The client that is
 * gone can spend none of them meanwhile. Safe to repeat. Errors: NotYetError when the read model does not reach the position in 5 s.
 */
export class RevokeRefreshTokensOfClient extends Command<number> {
  constructor(
    readonly clientId: string,
    readonly deleted: { readonly at: string; readonly position: number },
  ) {
    super()
  }
}

@CommandHandler(RevokeRefreshTokensOfClient)
export class RevokeRefreshTokensOfClientHandler implements ICommandHandler<RevokeRefreshTokensOfClient> {
  constructor(
    private readonly store: EventStore,
    private readonly catchUp: CatchUp,
    private readonly ofClient: RefreshTokensOfClient,
  ) {}

  async execute({ clientId, deleted: { at, position } }: RevokeRefreshTokensOfClient): Promise<number> {
    if (!(await this.catchUp.passed(refreshTokensProjection.name, position, CATCH_UP_MS))) throw new NotYetError('the list of refresh tokens is behind')
    let revoked = 0
    for (let page = await this.ofClient.find(clientId, at, ''); page.length > 0; page = await this.ofClient.find(clientId, at, page.at(-1)!.id)) {
      const ended = await Promise.all(page.map(({ id, userId }) => this.#revoke(id, userId, clientId)))
      revoked += ended.filter(Boolean).length
    }
    return revoked
  }

  async #revoke(id: string, userId: string, clientId: string): Promise<boolean> {
    const { result } = await this.store.transact(family, id, (state) => revoke(state, 'client-deleted'), { userId, clientId })
    return result
  }
}
