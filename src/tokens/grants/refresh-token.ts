import { CommandBus, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import { Inject } from '@nestjs/common'
import { thumbprintOf } from '../../authorization/index.js'
import { CONFIG, type Config } from '../../config.js'
import type { Context } from '../../event-store/event.js'
import { NotYetError } from '../../event-store/projection.js'
import { EndGrantOfFamily } from '../commands/end-grant-of-family.js'
import { type IssueAccess, RedeemRefreshToken, type RedeemedRefreshToken, type RefusedRefreshToken } from '../commands/redeem-refresh-token.js'
import { RevokeRefreshToken } from '../commands/revoke-refresh-token.js'
import { ExchangeAccess } from '../exchange-access.js'
import { accessRefused, ExchangeRefused } from '../exchange-refused.js'
import type { ExchangeRights } from '../exchange-rights.js'
import { expirationParameters } from '../expiration-parameters.js'
import { ExchangeActions } from '../post-login/exchange-actions.js'
import { exchangePolicy } from '../refresh-token/policy.js'
import { TokenGrant } from '../token-grant.js'
import type { RequestOf } from '../token-request.js'
import type { TokenResponse } from '../token-set.js'

/** A refresh token becomes an access token (spec/refresh-tokens.md §6). Errors: ExchangeRefused. */
export class RefreshTokenGrant extends TokenGrant<RequestOf<'refresh_token'>> {}

@CommandHandler(RefreshTokenGrant)
export class RefreshTokenGrantHandler implements ICommandHandler<RefreshTokenGrant> {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly commands: CommandBus,
    private readonly access: ExchangeAccess,
    private readonly actions: ExchangeActions,
  ) {}

  async execute(grant: RefreshTokenGrant): Promise<TokenResponse> {
    const { request, client, caller, sender } = grant
    const { origin, context } = caller
    const exchange = {
      issue: this.#issuer(grant),
      sender: { dpopThumbprint: thumbprintOf(sender.proofs) ?? null, confidential: sender.confidential },
      forActions: await this.actions.areBound(),
    }
    const redeem = new RedeemRefreshToken(request.refreshToken, client.client_id, exchangePolicy(client), origin, context, exchange)
    const redeemed = (await this.commands.execute(redeem as RedeemRefreshToken<unknown>)) as RedeemedRefreshToken<TokenResponse>
    if (redeemed.kind === 'refused') {
      const { why, familyId } = redeemed
      if (why === 'reuse' && familyId !== undefined) await this.#endGrant(familyId, { ...context, clientId: client.client_id })
      await this.#revokeIfWanted(redeemed, grant)
      throw refusal(redeemed)
    }
    const { tokens, refreshToken, at } = redeemed
    const renewed = refreshToken !== request.refreshToken
    return { ...tokens!, ...(renewed && { refresh_token: refreshToken }), ...expirationParameters(this.config, redeemed, at) }
  }

  /** Nothing is locked while the Actions run: the append finds out what happened meanwhile. */
  #issuer({ request, client, caller, sender }: RefreshTokenGrant): IssueAccess<TokenResponse> {
    const give = this.access.of(request, client, sender)
    return async (family, user, now) => {
      const ask = (rights: ExchangeRights) => this.actions.offline(family, { request, client, caller, rights })
      const given = await give({ ...family, familyId: family.id }, user, now, ask)
      if ('refused' in given || !given.decided) return given
      const { access, tokens, decided, heldUp } = given
      const { operations, ...wantedEnds } = decided.refreshToken
      return { access: { ...access, wantedEnds }, tokens, heldUp, actions: { execution: decided.execution, operations } }
    }
  }

  /** A reused token is answered like an unknown one, even where online tokens cannot be found yet: GrantEndedReactor ends those later. */
  async #endGrant(familyId: string, context: Context): Promise<void> {
    try {
      await this.commands.execute(new EndGrantOfFamily(familyId, context))
    } catch (error) {
      if (!(error instanceof NotYetError)) throw error
    }
  }

  /** As an Action asked for it (spec/actions.md §3.5). A crash before this point does no harm: nothing was answered, and the same Action refuses the next try. */
  async #revokeIfWanted({ familyId, login, told }: RefusedRefreshToken, { client, caller }: RefreshTokenGrant): Promise<void> {
    if (!told?.denial?.revokeRefreshToken || familyId === undefined) return
    const cause = { ...caller.context, clientId: client.client_id, ...login, actions: told.denial.execution }
    await this.commands.execute(new RevokeRefreshToken(familyId, 'action', caller.origin, cause))
  }
}

/** The log says which check failed; the client is told no more than Auth0 tells it (spec/refresh-tokens.md §6.1). */
function refusal({ why, familyId, userId, login, told }: RefusedRefreshToken): ExchangeRefused {
  const whose = { ...(familyId !== undefined && { familyId }), ...(userId !== undefined && { userId }), ...(login && { login }) }
  if (told) return accessRefused(told, { ...whose, ...(told.policyUsed && { policyUsed: told.policyUsed }) })
  const about = { reason: why, ...whose }
  if (why === 'user-gone') return new ExchangeRefused('invalid_grant', "The refresh_token was generated for a user who doesn't exist anymore.", about)
  return new ExchangeRefused('invalid_grant', 'Unknown or invalid refresh token.', why === 'reuse' ? { ...about, recorded: true } : about)
}
