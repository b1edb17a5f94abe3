import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import type { SessionEnded, SessionEndReason } from '../session/session.events.js'
import { endSession, session } from '../session/session.js'

/** Ends a session at once, on every worker. Repeating it changes nothing. */
export class EndSession extends Command<'ended' | 'over'> {
  constructor(
    readonly sessionId: string,
    readonly reason: SessionEndReason,
    readonly context: Context,
    /**
     * For the log where the browser was sent afterwards and whether the metadata belongs there, or the number of the online refresh token that was
     * revoked; and whether refresh tokens follow.
     */
    readonly how: Pick<SessionEnded, 'returnTo' | 'logsMetadata' | 'revokedOnline' | 'endsRefreshTokens'> = {},
  ) {
    super()
  }
}

@CommandHandler(EndSession)
export class EndSessionHandler implements ICommandHandler<EndSession> {
  constructor(private readonly store: EventStore) {}

  async execute({ sessionId, reason, context, how }: EndSession): Promise<'ended' | 'over'> {
    const { result } = await this.store.transact(session, sessionId, (state, now) => endSession(state, reason, now, how), { ...context, sessionId })
    return result
  }
}
