import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { lifetimesOf } from '../session/lifetimes.js'
import { type ActiveSession, type Login, reauthenticate, usedFrom } from '../session/session.js'
import { type SessionUser, sessionOfUser } from '../session/session-of-user.js'

/** Somebody has proved again who they are, in the browser that has their session. Undefined when it is over or was another person's. */
export class ReauthenticateSession extends Command<ActiveSession | undefined> {
  constructor(
    readonly sessionId: string,
    readonly login: Login,
    readonly context: Context,
  ) {
    super()
  }
}

@CommandHandler(ReauthenticateSession)
export class ReauthenticateSessionHandler implements ICommandHandler<ReauthenticateSession> {
  constructor(private readonly store: EventStore) {}

  async execute({ sessionId, login, context }: ReauthenticateSession): Promise<ActiveSession | undefined> {
    const { userId, clientId, connection } = login
    const { result } = await this.store.transact(
      sessionOfUser,
      sessionId,
      (state, now, companion) =>
        reauthenticate(state, login, lifetimesOf((companion as SessionUser).settings, state.status !== 'active' || state.persistent), now),
      { ...context, userId, clientId, connection, sessionId },
    )
    return result && usedFrom(result, context.origin)
  }
}
