import { Command, CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { NotYetError } from '../../event-store/projection.js'
import { FindSessions, type SessionPage } from '../queries/find-sessions.js'
import type { SessionEndReason } from '../session/session.events.js'
import { endSession, session } from '../session/session.js'

const PAGE = 100

/**
 * Ends a user's sessions, but for the one in which they did what ends the others. Those that began before `before`, an ISO time, where one is given.
 * Answers how many it ended. Safe to repeat. Errors: NotYetError when the list of them is behind.
 */
export class EndSessionsOfUser extends Command<number> {
  constructor(
    readonly userId: string,
    readonly reason: SessionEndReason,
    readonly context: Context,
    readonly options: { readonly except?: string; readonly before?: string } = {},
  ) {
    super()
  }
}

@CommandHandler(EndSessionsOfUser)
export class EndSessionsOfUserHandler implements ICommandHandler<EndSessionsOfUser> {
  constructor(
    private readonly store: EventStore,
    private readonly queries: QueryBus,
  ) {}

  async execute({ userId, reason, context, options: { except, before } }: EndSessionsOfUser): Promise<number> {
    let count = 0
    for (let after: string | null = ''; after !== null;) {
      const page: SessionPage = await this.#page(userId, after)
      const meant = page.sessions.filter(({ sessionId, session: { authenticatedAt } }) => sessionId !== except && !(before && authenticatedAt > before))
      const ended = await Promise.all(meant.map(({ sessionId }) => this.#end(sessionId, reason, { ...context, userId, sessionId }, before)))
      count += ended.filter(Boolean).length
      after = page.next
    }
    return count
  }

  async #page(userId: string, after: string): Promise<SessionPage> {
    const page = await this.queries.execute(new FindSessions(userId, { after, take: PAGE }))
    if (!page.current) throw new NotYetError('the list of sessions is behind')
    return page
  }

  async #end(sessionId: string, reason: SessionEndReason, context: Context, before: string | undefined): Promise<boolean> {
    const { result } = await this.store.transact(
      session,
      sessionId,
      (state, now) => {
        // They may have logged in again since.
        const meant = state.status !== 'active' || before === undefined || state.authenticatedAt <= before
        return meant ? endSession(state, reason, now) : { events: [], result: 'over' as const }
      },
      context,
    )
    return result === 'ended'
  }
}
