import { Command, CommandBus, CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs'
import type { IssuanceDecisions } from '../../actions/index.js'
import {
  type ClientDocument,
  type CodeGrant,
  enforcedPermissions,
  FindResourceServer,
  IsCodeReplayed,
  mayGoOffline,
  permittedScope,
  type Proof,
  RedeemAuthorizationCode,
  type ResourceServerDocument,
  thumbprintOf,
} from '../../authorization/index.js'
import { Audit } from '../../audit/audit.js'
import type { Context } from '../../event-store/event.js'
import { PersonKeys } from '../../keys/person-keys.js'
import { GrantOnlineAccess, type LoginEnds, WithdrawOnlineAccess } from '../../sessions/index.js'
import { FindUser, type FoundUser } from '../../users/index.js'
import { actingIn, notAMember, type TokenOrganization } from '../acting-in.js'
import { RevokeReplayedRefreshToken } from '../commands/revoke-replayed-refresh-token.js'
import { ExchangeRefused } from '../exchange-refused.js'
import { isAnotherPerson } from '../exchange-rights.js'
import { FirstRefreshToken } from '../first-refresh-token.js'
import { decidedScope } from '../post-login/decided-scope.js'
import { LoginMarks } from '../queries/login-marks.js'
import { markKeys } from '../refresh-token/mark-key.js'
import { newFamilyId } from '../refresh-token/token-value.js'
import type { Caller, RequestOf, TokenSender } from '../token-request.js'
import { type TokenResponse, TokenSet, type UserTerms } from '../token-set.js'

/** A person's authorization becomes tokens (RFC 6749 §4.1.3, spec/oauth.md §6.1). Errors: ExchangeRefused. */
export class AuthorizationCodeGrant extends Command<TokenResponse> {
  constructor(
    readonly request: RequestOf<'authorization_code'>,
    readonly client: ClientDocument,
    readonly caller: Caller,
    readonly sender: TokenSender,
  ) {
    super()
  }
}

@CommandHandler(AuthorizationCodeGrant)
export class AuthorizationCodeGrantHandler implements ICommandHandler<AuthorizationCodeGrant> {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly tokenSet: TokenSet,
    private readonly refreshTokens: FirstRefreshToken,
    private readonly audit: Audit,
    private readonly personKeys: PersonKeys,
    private readonly marks: LoginMarks,
  ) {}

  async execute({ request, client, caller, sender }: AuthorizationCodeGrant): Promise<TokenResponse> {
    const familyId = newFamilyId()
    const tokenId = this.tokenSet.newId()
    const { grant: granted, at, proof } = await this.#redeem(request, client, caller, sender, familyId, tokenId)
    const [user, api] = await Promise.all([this.queries.execute(new FindUser({ userId: granted.userId })), this.#api(granted)])
    const grant = { ...granted, scope: granted.scope.filter((name) => name !== 'offline_access' || mayGoOffline(client, api)) }
    const organization = await this.#organization(grant)
    const permissions = await enforcedPermissions(this.queries, grant.userId, api, grant.organizationId)
    const decided = await this.#decided(grant)
    const permitted = permittedScope(grant.scope, permissions)
    const rights = { scope: decided ? decidedScope(permitted, decided.scopes, api).scope : permitted, permissions, organization }
    const terms = { ...toTerms(grant, client, api, livingUser(user, grant)), ...rights, familyId, proof, decided }
    // Signed before the family starts: its token must not be lost to a failure of ours.
    const tokens = await this.tokenSet.forUser(tokenId, terms, at)
    if (grant.online) return { ...tokens, ...(await this.#online(grant, request.code, client, caller, sender)) }
    if (!grant.scope.includes('offline_access')) return tokens
    return { ...tokens, ...(await this.#firstRefreshToken(familyId, grant, terms, caller, sender)) }
  }

  /** What the Actions of the login decided: they do not run again (spec/actions.md §4.1). Nobody can open those of a user who was erased. */
  async #decided({ actions, userId }: CodeGrant): Promise<IssuanceDecisions | undefined> {
    if (!actions) return undefined
    const decided = await this.personKeys.open<IssuanceDecisions>(actions.decisions)
    if (!decided) throw new ExchangeRefused('invalid_grant', 'Invalid authorization code', { reason: 'user-gone', userId })
    return decided
  }

  /** Spends the code. Tokens that were issued for a replayed code are revoked (RFC 6749 §4.1.2). */
  async #redeem(
    { code, redirectUri, codeVerifier }: RequestOf<'authorization_code'>,
    client: ClientDocument,
    caller: Caller,
    { proofs }: TokenSender,
    familyId: string,
    accessTokenId: string,
  ): Promise<{ readonly grant: CodeGrant; readonly at: Date; readonly proof: Proof | undefined }> {
    const context = { ...caller.context, clientId: client.client_id }
    const exchange = { code, clientId: client.client_id, redirectUri, codeVerifier, familyId, accessTokenId, sender: { client, proofs } }
    const redeemed = await this.commands.execute(new RedeemAuthorizationCode(exchange, context, caller.origin))
    if (redeemed.kind === 'redeemed') return redeemed
    const { replayed } = redeemed
    if (replayed) {
      await this.commands.execute(new RevokeReplayedRefreshToken(replayed.familyId, caller.origin, context))
      if (replayed.online) await this.#withdraw(replayed.online, context)
    }
    throw new ExchangeRefused(redeemed.error, redeemed.description, { reason: redeemed.reason })
  }

  async #api({ audience }: CodeGrant): Promise<ResourceServerDocument | undefined> {
    if (audience === null) return undefined
    const api = await this.queries.execute(new FindResourceServer(audience))
    if (!api) throw new ExchangeRefused('access_denied', `Service not found: ${audience}`, { reason: 'unknown-audience' })
    return api
  }

  /** The person may have left it since the code was made. */
  async #organization({ userId, organizationId }: CodeGrant): Promise<TokenOrganization | undefined> {
    if (organizationId === undefined) return undefined
    const acting = await actingIn(this.queries, organizationId, userId)
    if (!acting) throw new ExchangeRefused('access_denied', notAMember(userId, organizationId), { reason: 'not-a-member', userId })
    return acting.token
  }

  /** Refused where the session or the grant has ended since the code was made: there is nothing that it could live with (spec/oauth.md §6.1). */
  async #online(
    grant: CodeGrant,
    code: string,
    client: ClientDocument,
    { context }: Caller,
    { confidential, proofs }: TokenSender,
  ): Promise<Pick<TokenResponse, 'refresh_token'>> {
    const { sessionId, clientId, audience, scope, userId, organizationId } = grant
    const dpopThumbprint = confidential ? null : (thumbprintOf(proofs) ?? null)
    const cause = { ...context, clientId, userId }
    const terms = { clientId, audience, scope, dpopThumbprint, ...inOrganization(organizationId) }
    const token = await this.commands.execute(new GrantOnlineAccess(sessionId, terms, cause, this.#ends(grant)))
    if (token === undefined) throw new ExchangeRefused('invalid_grant', 'Invalid authorization code', { reason: 'session-over', userId, login: { sessionId } })
    // A replay of the code before this point found no online access to withdraw, so it is withdrawn here.
    if (await this.queries.execute(new IsCodeReplayed(code))) {
      await this.#withdraw({ sessionId, audience }, cause)
      return {}
    }
    if (!confidential && dpopThumbprint === null) {
      const description = `An online refresh token of the public client ${client.name} is bound to no key. DPoP would make it worthless to a thief.`
      await this.audit.recordOnceADay(clientId, { type: 'Warned', data: { description } }, { ...context, clientId })
    }
    return { refresh_token: token }
  }

  /** What would end an offline refresh token of the login. */
  #ends({ userId, clientId, audience, sessionId, organizationId, authorizedAt }: CodeGrant): LoginEnds | undefined {
    if (authorizedAt === undefined) return undefined
    const guard = { keys: markKeys({ userId, clientId, audience, sessionId, ...inOrganization(organizationId) }), after: new Date(authorizedAt) }
    return { guard, haveCome: () => this.marks.haveEnded(guard) }
  }

  #withdraw(
    { sessionId, audience }: { readonly sessionId: string; readonly audience: string | null },
    context: Context & { readonly clientId: string },
  ): Promise<unknown> {
    return this.commands.execute(new WithdrawOnlineAccess({ sessionId }, { clientId: context.clientId, audience }, 'code-replayed', context))
  }

  async #firstRefreshToken(
    familyId: string,
    grant: CodeGrant,
    { client, authenticatedAt, decided }: UserTerms & { readonly decided: IssuanceDecisions | undefined },
    { origin, context }: Caller,
    sender: TokenSender,
  ): Promise<Partial<TokenResponse>> {
    const { userId, sessionId, audience, scope, connection, authorizedAt, organizationId, actions, methods } = grant
    const proven = { authenticatedAt: authenticatedAt!, ...(authorizedAt !== undefined && { authorizedAt }), ...(methods && { methods }) }
    const login = { client, userId, sessionId, audience, scope, connection, ...proven, ...inOrganization(organizationId) }
    const deviceName = grant.device === undefined ? undefined : await this.personKeys.open<string>(grant.device)
    const from = { context, origin: { ...origin, ...(deviceName !== undefined && { deviceName }) } }
    return this.refreshTokens.issue(familyId, { ...login, decided, execution: actions?.execution }, from, sender)
  }
}

