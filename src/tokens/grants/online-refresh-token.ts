import { CommandBus, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import { thumbprintOf } from '../../authorization/index.js'
import { type IssueOnline, type OnlineGrant, RedeemOnlineToken, type RedeemedOnlineToken } from '../../sessions/index.js'
import type { AccessRefused } from '../commands/redeem-refresh-token.js'
import { ExchangeAccess } from '../exchange-access.js'
import { accessRefused, ExchangeRefused } from '../exchange-refused.js'
import type { ExchangeRights } from '../exchange-rights.js'
import { type Decided, ExchangeActions } from '../post-login/exchange-actions.js'
import { TokenGrant } from '../token-grant.js'
import type { RequestOf } from '../token-request.js'
import type { TokenResponse } from '../token-set.js'

/** Beside the answer, what Actions want to follow it, and for which session. */
interface Given {
  readonly tokens: TokenResponse
  readonly grant: OnlineGrant
  readonly decided?: Decided
}

interface Refused {
  readonly told: AccessRefused
  readonly grant: OnlineGrant
}

/** An online refresh token becomes an access token for as long as its session lives (spec/refresh-tokens.md §8). Errors: ExchangeRefused. */
export class OnlineRefreshTokenGrant extends TokenGrant<RequestOf<'refresh_token'>> {}

@CommandHandler(OnlineRefreshTokenGrant)
export class OnlineRefreshTokenGrantHandler implements ICommandHandler<OnlineRefreshTokenGrant> {
  constructor(
    private readonly commands: CommandBus,
    private readonly access: ExchangeAccess,
    private readonly actions: ExchangeActions,
  ) {}

  async execute({ request, client, caller, sender }: OnlineRefreshTokenGrant): Promise<TokenResponse> {
    const shown = { clientId: client.client_id, dpopThumbprint: thumbprintOf(sender.proofs) ?? null }
    const give = this.access.of(request, client, sender)
    const issue: IssueOnline<Given, Refused> = async (grant, now) => {
      const ask = (rights: ExchangeRights) => this.actions.online(grant, { request, client, caller, rights })
      const given = await give(loginOf(grant), grant.user, now, ask)
      if ('refused' in given) return { refused: { told: given, grant } }
      const { access, tokens, decided, heldUp } = given
      const { accessTokenSeconds: _, addedScope: __, ...told } = access
      return { access: told, tokens: { tokens, grant, ...(decided && { decided }) }, heldUp, actions: decided?.execution }
    }
    const redeem = new RedeemOnlineToken(request.refreshToken, shown, caller.origin, caller.context, issue)
    const redeemed = (await this.commands.execute(redeem as RedeemOnlineToken)) as RedeemedOnlineToken<Given, Refused>
    if (redeemed.kind === 'redeemed') {
      const { tokens, grant, decided } = redeemed.tokens
      if (decided) await this.actions.settle(grant, decided, { client, caller })
      return tokens
    }
    const { userId, login } = redeemed
    const whose = { online: true as const, ...(userId !== undefined && { userId }), ...(login && { login }) }
    if (redeemed.kind === 'refused') throw new ExchangeRefused('invalid_grant', 'Unknown or invalid refresh token.', { reason: redeemed.why, ...whose })
    const { told, grant } = redeemed.refused
    if (told.denial) await this.actions.settle(grant, told.denial, { client, caller })
    throw accessRefused(told, { ...whose, ...(told.policyUsed && { policyUsed: told.policyUsed }) })
  }
}

function loginOf({ sessionId, session, terms }: OnlineGrant) {
  const { scope, audience, organizationId } = terms
  const { userId, startedAt, authenticatedAt } = session
  return { sessionId, userId, startedAt, authenticatedAt, scope, audience, ...(organizationId !== undefined && { organizationId }) }
}
