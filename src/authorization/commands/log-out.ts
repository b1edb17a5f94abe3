import { Command, CommandBus, CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs'
import { PersonKeys } from '../../keys/person-keys.js'
import { EndSession, FindSession } from '../../sessions/index.js'
import { FindTenantSettings } from '../../users/index.js'
import { OAuthError } from '../../http/oauth-error.js'
import { type Caller, causedBy } from '../caused-by.js'
import type { LogoutRequest } from '../logout/logout-request.js'

/** `ask`: only the person can say whether it is meant (spec/oauth.md §13.2). */
type LogoutOutcome = { readonly kind: 'done' } | { readonly kind: 'ask'; readonly sessionId: string }

/**
 * Ends the session that the browser has, for all its clients. `confirmed` is the session that the person was asked about. Errors: OAuthError
 * where the hint names another person, which ends nothing.
 */
export class LogOut extends Command<LogoutOutcome> {
  constructor(
    readonly request: LogoutRequest,
    readonly cookieHeader: string | undefined,
    readonly caller: Caller,
    readonly confirmed?: string,
  ) {
    super()
  }
}

@CommandHandler(LogOut)
export class LogOutHandler implements ICommandHandler<LogOut> {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly personKeys: PersonKeys,
  ) {}

  async execute({ request, cookieHeader, caller, confirmed }: LogOut): Promise<LogoutOutcome> {
    const found = await this.queries.execute(new FindSession(cookieHeader))
    if (!found) return { kind: 'done' }
    const { sessionId, session } = found
    const { hint, hintedSessionId, mayAsk, clientId, redirectTo } = request
    if (hint && hint.userId !== session.userId) throw new OAuthError('invalid_request', 'The id_token_hint is of another user than the one who is logged in.')
    const named = hint ? hint.sessionId : hintedSessionId
    if (mayAsk && named !== sessionId && confirmed !== sessionId) return { kind: 'ask', sessionId }
    const context = await causedBy(this.personKeys, caller, session.userId)
    const cause = { ...context, connection: session.connection, ...(clientId !== undefined && { clientId }) }
    // Without its query, where anything may stand.
    const [returnTo] = redirectTo?.split(/[?#]/) ?? []
    const { include_session_metadata_in_tenant_logs: logsMetadata } = await this.queries.execute(new FindTenantSettings())
    const how = { ...(returnTo !== undefined && { returnTo }), ...(logsMetadata === true && { logsMetadata: true as const }) }
    await this.commands.execute(new EndSession(sessionId, 'logout', cause, how))
    return { kind: 'done' }
  }
}
