import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs'
import { EventStore } from '../../event-store/event-store.js'
import { RootKeys } from '../../keys/root-key.js'
import { isGenuineOnline, parseOnlineToken } from '../online-token.js'
import { type ActiveSession, isAlive } from '../session/session.js'
import { sessionOfUser } from '../session/session-of-user.js'

export interface FoundOnlineToken {
  readonly sessionId: string
  readonly session: ActiveSession
  readonly terms: ActiveSession['online'][number]
  /** Of the terms in the session. */
  readonly number: number
}

/** The living session that an online refresh token belongs to; undefined for one that is over, and for what is no such token. */
export class FindOnlineToken extends Query<FoundOnlineToken | undefined> {
  constructor(readonly presented: string) {
    super()
  }
}

@QueryHandler(FindOnlineToken)
export class FindOnlineTokenHandler implements IQueryHandler<FindOnlineToken> {
  constructor(
    private readonly store: EventStore,
    private readonly rootKeys: RootKeys,
  ) {}

  async execute({ presented }: FindOnlineToken): Promise<FoundOnlineToken | undefined> {
    const token = parseOnlineToken(presented)
    if (!token) return undefined
    const { sessionId } = token
    const { state: session, now } = await this.store.read(sessionOfUser, sessionId)
    if (!isAlive(session, now) || !isGenuineOnline(this.rootKeys, token, session.salt)) return undefined
    const terms = session.online.find(({ number }) => number === token.number)
    return terms && { sessionId, session, terms, number: token.number }
  }
}
