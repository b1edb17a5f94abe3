import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs'
import { EventStore } from '../../event-store/event-store.js'
import { RootKeys } from '../../keys/root-key.js'
import { isGenuineOnline, parseOnlineToken } from '../online-token.js'
import { session } from '../session/session.js'

interface RevokedOnlineToken {
  readonly userId: string
  readonly clientId: string
  readonly audience: string | null
  /** When it was revoked, and its session ended (ISO). */
  readonly at: string
}

/** What an online refresh token was good for whose client ended its session with it; undefined for any other. */
export class FindRevokedOnlineToken extends Query<RevokedOnlineToken | undefined> {
  constructor(readonly presented: string) {
    super()
  }
}

@QueryHandler(FindRevokedOnlineToken)
export class FindRevokedOnlineTokenHandler implements IQueryHandler<FindRevokedOnlineToken> {
  constructor(
    private readonly store: EventStore,
    private readonly rootKeys: RootKeys,
  ) {}

  async execute({ presented }: FindRevokedOnlineToken): Promise<RevokedOnlineToken | undefined> {
    const token = parseOnlineToken(presented)
    if (!token) return undefined
    const { state } = await this.store.read(session, token.sessionId)
    if (state.status !== 'ended' || state.revokedOnline?.number !== token.number) return undefined
    const { clientId, audience, salt, at } = state.revokedOnline
    return isGenuineOnline(this.rootKeys, token, salt) ? { userId: state.userId, clientId, audience, at } : undefined
  }
}
