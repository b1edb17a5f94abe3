import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs'
import { EventStore } from '../../event-store/event-store.js'
import { session, type SessionState } from '../session/session.js'

/**
 * What a session's own events have made of it. One that only time or its user's next login has ended is active here. One that is unknown stays so: ids are
 * drawn when sessions begin.
 */
export class FindSessionState extends Query<SessionState> {
  constructor(readonly sessionId: string) {
    super()
  }
}

@QueryHandler(FindSessionState)
export class FindSessionStateHandler implements IQueryHandler<FindSessionState> {
  constructor(private readonly store: EventStore) {}

  async execute({ sessionId }: FindSessionState): Promise<SessionState> {
    return (await this.store.read(session, sessionId)).state
  }
}
