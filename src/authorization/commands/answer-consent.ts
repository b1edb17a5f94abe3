import { Command, CommandBus, CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs'
import { AreActionsBound } from '../../actions/index.js'
import { PersonKeys } from '../../keys/person-keys.js'
import { FindSession, TouchSession } from '../../sessions/index.js'
import { FindAccount } from '../../users/index.js'
import type { AuthorizeRequest } from '../authorize-request.js'
import { causedBy, inNameOf, type Visit } from '../caused-by.js'
import { AdmitToOrganization } from './admit-to-organization.js'
import { isRecent, isThrough } from './answer-from-session.js'
import { AnswerLogin, type LoginAnswer } from './answer-login.js'
import { SettleConsent } from './settle-consent.js'

/** The person allowed the client what it asked for. Undefined when the session that was asked is not the browser's any more, too old, or of no use for the client by now. */
export class AnswerConsent extends Command<LoginAnswer | undefined> {
  constructor(
    readonly request: AuthorizeRequest,
    readonly sessionId: string,
    readonly visit: Visit,
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

  async execute({ request, sessionId, visit }: AnswerConsent): Promise<LoginAnswer | undefined> {
    const found = await this.queries.execute(new FindSession(visit.cookieHeader))
    if (found?.sessionId !== sessionId || !isThrough(found, request) || !isRecent(found, request, true)) return undefined
    const { userId } = found.session
    const account = await this.queries.execute(new FindAccount(userId))
    if (!account || account.profile.blocked) return undefined
    const context = { ...(await causedBy(this.personKeys, visit, userId)), ...inNameOf(request) }
    await this.commands.execute(new AdmitToOrganization(request, { userId, connection: found.session.connection }, context))
    const bound = await this.queries.execute(new AreActionsBound('post-login'))
    const use = { clientId: request.client.client_id, silent: false, ...(bound && { awaitsActions: true as const }) }
    const session = await this.commands.execute(new TouchSession(sessionId, use, context))
    if (!session) return undefined
    const { administrator, createdAt } = account
    await this.commands.execute(new SettleConsent(request, { userId, administrator, createdAt }, true, context))
    const login = { request, sessionId, session, account, visit, authorizedAt: session.lastInteractedAt, bound }
    return this.commands.execute(new AnswerLogin(login, context))
  }
}