const inOrganization = (organizationId: string | undefined): { readonly organizationId?: string } => (organizationId === undefined ? {} : { organizationId })

/** The person may have gone, or been blocked, since the code was made, and another have come with the same id. */
function livingUser(user: FoundUser | undefined, { userId, authorizedAt: startedAt }: CodeGrant): FoundUser {
  const isAnother = user && startedAt !== undefined && isAnotherPerson({ startedAt }, { createdAt: user.created_at.toISOString() })
  if (!user || isAnother) throw new ExchangeRefused('invalid_grant', 'Invalid authorization code', { reason: 'user-gone', userId })
  if (user.document.blocked) throw new ExchangeRefused('unauthorized', 'user is blocked', { reason: 'user-blocked', userId })
  return user
}

function toTerms(
  { sessionId, authTime, scope, nonce }: CodeGrant,
  client: ClientDocument,
  api: ResourceServerDocument | undefined,
  { document, created_at, updated_at }: FoundUser,
): Omit<UserTerms, 'familyId'> {
  return {
    client,
    api,
    person: { profile: document, createdAt: created_at.toISOString(), updatedAt: updated_at.toISOString() },
    sessionId,
    authenticatedAt: new Date(authTime * 1000).toISOString(),
    loginScope: scope,
    scope,
    nonce,
  }
}
