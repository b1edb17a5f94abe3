import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs'
import { EventStore } from '../../event-store/event-store.js'
import { RootKeys } from '../../keys/root-key.js'
import { type ActiveSession, isAlive } from '../session/session.js'
import { sessionOfUser } from '../session/session-of-user.js'
import { provedCookie } from '../session-cookie.js'

export interface FoundSession {
  readonly sessionId: string
  readonly session: ActiveSession
  /** The database's clock, which the session was found alive by. */
  readonly now: Date
}

/** The living session that the request's `Cookie` header proves; undefined for one that is over, ended or never was, and for a cookie from before the last login. */
export class FindSession extends Query<FoundSession | undefined> {
  constructor(readonly cookieHeader: string | undefined) {
    super()
  }
}

@QueryHandler(FindSession)
export class FindSessionHandler implements IQueryHandler<FindSession> {
  constructor(
    private readonly store: EventStore,
    private readonly rootKeys: RootKeys,
  ) {}

  async execute({ cookieHeader }: FindSession): Promise<FoundSession | undefined> {
    const proved = provedCookie(this.rootKeys, cookieHeader)
    if (!proved) return undefined
    const { sessionId, generation } = proved
    const { state, now } = await this.store.read(sessionOfUser, sessionId)
    return isAlive(state, now) && state.cookieGeneration === generation ? { sessionId, session: state, now } : undefined
  }
}
