import { CommandBus, CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs'
import type { IssuanceDecisions } from '../../actions/index.js'
import { type CodeGrant, IsCodeReplayed, type Proof, RedeemAuthorizationCode, thumbprintOf } from '../../authorization/index.js'
import { Audit } from '../../audit/audit.js'
import type { Context } from '../../event-store/event.js'
import { PersonKeys } from '../../keys/person-keys.js'
import { GrantOnlineAccess, type LoginEnds, WithdrawOnlineAccess } from '../../sessions/index.js'
import { CodeRightsFinder } from '../code-rights.js'
import { RevokeReplayedRefreshToken } from '../commands/revoke-replayed-refresh-token.js'
import { ExchangeRefused } from '../exchange-refused.js'
import { FirstRefreshToken } from '../first-refresh-token.js'
import { LoginMarks } from '../queries/login-marks.js'
import { markKeys } from '../refresh-token/mark-key.js'
import { newFamilyId } from '../refresh-token/token-value.js'
import { TokenGrant } from '../token-grant.js'
import type { RequestOf } from '../token-request.js'
import { type TokenResponse, TokenSet, type UserTerms } from '../token-set.js'

/** A person's authorization becomes tokens (RFC 6749 §4.1.3, spec/oauth.md §6.1). Errors: ExchangeRefused. */
export class AuthorizationCodeGrant extends TokenGrant<RequestOf<'authorization_code'>> {}

@CommandHandler(AuthorizationCodeGrant)
export class AuthorizationCodeGrantHandler implements ICommandHandler<AuthorizationCodeGrant> {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly rights: CodeRightsFinder,
    private readonly tokenSet: TokenSet,
    private readonly refreshTokens: FirstRefreshToken,
    private readonly audit: Audit,
    private readonly personKeys: PersonKeys,
    private readonly marks: LoginMarks,
  ) {}

  async execute(asked: AuthorizationCodeGrant): Promise<TokenResponse> {
    const familyId = newFamilyId()
    const tokenId = this.tokenSet.newId()
    const { grant: granted, at, proof } = await this.#redeem(asked, familyId, tokenId)
    const { grant, terms } = await this.rights.of(granted, asked.client)
    // Signed before the family starts: its token must not be lost to a failure of ours.
    const tokens = await this.tokenSet.forUser(tokenId, { ...terms, familyId, proof }, at)
    if (grant.online) return { ...tokens, ...(await this.#online(grant, asked)) }
    if (!grant.scope.includes('offline_access')) return tokens
    return { ...tokens, ...(await this.#firstRefreshToken(familyId, grant, terms, asked)) }
  }

  /** Spends the code. Tokens that were issued for a replayed code are revoked (RFC 6749 §4.1.2). */
  async #redeem(
    { request: { code, redirectUri, codeVerifier }, client, caller, sender: { proofs } }: AuthorizationCodeGrant,
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

  /** Refused where the session or the grant has ended since the code was made: there is nothing that it could live with (spec/oauth.md §6.1). */
  async #online(
    grant: CodeGrant,
    { request: { code }, client, caller: { context }, sender: { confidential, proofs } }: AuthorizationCodeGrant,
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
    { caller: { origin, context }, sender }: AuthorizationCodeGrant,
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
