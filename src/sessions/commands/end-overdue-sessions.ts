import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import { EventStore } from '../../event-store/event-store.js'
import { OverdueSessions } from '../queries/overdue-sessions.js'
import { endSession, session, whose } from '../session/session.js'

const AT_ONCE = 100

/**
 * Records the end of sessions that time has ended, for whoever must be told (spec/sessions.md §7): nothing else waits for it. Answers how many it
 * ended. Safe to repeat and to be stopped in the middle.
 */
export class EndOverdueSessions extends Command<number> {}

@CommandHandler(EndOverdueSessions)
export class EndOverdueSessionsHandler implements ICommandHandler<EndOverdueSessions> {
  constructor(
    private readonly store: EventStore,
    private readonly overdue: OverdueSessions,
  ) {}

  async execute(): Promise<number> {
    const ids = await this.overdue.find(AT_ONCE)
    const ended = await Promise.all(ids.map((id) => this.#end(id)))
    return ended.filter(Boolean).length
  }

  async #end(sessionId: string): Promise<boolean> {
    const { result } = await this.store.transact(session, sessionId, (state, now) => ({ ...endSession(state, 'expired', now), cause: () => whose(state) }), {
      sessionId,
    })
    return result === 'ended'
  }
}
