import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { lifetimesOf } from '../session/lifetimes.js'
import { type ActiveSession, touch, usedFrom } from '../session/session.js'
import { type SessionUser, sessionOfUser } from '../session/session-of-user.js'

/** A client is answered from the session (single sign-on). Undefined when the session is over. */
export class TouchSession extends Command<ActiveSession | undefined> {
  constructor(
    readonly sessionId: string,
    readonly use: { readonly clientId: string; readonly silent: boolean; readonly awaitsActions?: true },
    readonly context: Context,
  ) {
    super()
  }
}

@CommandHandler(TouchSession)
export class TouchSessionHandler implements ICommandHandler<TouchSession> {
  constructor(private readonly store: EventStore) {}

  async execute({ sessionId, use, context }: TouchSession): Promise<ActiveSession | undefined> {
    const { result } = await this.store.transact(
      sessionOfUser,
      sessionId,
      (state, now, companion) => touch(state, use, lifetimesOf((companion as SessionUser).settings, state.status !== 'active' || state.persistent), now),
      { ...context, clientId: use.clientId, sessionId },
    )
    return result && usedFrom(result, context.origin)
  }
}
