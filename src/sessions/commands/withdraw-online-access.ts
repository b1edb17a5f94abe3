import { Command, CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { NotYetError } from '../../event-store/projection.js'
import { FindSessions, type SessionPage } from '../queries/find-sessions.js'
import { type OnlineSelection, withdrawOnline } from '../session/online.js'
import { session, whose } from '../session/session.js'
import type { OnlineWithdrawalReason } from '../session/session.events.js'

const PAGE = 100

/**
 * Takes online refresh tokens back, of one session or of all of a person's: once this has answered, none of them can be exchanged. The sessions go
 * on. Answers how many there were. Safe to repeat. Errors: NotYetError when the list of a person's sessions is behind.
 */
export class WithdrawOnlineAccess extends Command<number> {
  constructor(
    readonly of: { readonly sessionId: string } | { readonly userId: string },
    readonly selection: OnlineSelection,
    readonly reason: OnlineWithdrawalReason,
    readonly context: Context,
  ) {
    super()
  }
}

@CommandHandler(WithdrawOnlineAccess)
export class WithdrawOnlineAccessHandler implements ICommandHandler<WithdrawOnlineAccess> {
  constructor(
    private readonly store: EventStore,
    private readonly queries: QueryBus,
  ) {}

  async execute({ of, selection, reason, context }: WithdrawOnlineAccess): Promise<number> {
    const ids = 'sessionId' in of ? [of.sessionId] : await this.#idsOf(of.userId)
    const counts = await Promise.all(ids.map((id) => this.#withdraw(id, selection, reason, context)))
    return counts.reduce((sum, count) => sum + count, 0)
  }

  async #idsOf(userId: string): Promise<string[]> {
    const ids: string[] = []
    for (let after: string | null = ''; after !== null;) {
      const page: SessionPage = await this.queries.execute(new FindSessions(userId, { after, take: PAGE }))
      if (!page.current) throw new NotYetError('the list of sessions is behind')
      ids.push(...page.sessions.map(({ sessionId }) => sessionId))
      after = page.next
    }
    return ids
  }

  async #withdraw(sessionId: string, selection: OnlineSelection, reason: OnlineWithdrawalReason, context: Context): Promise<number> {
    const { result } = await this.store.transact(
      session,
      sessionId,
      (state, now) => ({ ...withdrawOnline(state, selection, reason, now), cause: () => whose(state) }),
      { ...context, sessionId },
    )
    return result
  }
}
