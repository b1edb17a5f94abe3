import { Command, CommandBus, CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs'
import { AreActionsBound } from '../../actions/index.js'
import { PersonKeys } from '../../keys/person-keys.js'
import { FindSession, type FoundSession, TouchSession } from '../../sessions/index.js'
import { type Account, FindAccount, openProfiles, type OrganizationDocument, type UserProfile } from '../../users/index.js'
import type { AuthorizeRequest } from '../authorize-request.js'
import { causedBy, inNameOf, type Visit } from '../caused-by.js'
import { IdTokenHints } from '../id-token-hints.js'
import { OrganizationChoices } from '../organization-choices.js'
import { requireSecondFactor } from '../second-factor.js'
import { AdmitToOrganization } from './admit-to-organization.js'
import { AnswerLogin, type LoginAnswer } from './answer-login.js'
import { SettleConsent } from './settle-consent.js'

export type SessionAnswer =
  | LoginAnswer
  /** `stale`: the browser's cookie is of a session that is over, or of none. */
  | { readonly kind: 'login needed'; readonly stale?: boolean }
  /** `request`: with the organization, where the person has but one to pick. */
  | { readonly kind: 'consent needed'; readonly sessionId: string; readonly request: AuthorizeRequest }
  | { readonly kind: 'organization name needed' }
  | { readonly kind: 'organization choice needed'; readonly sessionId: string; readonly organizations: readonly OrganizationDocument[] }
  /** The person says whether it is the account that they want. */
  | { readonly kind: 'choice needed'; readonly sessionId: string; readonly profile: UserProfile }
  | { readonly kind: 'blocked' }

/** Single sign-on: answers a client from the session that the browser has, if that may answer this request (spec/oauth.md §4.3). */
export class AnswerFromSession extends Command<SessionAnswer> {
  constructor(
    readonly request: AuthorizeRequest,
    readonly visit: Visit,
    /** The session with which the person answered one of our pages: whether it may serve the request was found out before the page was shown, but for its age. */
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
    private readonly organizations: OrganizationChoices,
  ) {}

  async execute({ request, visit, chosen }: AnswerFromSession): Promise<SessionAnswer> {
    const { prompt, tenant } = request
    const found = await this.queries.execute(new FindSession(visit.cookieHeader))
    if (!found) return { kind: 'login needed', stale: true }
    const { sessionId } = found
    const { userId, connection } = found.session
    const isChosen = chosen === sessionId
    if (!isThrough(found, request) || !isRecent(found, request, isChosen)) return { kind: 'login needed' }
    const account = await this.queries.execute(new FindAccount(userId))
    if (!account || !(isChosen || (await this.#isHinted(request, userId)))) return { kind: 'login needed' }
    if (account.profile.blocked) return { kind: 'blocked' }
    if (request.organizationPrompt === 'before login') return { kind: 'organization name needed' }
    if (!(await this.#isInvited(request, account))) return { kind: 'login needed' }
    // Nobody joins an organization without seeing anything: a page of another site can ask silently.
    const joinsUnseen = prompt.has('none') && request.invitation !== undefined
    const mustChoose = joinsUnseen || prompt.has('select_account') || tenant.flags?.['enable_sso'] === false
    if (mustChoose && !isChosen) return { kind: 'choice needed', sessionId, profile: account.profile }
    // Another tab has put another session in its place.
    if (chosen !== undefined && !isChosen) return { kind: 'login needed' }
    requireSecondFactor(request, found.session)
    const choice = await this.organizations.of(request, { userId, connection })
    if (choice.kind === 'organization choice needed') return { ...choice, sessionId }
    return this.#answer(choice.request, { found, account, visit })
  }

  async #answer(request: AuthorizeRequest, { found, account, visit }: { found: FoundSession; account: Account; visit: Visit }): Promise<SessionAnswer> {
    const { client, prompt } = request
    const { sessionId } = found
    const { userId, connection } = found.session
    const context = { ...(await causedBy(this.personKeys, visit, userId)), ...inNameOf(request) }
    await this.commands.execute(new AdmitToOrganization(request, { userId, connection }, context))
    const { administrator, createdAt } = account
    const mayAnswer = await this.commands.execute(new SettleConsent(request, { userId, administrator, createdAt }, false, context))
    if (!mayAnswer) return { kind: 'consent needed', sessionId, request }
    const bound = await this.queries.execute(new AreActionsBound('post-login'))
    const use = { clientId: client.client_id, silent: prompt.has('none'), ...(bound && { awaitsActions: true as const }) }
    const session = await this.commands.execute(new TouchSession(sessionId, use, { ...context, connection }))
    if (!session) return { kind: 'login needed', stale: true }
    const login = { request, sessionId, session, account, visit, authorizedAt: found.now.toISOString(), bound }
    return this.commands.execute(new AnswerLogin(login, context))
  }

  /** A hint that is not ours names somebody else (OIDC Core §3.1.2.1). */
  async #isHinted({ idTokenHint }: AuthorizeRequest, userId: string): Promise<boolean> {
    return idTokenHint === undefined || (await this.hints.read(idTokenHint))?.userId === userId
  }

  /** With an invitation for somebody else: they log in, which the page asks for by their address. */
  async #isInvited({ invitation }: AuthorizeRequest, { profile }: Account): Promise<boolean> {
    if (invitation?.email === undefined) return true
    const [person] = await openProfiles(this.personKeys, [profile], ['email'])
    return person!.email === invitation.email
  }
}

export const isThrough = ({ session }: FoundSession, { connections }: AuthorizeRequest): boolean => connections.some(({ name }) => name === session.connection)

/** A page can stay open for longer than the login may be old; one that was made for this request stays new enough. */
export function isRecent({ session, now }: FoundSession, { client, prompt, maxAgeSeconds, startedAt }: AuthorizeRequest, isChosen: boolean): boolean {
  const authenticatedAt = Date.parse(session.authenticatedAt)
  const isWithinAge = maxAgeSeconds === undefined || (maxAgeSeconds > 0 && now.getTime() - authenticatedAt <= maxAgeSeconds * 1000)
  if (isChosen) return isWithinAge || maxAgeSeconds === 0 || authenticatedAt >= startedAt
  return isWithinAge && !prompt.has('login') && !client.sso_disabled
}
