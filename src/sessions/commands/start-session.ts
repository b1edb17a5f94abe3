import { Command, CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { type Account, FindAccount, FindTenantSettings, loginsGuard } from '../../users/index.js'
import { lifetimesOf, wantsPersistent } from '../session/lifetimes.js'
import { type ActiveSession, type Login, session, startSession } from '../session/session.js'
import { newSalt, newSessionId } from '../session-cookie.js'

/**
 * Somebody has just proved who they are, in a browser that has no session of theirs. `account` is theirs as it was then: undefined, and nothing
 * happens, when their logins have ended since, or somebody else bears their id.
 */
export class StartSession extends Command<{ readonly sessionId: string; readonly session: ActiveSession } | undefined> {
  constructor(
    readonly login: Login,
    readonly context: Context,
    readonly account?: LoggedInAccount,
  ) {
    super()
  }
}

type LoggedInAccount = Pick<Account, 'createdAt' | 'loginsEndedAt'>

@CommandHandler(StartSession)
export class StartSessionHandler implements ICommandHandler<StartSession> {
  constructor(
    private readonly store: EventStore,
    private readonly queryBus: QueryBus,
  ) {}

  async execute({ login, context, account }: StartSession): Promise<{ sessionId: string; session: ActiveSession } | undefined> {
    const sessionId = newSessionId()
    const settings = await this.queryBus.execute(new FindTenantSettings())
    const persistent = wantsPersistent(settings)
    const { userId, clientId, connection } = login
    const terms = { persistent, salt: newSalt() }
    const { result } = await this.store.transact(
      account ? { ...session, guards: () => [loginsGuard(userId, { loginsEndedAt: account.loginsEndedAt ?? null })] } : session,
      sessionId,
      async (state, now) => {
        if (account && !(await this.#isStill(userId, account))) return { events: [], result: undefined }
        return startSession(state, login, terms, lifetimesOf(settings, persistent), now)
      },
      { ...context, userId, clientId, connection, sessionId },
    )
    if (!result) return undefined
    // The decision does not know from where; what is stored does.
    const { origin = null } = context
    return { sessionId, session: { ...result, initialOrigin: origin, lastOrigin: origin } }
  }

  async #isStill(userId: string, { createdAt, loginsEndedAt }: LoggedInAccount): Promise<boolean> {
    const now = await this.queryBus.execute(new FindAccount(userId))
    return now?.createdAt === createdAt && now.loginsEndedAt === loginsEndedAt
  }
}
