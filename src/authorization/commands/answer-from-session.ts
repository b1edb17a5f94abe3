import { Inject } from '@nestjs/common'
import { Command, CommandBus, CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs'
import { decodeJwt } from 'jose'
import { CONFIG, type Config } from '../../config.js'
import { PersonKeys } from '../../keys/person-keys.js'
import { SigningKeys } from '../../keys/signing-keys.js'
import { InvalidTokenError, verifyJwt } from '../../keys/verify-jwt.js'
import { type ActiveSession, FindSession, type FoundSession, TouchSession } from '../../sessions/index.js'
import { type Account, FindAccount } from '../../users/index.js'
import type { AuthorizeRequest } from '../authorize-request.js'
import { type Caller, causedBy } from '../caused-by.js'
import { needsConsent } from '../consent.js'
import { IssueAuthorizationCode } from './issue-authorization-code.js'

export type SessionAnswer =
  | { readonly kind: 'answered'; readonly code: string; readonly sessionId: string; readonly session: ActiveSession }
  /** `stale`: the browser's cookie is of a session that is over, or of none. */
  | { readonly kind: 'login needed'; readonly stale?: boolean }
  | { readonly kind: 'consent needed'; readonly sessionId: string }
  | { readonly kind: 'blocked' }

/** Single sign-on: answers a client from the session that the browser has, if that may answer this request (spec/oauth.md §4.3). */
export class AnswerFromSession extends Command<SessionAnswer> {
  constructor(
    readonly request: AuthorizeRequest,
    readonly cookieHeader: string | undefined,
    readonly caller: Caller,
  ) {
    super()
  }
}

@CommandHandler(AnswerFromSession)
export class AnswerFromSessionHandler implements ICommandHandler<AnswerFromSession> {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly personKeys: PersonKeys,
    private readonly signingKeys: SigningKeys,
  ) {}

  async execute({ request, cookieHeader, caller }: AnswerFromSession): Promise<SessionAnswer> {
    const { client, prompt, tenant } = request
    const wantsLogin = prompt.has('login') || prompt.has('select_account')
    if (wantsLogin || client.sso_disabled || tenant.flags?.['enable_sso'] === false) return { kind: 'login needed' }
    const found = await this.queries.execute(new FindSession(cookieHeader))
    if (!found) return { kind: 'login needed', stale: true }
    if (!mayAnswer(found, request)) return { kind: 'login needed' }
    const { sessionId } = found
    const { userId } = found.session
    const account = await this.queries.execute(new FindAccount(userId))
    if (!account || outlived(found.session, account) || !(await this.#isHinted(request, userId))) return { kind: 'login needed' }
    if (account.profile.blocked) return { kind: 'blocked' }
    if (needsConsent(request)) return { kind: 'consent needed', sessionId }
    const context = await causedBy(this.personKeys, caller, userId)
    const use = { clientId: client.client_id, silent: prompt.has('none') }
    const session = await this.commands.execute(new TouchSession(sessionId, use, context))
    if (!session) return { kind: 'login needed' }
    const login = { sessionId, session, administrator: account.administrator }
    const code = await this.commands.execute(new IssueAuthorizationCode(request, login, context))
    return { kind: 'answered', code, sessionId, session }
  }

  /** A hint that is not ours names somebody else (OIDC Core §3.1.2.1). One that has expired was signed all the same, and says who. */
  async #isHinted({ idTokenHint }: AuthorizeRequest, userId: string): Promise<boolean> {
    if (idTokenHint === undefined) return true
    try {
      const { sub } = await verifyJwt(this.signingKeys, idTokenHint, { issuer: this.config.issuer })
      return sub === userId
    } catch (error) {
      if (error instanceof InvalidTokenError) return error.expired && decodeJwt(idTokenHint).sub === userId
      throw error
    }
  }
}

function mayAnswer({ session, now }: FoundSession, { maxAgeSeconds, connections }: AuthorizeRequest): boolean {
  if (!connections.some(({ name }) => name === session.connection)) return false
  if (maxAgeSeconds === undefined) return true
  return maxAgeSeconds > 0 && now.getTime() - Date.parse(session.authenticatedAt) <= maxAgeSeconds * 1000
}

/** Whoever changed the password may have done so because of this session. */
const outlived = ({ authenticatedAt }: ActiveSession, { loginsEndedAt }: Account): boolean => loginsEndedAt !== undefined && loginsEndedAt > authenticatedAt
