import { Command, CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { FindTenantSettings } from '../../users/index.js'
import { lifetimesOf } from '../session/lifetimes.js'
import { type ActiveSession, session, touch } from '../session/session.js'

/** A client is answered from the session (single sign-on). Undefined when the session is over. */
export class TouchSession extends Command<ActiveSession | undefined> {
  constructor(
    readonly sessionId: string,
    readonly use: { readonly clientId: string; readonly silent: boolean },
    readonly context: Context,
  ) {
    super()
  }
}

@CommandHandler(TouchSession)
export class TouchSessionHandler implements ICommandHandler<TouchSession> {
  constructor(
    private readonly store: EventStore,
    private readonly queryBus: QueryBus,
  ) {}

  async execute({ sessionId, use, context }: TouchSession): Promise<ActiveSession | undefined> {
    const settings = await this.queryBus.execute(new FindTenantSettings())
    const { result } = await this.store.transact(
      session,
      sessionId,
      (state, now) => touch(state, use, lifetimesOf(settings, state.status !== 'active' || state.persistent), now),
      { ...context, clientId: use.clientId, sessionId },
    )
    return result
  }
}
