import { Command, CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { FindTenantSettings } from '../../users/index.js'
import { lifetimesOf, wantsPersistent } from '../session/lifetimes.js'
import { type ActiveSession, type Login, session, startSession } from '../session/session.js'
import { newSalt, newSessionId } from '../session-cookie.js'

/** Somebody has just proved who they are, in a browser that has no session of theirs. */
export class StartSession extends Command<{ readonly sessionId: string; readonly session: ActiveSession }> {
  constructor(
    readonly login: Login,
    readonly context: Context,
  ) {
    super()
  }
}

@CommandHandler(StartSession)
export class StartSessionHandler implements ICommandHandler<StartSession> {
  constructor(
    private readonly store: EventStore,
    private readonly queryBus: QueryBus,
  ) {}

  async execute({ login, context }: StartSession): Promise<{ sessionId: string; session: ActiveSession }> {
    const sessionId = newSessionId()
    const settings = await this.queryBus.execute(new FindTenantSettings())
    const persistent = wantsPersistent(settings)
    const { userId, clientId, connection } = login
    const terms = { persistent, salt: newSalt() }
    const { result } = await this.store.transact(
      session,
      sessionId,
      (state, now) => startSession(state, login, terms, lifetimesOf(settings, persistent), now),
      { ...context, userId, clientId, connection, sessionId },
    )
    // The decision does not know from where; what is stored does.
    const { origin = null } = context
    return { sessionId, session: { ...result, initialOrigin: origin, lastOrigin: origin } }
  }
}
