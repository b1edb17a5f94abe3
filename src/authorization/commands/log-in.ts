import { Command, CommandBus, CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs'
import { AreActionsBound } from '../../actions/index.js'
import { Audit } from '../../audit/audit.js'
import type { Context } from '../../event-store/event.js'
import { PersonKeys } from '../../keys/person-keys.js'
import { type ActiveSession, EndSession, FindSession, type FoundSession, type Login, ReauthenticateSession, StartSession } from '../../sessions/index.js'
import { type Account, FindAccount, FindLoginFacts, type OrganizationDocument } from '../../users/index.js'
import type { AuthorizeRequest } from '../authorize-request.js'
import { causedBy, inNameOf, type Visit } from '../caused-by.js'
import { OrganizationChoices } from '../organization-choices.js'
import { requireSecondFactor } from '../second-factor.js'
import { shownRequest } from '../shown-request.js'
import { AdmitToOrganization } from './admit-to-organization.js'
import { AnswerLogin, type LoginAnswer } from './answer-login.js'
import { RecogniseByPassword } from './recognise-by-password.js'
import { SettleConsent } from './settle-consent.js'

export type LoginOutcome =
  | LoginAnswer
  /** `request`: with the organization, where the person has but one to pick. */
  | { readonly kind: 'consent needed'; readonly sessionId: string; readonly session: ActiveSession; readonly request: AuthorizeRequest }
  | {
      readonly kind: 'organization choice needed'
      readonly sessionId: string
      readonly session: ActiveSession
      readonly organizations: readonly OrganizationDocument[]
    }
  | { readonly kind: 'wrong' }
  | { readonly kind: 'too many' }
  | { readonly kind: 'blocked' }

/** Somebody says who they are, by password or because they have just signed up. */
export type Proof =
  { readonly kind: 'password'; readonly identifier: string; readonly password: string } | { readonly kind: 'signed up'; readonly userId: string }

/** Logs a person in and answers the request. A session of somebody else that the browser had ends. */
export class LogIn extends Command<LoginOutcome> {
  constructor(
    readonly request: AuthorizeRequest,
    readonly proof: Proof,
    readonly visit: Visit,
  ) {
    super()
  }
}

@CommandHandler(LogIn)
export class LogInHandler implements ICommandHandler<LogIn> {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly personKeys: PersonKeys,
    private readonly audit: Audit,
    private readonly organizations: OrganizationChoices,
  ) {}

  async execute({ request, proof, visit }: LogIn): Promise<LoginOutcome> {
    const account = proof.kind === 'password' ? await this.#recognised(request, proof, visit) : await this.queries.execute(new FindAccount(proof.userId))
    // Deleted a moment ago: then there is nobody of that name.
    if (!account) return { kind: 'wrong' }
    if ('kind' in account) return account
    const { user_id: userId, blocked } = account.profile
    if (blocked) {
      await this.#recordBlocked(request, visit, userId)
      return { kind: 'blocked' }
    }
    const { client, connection } = request
    const before = await this.queries.execute(new FindSession(visit.cookieHeader))
    // Before there is a session: whoever may not come in here is asked again who they are.
    requireSecondFactor(request, before?.session.userId === userId ? before.session : undefined)
    const choice = await this.organizations.of(request, { userId, connection: connection.name })
    const settled = choice.kind === 'settled' ? choice.request : undefined
    const context = { ...(await causedBy(this.personKeys, visit, userId)), ...inNameOf(settled ?? request) }
    if (settled) await this.commands.execute(new AdmitToOrganization(settled, { userId, connection: connection.name }, context))
    const bound = await this.queries.execute(new AreActionsBound('post-login'))
    const told = bound ? { awaitsActions: true as const } : { loginsCount: await this.#countOf(userId, connection.name) }
    const login: Login = { userId, clientId: client.client_id, connection: connection.name, method: 'pwd', ...told }
    const begun = await this.#session(login, account, before, context)
    // The password became another a moment ago, or nobody's.
    if (!begun) return { kind: 'wrong' }
    const { sessionId, session } = begun
    if (choice.kind === 'organization choice needed') return { ...choice, sessionId, session }
    const { administrator, createdAt } = account
    const mayAnswer = await this.commands.execute(new SettleConsent(choice.request, { userId, administrator, createdAt }, false, context))
    if (!mayAnswer) return { kind: 'consent needed', sessionId, session, request: choice.request }
    const answer = { request: choice.request, sessionId, session, account, visit, authorizedAt: session.lastInteractedAt, bound }
    return this.commands.execute(new AnswerLogin(answer, context))
  }

  /** A login of the same person goes on with their session, so that its id in other clients' tokens stays good; another person's ends it. */
  async #session(
    login: Login,
    account: Account,
    before: FoundSession | undefined,
    context: Context,
  ): Promise<{ sessionId: string; session: ActiveSession } | undefined> {
    if (before?.session.userId === login.userId) {
      const session = await this.commands.execute(new ReauthenticateSession(before.sessionId, login, context))
      if (session) return { sessionId: before.sessionId, session }
    }
    const started = await this.commands.execute(new StartSession(login, context, account))
    if (started && before) await this.commands.execute(new EndSession(before.sessionId, 'replaced', { ...context, userId: before.session.userId }))
    return started
  }

  /** Of the person's logins, with the one that is about to be written. */
  async #countOf(userId: string, connection: string): Promise<number> {
    const { loginsCount } = await this.queries.execute(new FindLoginFacts(userId, connection, true))
    return loginsCount + 1
  }

  async #recognised(request: AuthorizeRequest, { identifier, password }: Proof & { kind: 'password' }, visit: Visit): Promise<Account | LoginOutcome> {
    const { client, connection } = request
    const recognised = await this.commands.execute(new RecogniseByPassword({ client, connection, identifier, password }, visit, inNameOf(request)))
    switch (recognised.kind) {
      case 'recognised':
        return recognised.account
      case 'too many':
        return { kind: 'too many' }
      case 'wrong':
      case 'gone':
        return { kind: 'wrong' }
    }
  }

  async #recordBlocked(request: AuthorizeRequest, visit: Visit, userId: string): Promise<void> {
    const { client, connection, parameters } = request
    const failure = { reason: 'blocked', description: 'user is blocked', request: shownRequest(parameters) } as const
    const cause = await causedBy(this.personKeys, visit, userId, { current: true })
    await this.audit.record({ type: 'LoginFailed', data: failure }, { ...cause, clientId: client.client_id, connection: connection.name, ...inNameOf(request) })
  }
}
