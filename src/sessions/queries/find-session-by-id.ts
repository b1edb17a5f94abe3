import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs'
import { EventStore } from '../../event-store/event-store.js'
import { type ActiveSession, isAlive } from '../session/session.js'
import { sessionOfUser } from '../session/session-of-user.js'

/** The living session with this public id (`sid`). It proves nothing: that is what the cookie is for. */
export class FindSessionById extends Query<ActiveSession | undefined> {
  constructor(readonly sessionId: string) {
    super()
  }
}

@QueryHandler(FindSessionById)
export class FindSessionByIdHandler implements IQueryHandler<FindSessionById> {
  constructor(private readonly store: EventStore) {}

  async execute({ sessionId }: FindSessionById): Promise<ActiveSession | undefined> {
    const { state, now } = await this.store.read(sessionOfUser, sessionId)
    return isAlive(state, now) ? state : undefined
  }
}
