import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs'
import { EventStore } from '../../event-store/event-store.js'
import { session } from '../session/session.js'

/** Whether this person has, or had, a session with this id. One that is none now never will be: ids are drawn when sessions begin. */
export class IsSessionOf extends Query<boolean> {
  constructor(
    readonly sessionId: string,
    readonly userId: string,
  ) {
    super()
  }
}

@QueryHandler(IsSessionOf)
export class IsSessionOfHandler implements IQueryHandler<IsSessionOf> {
  constructor(private readonly store: EventStore) {}

  async execute({ sessionId, userId }: IsSessionOf): Promise<boolean> {
    const { state } = await this.store.read(session, sessionId)
    return state.status !== 'unknown' && state.userId === userId
  }
}
