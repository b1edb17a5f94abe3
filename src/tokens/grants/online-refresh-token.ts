import { Command, CommandBus, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import { type ClientDocument, issuance, thumbprintOf } from '../../authorization/index.js'
import type { Context, Origin } from '../../event-store/event.js'
import type { OAuthErrorCode } from '../../http/oauth-error.js'
import { type IssueOnline, RedeemOnlineToken, type RedeemedOnlineToken } from '../../sessions/index.js'
import { ExchangeRefused } from '../exchange-refused.js'
import { ExchangeRightsFinder } from '../exchange-rights.js'
import type { RequestOf, TokenSender } from '../token-request.js'
import { type TokenResponse, TokenSet } from '../token-set.js'

interface NoAccess {
  readonly refused: string
  readonly error: OAuthErrorCode
  readonly description: string
}

/** An online refresh token becomes an access token for as long as its session lives (spec/refresh-tokens.md §8). Errors: ExchangeRefused. */
export class OnlineRefreshTokenGrant extends Command<TokenResponse> {
  constructor(
    readonly request: RequestOf<'refresh_token'>,
    readonly client: ClientDocument,
    readonly caller: { readonly origin: Origin; readonly context: Context },
    readonly sender: TokenSender,
  ) {
    super()
  }
}

@CommandHandler(OnlineRefreshTokenGrant)
export class OnlineRefreshTokenGrantHandler implements ICommandHandler<OnlineRefreshTokenGrant> {
  constructor(
    private readonly commands: CommandBus,
    private readonly rights: ExchangeRightsFinder,
    private readonly tokenSet: TokenSet,
  ) {}

  async execute({ request, client, caller, sender }: OnlineRefreshTokenGrant): Promise<TokenResponse> {
    const shown = { clientId: client.client_id, dpopThumbprint: thumbprintOf(sender.proofs) ?? null }
    const redeem = new RedeemOnlineToken(request.refreshToken, shown, caller.origin, caller.context, this.#issuer(request, client, sender))
    const redeemed = (await this.commands.execute(redeem as RedeemOnlineToken)) as RedeemedOnlineToken<TokenResponse, NoAccess>
    if (redeemed.kind === 'redeemed') return redeemed.tokens
    const whose = redeemed.userId === undefined ? {} : { userId: redeemed.userId }
    if (redeemed.kind === 'refused') throw new ExchangeRefused('invalid_grant', 'Unknown or invalid refresh token.', { reason: redeemed.why, ...whose })
    const { refused: reason, error, description } = redeemed.refused
    throw new ExchangeRefused(error, description, { reason, ...whose })
  }

  /** Checks 9 to 13 of §6.1, then the signatures, as for offline tokens. */
  #issuer({ scope: requested, audience }: RequestOf<'refresh_token'>, client: ClientDocument, { proofs }: TokenSender): IssueOnline<TokenResponse, NoAccess> {
    const id = this.tokenSet.newId()
    return async ({ sessionId, session, terms, user }, now) => {
      const { scope: loginScope, audience: loginAudience } = terms
      const login = { scope: loginScope, audience: loginAudience, userId: session.userId, startedAt: session.startedAt }
      const rights = await this.rights.find(login, user, client, { audience, scope: requested })
      if ('refused' in rights) return { refused: rights }
      const { api, scope, person, permissions } = rights
      const possession = issuance({ client, api, proofs })
      if (possession.kind === 'refused') return { refused: { refused: 'possession', error: 'invalid_request', description: possession.description } }
      const proof = possession.kind === 'constrained' ? possession.proof : undefined
      const { authenticatedAt } = session
      const rest = { client, api, person, sessionId, authenticatedAt, loginScope, scope, permissions, gty: 'refresh_token' as const, proof }
      return { access: { accessTokenId: id, audience: api?.identifier ?? null, scope }, tokens: await this.tokenSet.forUser(id, rest, now) }
    }
  }
}
