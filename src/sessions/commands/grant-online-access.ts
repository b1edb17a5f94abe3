import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import type { Context, Guard } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { RootKeys } from '../../keys/root-key.js'
import { onlineToken } from '../online-token.js'
import { grantOnline } from '../session/online.js'
import type { OnlineTerms } from '../session/session.events.js'
import { sessionOfUser } from '../session/session-of-user.js'

/** What may end a login beside its session: asked before each append, which is guarded against what comes after the question. */
export interface LoginEnds {
  readonly guard: Guard
  haveCome(): Promise<boolean>
}

/** An online refresh token (spec/refresh-tokens.md §8), the same one for the same terms. Undefined when the session is over, or the login. */
export class GrantOnlineAccess extends Command<string | undefined> {
  constructor(
    readonly sessionId: string,
    readonly terms: OnlineTerms,
    readonly context: Context,
    readonly loginEnds?: LoginEnds,
  ) {
    super()
  }
}

@CommandHandler(GrantOnlineAccess)
export class GrantOnlineAccessHandler implements ICommandHandler<GrantOnlineAccess> {
  constructor(
    private readonly store: EventStore,
    private readonly rootKeys: RootKeys,
  ) {}

  async execute({ sessionId, terms, context, loginEnds }: GrantOnlineAccess): Promise<string | undefined> {
    const { result } = await this.store.transact(
      loginEnds ? { ...sessionOfUser, guards: (...seen) => [...sessionOfUser.guards!(...seen), loginEnds.guard] } : sessionOfUser,
      sessionId,
      async (state, now) => {
        if (await loginEnds?.haveCome()) return { events: [], result: undefined }
        const { events, result: number } = grantOnline(state, terms, now)
        const token = number !== undefined && state.status === 'active' ? onlineToken(this.rootKeys, { sessionId, number, salt: state.salt }) : undefined
        return { events, result: token }
      },
      { ...context, clientId: terms.clientId, sessionId },
    )
    return result
  }
}
