import { Command, CommandBus, CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs'
import { type ClientDocument, type CodeGrant, FindResourceServer, RedeemAuthorizationCode, type ResourceServerDocument } from '../../authorization/index.js'
import type { Context, Origin } from '../../event-store/event.js'
import { FindUser, type FoundUser } from '../../users/index.js'
import { IssueRefreshToken } from '../commands/issue-refresh-token.js'
import { RevokeReplayedRefreshToken } from '../commands/revoke-replayed-refresh-token.js'
import { ExchangeRefused } from '../exchange-refused.js'
import { refreshTokenPolicy } from '../refresh-token/policy.js'
import { newFamilyId } from '../refresh-token/token-value.js'
import type { RequestOf } from '../token-request.js'
import { type TokenResponse, TokenSet, type UserTerms } from '../token-set.js'

interface Caller {
  readonly origin: Origin
  readonly context: Context
}

/** A person's authorization becomes tokens (RFC 6749 §4.1.3, spec/oauth.md §6.1). Errors: ExchangeRefused. */
export class AuthorizationCodeGrant extends Command<TokenResponse> {
  constructor(
    readonly request: RequestOf<'authorization_code'>,
    readonly client: ClientDocument,
    readonly caller: Caller,
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
  ) {}

  async execute({ request, client, caller }: AuthorizationCodeGrant): Promise<TokenResponse> {
    const familyId = newFamilyId()
    const tokenId = this.tokenSet.newId()
    const grant = await this.#redeem(request, client, caller, familyId, tokenId)
    const [user, api] = await Promise.all([this.queries.execute(new FindUser({ userId: grant.userId })), this.#api(grant)])
    const terms = { ...toTerms(grant, client, api, livingUser(user, grant)), familyId }
    // Signed before the family starts: its token must not be lost to a failure of ours.
    const tokens = await this.tokenSet.forUser(tokenId, terms, new Date())
    if (!grant.scope.includes('offline_access')) return tokens
    return { ...tokens, refresh_token: await this.#startFamily(familyId, grant, terms, caller) }
  }

  /** Spends the code. What was born of a code that comes back dies (RFC 6749 §4.1.2). */
  async #redeem(
    { code, redirectUri, codeVerifier }: RequestOf<'authorization_code'>,
    client: ClientDocument,
    caller: Caller,
    familyId: string,
    accessTokenId: string,
  ): Promise<CodeGrant> {
    const context = { ...caller.context, clientId: client.client_id }
    const redeemed = await this.commands.execute(
      new RedeemAuthorizationCode({ code, clientId: client.client_id, redirectUri, codeVerifier, familyId, accessTokenId }, context, caller.origin),
    )
    if (redeemed.kind === 'redeemed') return redeemed.grant
    if (redeemed.replayedFamilyId !== undefined) {
      await this.commands.execute(new RevokeReplayedRefreshToken(redeemed.replayedFamilyId, caller.origin, { ...caller.context, clientId: client.client_id }))
    }
    throw new ExchangeRefused(redeemed.error, redeemed.description, { reason: redeemed.reason })
  }

  async #api({ audience }: CodeGrant): Promise<ResourceServerDocument | undefined> {
    if (audience === null) return undefined
    const api = await this.queries.execute(new FindResourceServer(audience))
    if (!api) throw new ExchangeRefused('access_denied', `Service not found: ${audience}`, { reason: 'unknown-audience' })
    return api
  }

  async #startFamily(familyId: string, grant: CodeGrant, { client, authenticatedAt }: UserTerms, { origin, context }: Caller): Promise<string> {
    const { userId, clientId, sessionId, audience, scope, connection } = grant
    const policy = refreshTokenPolicy(client)
    const login = { authenticatedAt: authenticatedAt!, connection }
    const terms = { userId, clientId, sessionId, audience, scope, rotating: policy.rotating, ...login }
    return (await this.commands.execute(new IssueRefreshToken(terms, policy, origin, context, familyId))).refreshToken
  }
}

/** The person may have gone, or been blocked, since the code was made. */
function livingUser(user: FoundUser | undefined, { userId }: CodeGrant): FoundUser {
  if (!user) throw new ExchangeRefused('invalid_grant', 'Invalid authorization code', { reason: 'user-gone', userId })
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
