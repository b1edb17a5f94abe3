import { Command, CommandBus, CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs'
import { type ClientDocument, FindClientGrant, FindResourceServer, grantedScope, type ResourceServerDocument } from '../../authorization/index.js'
import type { Context, Origin } from '../../event-store/event.js'
import { OAuthError } from '../../http/oauth-error.js'
import { type IssueAccess, RedeemRefreshToken, type RedeemedRefreshToken } from '../commands/redeem-refresh-token.js'
import { ExchangeRefused } from '../exchange-refused.js'
import { exchangeScope } from '../exchange-scope.js'
import type { ActiveFamily } from '../refresh-token/family.js'
import type { FamilyUser } from '../refresh-token/family-with-user.js'
import { refreshTokenPolicy } from '../refresh-token/policy.js'
import type { RequestOf } from '../token-request.js'
import { type TokenResponse, TokenSet } from '../token-set.js'

/** A refresh token becomes an access token (spec/refresh-tokens.md §6). Errors: ExchangeRefused. */
export class RefreshTokenGrant extends Command<TokenResponse> {
  constructor(
    readonly request: RequestOf<'refresh_token'>,
    readonly client: ClientDocument,
    readonly caller: { readonly origin: Origin; readonly context: Context },
  ) {
    super()
  }
}

@CommandHandler(RefreshTokenGrant)
export class RefreshTokenGrantHandler implements ICommandHandler<RefreshTokenGrant> {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly tokenSet: TokenSet,
  ) {}

  async execute({ request, client, caller }: RefreshTokenGrant): Promise<TokenResponse> {
    const asked = new Asked(request, client)
    const redeem = new RedeemRefreshToken(
      request.refreshToken,
      client.client_id,
      refreshTokenPolicy(client),
      caller.origin,
      caller.context,
      this.#issuer(request, client, asked),
    )
    const redeemed = (await this.commands.execute(redeem as RedeemRefreshToken<unknown>)) as RedeemedRefreshToken<TokenResponse>
    if (redeemed.kind === 'refused') throw asked.refusal(redeemed)
    const { tokens, rotating, refreshToken } = redeemed
    return { ...tokens!, ...(rotating && { refresh_token: refreshToken }) }
  }

  /** Checks 9 to 13, then the signatures: inside the decision, because once the token is spent the client must get its answer. */
  #issuer({ scope: requested, audience }: RequestOf<'refresh_token'>, client: ClientDocument, asked: Asked): IssueAccess<TokenResponse> {
    const id = this.tokenSet.newId()
    let signed: { readonly terms: string; readonly tokens: TokenResponse } | undefined
    return async (family, user, now) => {
      if (!user || isAnotherPerson(family, user)) return { refused: 'user-gone' }
      if (user.profile.blocked) return { refused: 'user-blocked' }
      if (audience !== undefined && audience !== family.audience) return { refused: (await this.#api(audience)) ? 'other-audience' : 'unknown-audience' }
      const api = family.audience === null ? undefined : await this.#api(family.audience)
      if (family.audience !== null && !api) {
        asked.audience = family.audience
        return { refused: 'unknown-audience' }
      }
      const clientGrantScope = api?.is_system ? (await this.queries.execute(new FindClientGrant(client.client_id, api.identifier)))?.scope : undefined
      const allowed = grantedScope({ requested: family.scope, client, api, clientGrantScope, administrator: user.administrator })
      const given = exchangeScope(family.scope, allowed, requested)
      if ('notGranted' in given) {
        asked.notGranted = given.notGranted
        return { refused: 'scope' }
      }
      // A conflict asks again; what was signed for the same rights a moment ago is as good.
      const terms = JSON.stringify([given.scope, user.updatedAt])
      if (signed?.terms !== terms) {
        const { id: familyId, sessionId, authenticatedAt, scope: loginScope } = family
        const rights = { familyId, client, api, person: user, sessionId, authenticatedAt, loginScope, scope: given.scope, gty: 'refresh_token' as const }
        signed = { terms, tokens: await this.tokenSet.forUser(id, rights, now) }
      }
      return { access: { accessTokenId: id, audience: family.audience, scope: given.scope }, tokens: signed.tokens }
    }
  }

  #api(identifier: string): Promise<ResourceServerDocument | undefined> {
    return this.queries.execute(new FindResourceServer(identifier))
  }
}

/** Whoever bears the id now came after the login: the tokens of a deleted user stay dead. */
const isAnotherPerson = ({ startedAt }: ActiveFamily, { createdAt }: NonNullable<FamilyUser['user']>): boolean => Date.parse(createdAt) > Date.parse(startedAt)

/** The request's words, for the texts of its refusal (spec/oauth.md §1.2, refresh-tokens.md §6.1 and §6.3). */
class Asked {
  audience: string | undefined
  notGranted: readonly string[] = []

  constructor(
    request: RequestOf<'refresh_token'>,
    private readonly client: ClientDocument,
  ) {
    this.audience = request.audience
  }

  refusal({ why, familyId, userId }: Extract<RedeemedRefreshToken, { kind: 'refused' }>): OAuthError {
    const about = { reason: why, ...(familyId !== undefined && { familyId }), ...(userId !== undefined && { userId }) }
    switch (why) {
      case 'reuse':
        return new ExchangeRefused('invalid_grant', UNKNOWN, { ...about, recorded: true })
      case 'unknown':
      case 'foreign':
      case 'revoked':
      case 'expired':
        return new ExchangeRefused('invalid_grant', UNKNOWN, about)
      case 'user-gone':
        return new ExchangeRefused('invalid_grant', "The refresh_token was generated for a user who doesn't exist anymore.", about)
      case 'user-blocked':
        return new ExchangeRefused('invalid_grant', 'user is blocked', about)
      case 'scope':
        return new ExchangeRefused('invalid_scope', `Scopes were not granted: ${this.notGranted.join(', ')}`, about)
      case 'unknown-audience':
        return new ExchangeRefused('access_denied', `Service not found: ${this.audience}`, about)
      case 'other-audience':
        return new ExchangeRefused('access_denied', `Client "${this.client.client_id}" is not authorized to access resource server "${this.audience}".`, about)
    }
  }
}

const UNKNOWN = 'Unknown or invalid refresh token.'
