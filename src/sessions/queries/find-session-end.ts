import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs'
import { EventStore } from '../../event-store/event-store.js'
import { type EndedSession, session } from '../session/session.js'

/** How a session was ended; undefined for one that was not, also where time or its user's next login has ended it. */
export class FindSessionEnd extends Query<EndedSession | undefined> {
  constructor(readonly sessionId: string) {
    super()
  }
}

@QueryHandler(FindSessionEnd)
export class FindSessionEndHandler implements IQueryHandler<FindSessionEnd> {
  constructor(private readonly store: EventStore) {}

  async execute({ sessionId }: FindSessionEnd): Promise<EndedSession | undefined> {
    const { state } = await this.store.read(session, sessionId)
    return state.status === 'ended' ? state : undefined
  }
}
