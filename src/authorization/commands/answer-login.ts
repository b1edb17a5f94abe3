import { randomUUID } from 'node:crypto'
import { Command, CommandBus, CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs'
import { type Allowed, ContinuePostLogin, type PostLoginEvent, type PostLoginOutcome, RunPostLogin } from '../../actions/index.js'
import { Audit } from '../../audit/audit.js'
import type { RefusalTexts } from '../../audit/audit.events.js'
import type { Context, ExecutionFacts } from '../../event-store/event.js'
import { PersonKeys } from '../../keys/person-keys.js'
import { type ActiveSession, FindSessionById } from '../../sessions/index.js'
import type { DecidedByActions } from '../authorization-code/authorization-code.events.js'
import { type AuthorizationErrorCode, AuthorizationRefused } from '../authorization-response.js'
import type { AuthorizeRequest } from '../authorize-request.js'
import { type BrowserLogin, LoginEvents, type Returned } from '../post-login/login-event.js'
import { PostLoginEffects } from '../post-login/post-login-effects.js'
import type { PendingLogin } from '../post-login/suspended-logins.js'
import { secondFactorMissing } from '../second-factor.js'
import { shownRequest } from '../shown-request.js'
import { IssueAuthorizationCode, type IssuedCode } from './issue-authorization-code.js'
import { type AnsweredTokens, IssueFrontChannelTokens } from './issue-front-channel-tokens.js'

/** `session` is as the login left it; undefined when it is over. */
export type LoginAnswer =
  | {
      readonly kind: 'answered'
      readonly code: string | undefined
      readonly tokens: AnsweredTokens | undefined
      readonly sessionId: string
      readonly session: ActiveSession
    }
  /** The browser goes elsewhere first. */
  | { readonly kind: 'sent elsewhere'; readonly url: string; readonly pending: PendingLogin; readonly sessionId: string; readonly session: ActiveSession }
  /** It is in the log already. */
  | {
      readonly kind: 'refused'
      readonly error: AuthorizationErrorCode
      readonly description: string
      readonly sessionId: string
      readonly session: ActiveSession | undefined
    }

/** A login that has passed every check, and whose consent is settled. */
interface LoginToAnswer extends Omit<BrowserLogin, 'transactionId' | 'returned'> {
  /** When the session was found good, by the database's clock: before anything was decided that the code stands for. */
  readonly authorizedAt: string
  /** Whether Actions are asked: the session's event has said that they are. */
  readonly bound: boolean
  /** Where they were left off. */
  readonly continued?: ReturnedLogin
}

/** A login whose browser is back, with what it brought. */
export interface ReturnedLogin extends Returned {
  readonly pending: PendingLogin
  readonly state: string
}

/**
 * The one place where a login becomes a code, or tokens at once: between the two stand the post-login Actions (spec/actions.md §4.1). What they decided about tokens
 * travels with the code; what they decided about the person and the session is done here, whatever follows. Errors: AuthorizationRefused; the
 * database's.
 */
export class AnswerLogin extends Command<LoginAnswer> {
  constructor(
    readonly login: LoginToAnswer,
    /** With the origin sealed for the person. */
    readonly context: Context,
  ) {
    super()
  }
}

@CommandHandler(AnswerLogin)
export class AnswerLoginHandler implements ICommandHandler<AnswerLogin> {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly events: LoginEvents,
    private readonly effects: PostLoginEffects,
    private readonly personKeys: PersonKeys,
    private readonly audit: Audit,
  ) {}

  async execute({ login, context }: AnswerLogin): Promise<LoginAnswer> {
    if (!login.bound) return this.#answered(login, login.session, context)
    const { request, sessionId, session, account, continued, authorizedAt } = login
    const userId = account.profile.user_id
    const cause = { ...context, userId, clientId: request.client.client_id, sessionId, connection: session.connection }
    const transactionId = continued?.pending.transactionId ?? randomUUID()
    const event = await this.events.of({ ...login, transactionId, returned: continued })
    const outcome = await this.#run(event, cause, continued)
    // Nothing of what was wanted for somebody who must show more first.
    if (outcome.kind === 'allowed' && outcome.multifactor === 'required')
      return this.#refused(login, session, secondFactorMissing(request), outcome.execution, cause)
    // Judged before their own wishes are done, which may end it with this login.
    const hasEnded = outcome.kind === 'allowed' && !(await this.queries.execute(new FindSessionById(sessionId)))
    const left = (await this.effects.apply(outcome, { userId, sessionId }, cause)) ?? session
    switch (outcome.kind) {
      case 'allowed': {
        // While they ran, which can take long: who was logged out then gets no code.
        if (hasEnded) return this.#refused(login, undefined, endedOf(login), outcome.execution, cause)
        const decisions = await this.personKeys.seal(userId, issuanceOf(outcome))
        return this.#answered(login, left, context, { decisions, execution: outcome.execution, loginsCount: event.stats.logins_count })
      }
      case 'denied': {
        const { error, description: message, code } = outcome
        return this.#refused(login, outcome.revokeSession ? undefined : left, { error, message, ...(code !== undefined && { code }) }, outcome.execution, cause)
      }
      case 'redirected': {
        const { parameters, startedAt } = request
        const pending = { parameters, startedAt, userId, sessionId, transactionId, authorizedAt, suspended: outcome.suspended }
        return { kind: 'sent elsewhere', url: outcome.url, pending, sessionId, session: left }
      }
    }
  }

  #run(event: PostLoginEvent, cause: Context, continued: LoginToAnswer['continued']): Promise<PostLoginOutcome> {
    if (!continued) return this.commands.execute(new RunPostLogin(event, cause))
    return this.commands.execute(new ContinuePostLogin(event, cause, continued.pending.suspended, continued.state))
  }

  async #answered(
    { request, sessionId, account: { administrator }, authorizedAt }: LoginToAnswer,
    session: ActiveSession,
    context: Context,
    actions?: DecidedByActions,
  ): Promise<LoginAnswer> {
    const login = { sessionId, session, administrator, authorizedAt }
    const issued = await this.commands.execute(new IssueAuthorizationCode(request, login, context, actions))
    const { code, frontChannel } = issued
    const tokens = frontChannel && (await this.#tokens(request, issued))
    return { kind: 'answered', code, tokens, sessionId, session }
  }

  async #tokens({ client, target, prompt }: AuthorizeRequest, issued: IssuedCode): Promise<AnsweredTokens> {
    const answer = await this.commands.execute(new IssueFrontChannelTokens(issued, client))
    if (answer.kind === 'refused') throw new AuthorizationRefused(target, answer.error, answer.description, prompt.has('none'))
    return answer.tokens
  }

  async #refused(
    { request, sessionId }: LoginToAnswer,
    session: ActiveSession | undefined,
    { error, ...texts }: Refusal,
    execution: ExecutionFacts,
    cause: Context & { readonly userId: string },
  ): Promise<LoginAnswer> {
    // Who was deleted while they ran gets no new key.
    const sealed = await this.personKeys.sealIfKnown(cause.userId, texts satisfies RefusalTexts)
    const silent = request.prompt.has('none')
    await this.audit.record(
      { type: 'AuthorizeFailed', data: { error, silent, texts: sealed, request: shownRequest(request.parameters) } },
      { ...cause, actions: execution },
    )
    return { kind: 'refused', error, description: TOLD[error] ?? texts.message, sessionId, session }
  }
}

const issuanceOf = ({ claims, scopes, refreshToken }: Allowed): Pick<Allowed, 'claims' | 'scopes' | 'refreshToken'> => ({ claims, scopes, refreshToken })

/** What the client hears in place of what the log says (spec/oauth.md §4.4). */
const TOLD: Partial<Record<AuthorizationErrorCode, string>> = { interaction_required: 'Interaction required' }

type Refusal = RefusalTexts & { readonly error: AuthorizationErrorCode }

const endedOf = ({ request }: LoginToAnswer): Refusal => ({
  error: request.prompt.has('none') ? 'login_required' : 'access_denied',
  message: 'The session ended before the login was complete.',
})
