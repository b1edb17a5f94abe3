import { Command, CommandBus, CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs'
import { PersonKeys } from '../../keys/person-keys.js'
import { type ActiveSession, FindSession, type FoundSession, TouchSession } from '../../sessions/index.js'
import { FindAccount, type UserProfile } from '../../users/index.js'
import type { AuthorizeRequest } from '../authorize-request.js'
import { type Caller, causedBy } from '../caused-by.js'
import { IdTokenHints } from '../id-token-hints.js'
import { IssueAuthorizationCode } from './issue-authorization-code.js'
import { SettleConsent } from './settle-consent.js'

export type SessionAnswer =
  | { readonly kind: 'answered'; readonly code: string; readonly sessionId: string; readonly session: ActiveSession }
  /** `stale`: the browser's cookie is of a session that is over, or of none. */
  | { readonly kind: 'login needed'; readonly stale?: boolean }
  | { readonly kind: 'consent needed'; readonly sessionId: string }
  /** The person says whether it is the account that they want. */
  | { readonly kind: 'choice needed'; readonly sessionId: string; readonly profile: UserProfile }
  | { readonly kind: 'blocked' }

/** Single sign-on: answers a client from the session that the browser has, if that may answer this request (spec/oauth.md §4.3). */
export class AnswerFromSession extends Command<SessionAnswer> {
  constructor(
    readonly request: AuthorizeRequest,
    readonly cookieHeader: string | undefined,
    readonly caller: Caller,
    /** The session that the person has just chosen. */
    readonly chosen?: string,
  ) {
    super()
  }
}

@CommandHandler(AnswerFromSession)
export class AnswerFromSessionHandler implements ICommandHandler<AnswerFromSession> {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly personKeys: PersonKeys,
    private readonly hints: IdTokenHints,
  ) {}

  async execute({ request, cookieHeader, caller, chosen }: AnswerFromSession): Promise<SessionAnswer> {
    const { client, prompt, tenant } = request
    if (prompt.has('login') || client.sso_disabled) return { kind: 'login needed' }
    const found = await this.queries.execute(new FindSession(cookieHeader))
    if (!found) return { kind: 'login needed', stale: true }
    if (!mayServe(found, request)) return { kind: 'login needed' }
    const { sessionId } = found
    const { userId } = found.session
    const account = await this.queries.execute(new FindAccount(userId))
    if (!account || !(await this.#isHinted(request, userId))) return { kind: 'login needed' }
    if (account.profile.blocked) return { kind: 'blocked' }
    const mustChoose = prompt.has('select_account') || tenant.flags?.['enable_sso'] === false
    if (mustChoose && chosen !== sessionId) return { kind: 'choice needed', sessionId, profile: account.profile }
    const context = await causedBy(this.personKeys, caller, userId)
    const { administrator } = account
    const mayAnswer = await this.commands.execute(new SettleConsent(request, { userId, administrator }, false, context))
    if (!mayAnswer) return { kind: 'consent needed', sessionId }
    const use = { clientId: client.client_id, silent: prompt.has('none') }
    const session = await this.commands.execute(new TouchSession(sessionId, use, context))
    if (!session) return { kind: 'login needed' }
    const login = { sessionId, session, administrator, authorizedAt: found.now.toISOString() }
    const code = await this.commands.execute(new IssueAuthorizationCode(request, login, context))
    return { kind: 'answered', code, sessionId, session }
  }

  /** A hint that is not ours names somebody else (OIDC Core §3.1.2.1). */
  async #isHinted({ idTokenHint }: AuthorizeRequest, userId: string): Promise<boolean> {
    return idTokenHint === undefined || (await this.hints.read(idTokenHint))?.userId === userId
  }
}

function mayServe({ session, now }: FoundSession, { maxAgeSeconds, connections }: AuthorizeRequest): boolean {
  if (!connections.some(({ name }) => name === session.connection)) return false
  if (maxAgeSeconds === undefined) return true
  return maxAgeSeconds > 0 && now.getTime() - Date.parse(session.authenticatedAt) <= maxAgeSeconds * 1000
}
