import { Command, CommandBus, CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs'
import { PersonKeys } from '../../keys/person-keys.js'
import { FindSession, TouchSession } from '../../sessions/index.js'
import { FindAccount } from '../../users/index.js'
import type { AuthorizeRequest } from '../authorize-request.js'
import { causedBy, inNameOf, type Visit } from '../caused-by.js'
import { AdmitToOrganization } from './admit-to-organization.js'
import { isRecent, isThrough } from './answer-from-session.js'
import { AnswerLogin, type LoginAnswer, type ReturnedLogin } from './answer-login.js'

/**
 * Goes on with a login whose browser is back (spec/actions.md §3.4): person, session and settings are those of now. Consent was settled before, and
 * whatever was withdrawn since is found by the time at which the session was found good then (docs/adr/0004-ending-many-refresh-tokens.md).
 * Undefined when the browser's session is another by now, over, too old, or of no use for the client any more. Errors: AuthorizationRefused.
 */
export class ContinueLogin extends Command<LoginAnswer | { readonly kind: 'blocked' } | undefined> {
  constructor(
    readonly request: AuthorizeRequest,
    readonly returned: ReturnedLogin,
    readonly visit: Visit,
  ) {
    super()
  }
}

@CommandHandler(ContinueLogin)
export class ContinueLoginHandler implements ICommandHandler<ContinueLogin> {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly personKeys: PersonKeys,
  ) {}

  async execute({ request, returned, visit }: ContinueLogin): Promise<LoginAnswer | { readonly kind: 'blocked' } | undefined> {
    const { sessionId, userId, authorizedAt } = returned.pending
    const found = await this.queries.execute(new FindSession(visit.cookieHeader))
    if (found?.sessionId !== sessionId || found.session.userId !== userId) return undefined
    const { connection } = found.session
    if (!isThrough(found, request) || !isRecent(found, request, true)) return undefined
    const account = await this.queries.execute(new FindAccount(userId))
    if (!account) return undefined
    if (account.profile.blocked) return { kind: 'blocked' }
    const context = { ...(await causedBy(this.personKeys, visit, userId)), ...inNameOf(request) }
    await this.commands.execute(new AdmitToOrganization(request, { userId, connection }, context))
    const use = { clientId: request.client.client_id, silent: false, awaitsActions: true as const }
    const session = await this.commands.execute(new TouchSession(sessionId, use, context))
    if (!session) return undefined
    // Also where nothing is bound any more: then nobody can say whether the login may go on.
    const login = { request, sessionId, session, account, visit, authorizedAt, bound: true, continued: returned }
    return this.commands.execute(new AnswerLogin(login, context))
  }
}
