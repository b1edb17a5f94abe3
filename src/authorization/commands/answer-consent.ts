import { Command, CommandBus, CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs'
import { PersonKeys } from '../../keys/person-keys.js'
import { FindSession, TouchSession } from '../../sessions/index.js'
import { FindAccount } from '../../users/index.js'
import type { AuthorizeRequest } from '../authorize-request.js'
import { type Caller, causedBy } from '../caused-by.js'
import { IssueAuthorizationCode } from './issue-authorization-code.js'
import { SettleConsent } from './settle-consent.js'

/** The person allowed the client what it asked for. Undefined when the session that was asked is not the browser's any more. */
export class AnswerConsent extends Command<string | undefined> {
  constructor(
    readonly request: AuthorizeRequest,
    readonly sessionId: string,
    readonly cookieHeader: string | undefined,
    readonly caller: Caller,
  ) {
    super()
  }
}

@CommandHandler(AnswerConsent)
export class AnswerConsentHandler implements ICommandHandler<AnswerConsent> {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly personKeys: PersonKeys,
  ) {}

  async execute({ request, sessionId, cookieHeader, caller }: AnswerConsent): Promise<string | undefined> {
    const found = await this.queries.execute(new FindSession(cookieHeader))
    if (found?.sessionId !== sessionId) return undefined
    const { userId } = found.session
    const account = await this.queries.execute(new FindAccount(userId))
    if (!account || account.profile.blocked) return undefined
    const context = await causedBy(this.personKeys, caller, userId)
    const session = await this.commands.execute(new TouchSession(sessionId, { clientId: request.client.client_id, silent: false }, context))
    if (!session) return undefined
    const { administrator } = account
    await this.commands.execute(new SettleConsent(request, { userId, administrator }, true, context))
    const login = { sessionId, session, administrator, authorizedAt: session.lastInteractedAt }
    return this.commands.execute(new IssueAuthorizationCode(request, login, context))
  }
}
