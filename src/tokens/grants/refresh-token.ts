import { Command, CommandBus, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import { Inject } from '@nestjs/common'
import { type ClientDocument, issuance, thumbprintOf } from '../../authorization/index.js'
import { CONFIG, type Config } from '../../config.js'
import type { Context } from '../../event-store/event.js'
import { NotYetError } from '../../event-store/projection.js'
import { EndGrantOfFamily } from '../commands/end-grant-of-family.js'
import { type IssueAccess, RedeemRefreshToken, type RedeemedRefreshToken, type RefusedRefreshToken } from '../commands/redeem-refresh-token.js'
import { RevokeRefreshToken } from '../commands/revoke-refresh-token.js'
import { ExchangeRefused } from '../exchange-refused.js'
import { ExchangeRightsFinder } from '../exchange-rights.js'
import { expirationParameters } from '../expiration-parameters.js'
import { decidedScope } from '../post-login/decided-scope.js'
import type { Denial } from '../post-login/denial.js'
import { type Decided, ExchangeActions } from '../post-login/exchange-actions.js'
import { exchangePolicy } from '../refresh-token/policy.js'
import type { Caller, RequestOf, TokenSender } from '../token-request.js'
import { type TokenResponse, TokenSet } from '../token-set.js'

/** A refresh token becomes an access token (spec/refresh-tokens.md §6). Errors: ExchangeRefused. */
export class RefreshTokenGrant extends Command<TokenResponse> {
  constructor(
    readonly request: RequestOf<'refresh_token'>,
    readonly client: ClientDocument,
    readonly caller: Caller,
    readonly sender: TokenSender,
  ) {
    super()
  }
}

/** What became of the one question to the Actions that a request asks. */
interface Asked {
  decided?: Promise<Decided | undefined>
}

@CommandHandler(RefreshTokenGrant)
export class RefreshTokenGrantHandler implements ICommandHandler<RefreshTokenGrant> {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly commands: CommandBus,
    private readonly rights: ExchangeRightsFinder,
    private readonly tokenSet: TokenSet,
    private readonly actions: ExchangeActions,
  ) {}

  async execute(grant: RefreshTokenGrant): Promise<TokenResponse> {
    const { request, client, caller, sender } = grant
    const { origin, context } = caller
    const asked: Asked = {}
    const issue = this.#issuer(grant, asked)
    const shown = { dpopThumbprint: thumbprintOf(sender.proofs) ?? null, confidential: sender.confidential }
    const policy = exchangePolicy(client)
    const bound = await this.actions.areBound()
    const redeem = new RedeemRefreshToken(request.refreshToken, client.client_id, policy, origin, context, issue, shown, bound)
    const redeemed = (await this.commands.execute(redeem as RedeemRefreshToken<unknown>)) as RedeemedRefreshToken<TokenResponse>
    if (redeemed.kind === 'refused') {
      const { why, familyId } = redeemed
      if (why === 'reuse' && familyId !== undefined) await this.#endGrant(familyId, { ...context, clientId: client.client_id })
      const decided = why === 'actions' ? await asked.decided : undefined
      if (decided?.kind === 'denied') await this.#revoke(decided, redeemed, grant)
      throw refusal(redeemed, decided)
    }
    const { tokens, refreshToken, at } = redeemed
    const renewed = refreshToken !== request.refreshToken
    return { ...tokens!, ...(renewed && { refresh_token: refreshToken }), ...expirationParameters(this.config, redeemed, at) }
  }

  /**
   * Checks 9 to 14, then the signatures: inside the decision, because once the token is spent the client must get its answer. Nothing is locked
   * while the Actions run: the append finds out what happened meanwhile.
   */
  #issuer({ request, client, caller, sender: { proofs } }: RefreshTokenGrant, once: Asked): IssueAccess<TokenResponse> {
    const { scope: requested, audience } = request
    const id = this.tokenSet.newId()
    const signed = this.tokenSet.once(id)
    return async (family, user, now) => {
      const rights = await this.rights.find(family, user, client, { audience, scope: requested })
      if ('refused' in rights) return rights
      const { api, scope: granted, person, permissions, policyUsed } = rights
      const organization = rights.organization?.token
      const possession = issuance({ client, api, proofs })
      const used = policyUsed && { policyUsed }
      if (possession.kind === 'refused') return { refused: 'possession', error: 'invalid_request', description: possession.description, ...used }
      const proof = possession.kind === 'constrained' ? possession.proof : undefined
      once.decided ??= this.actions.offline(family, { request, client, caller, rights })
      const decided = await once.decided
      if (decided?.kind === 'denied') return { refused: 'actions', error: decided.error, description: decided.description, ...used }
      const { scope, added } = decided ? decidedScope(granted, decided.scopes, api) : { scope: granted, added: [] }
      const { id: familyId, sessionId, authenticatedAt, scope: loginScope } = family
      const login = {
        familyId,
        client,
        api,
        person,
        sessionId,
        authenticatedAt,
        loginScope,
        scope,
        permissions,
        organization,
        gty: 'refresh_token' as const,
        proof,
        decided,
      }
      const tokens = await signed(login, now)
      const access = {
        accessTokenId: id,
        audience: api?.identifier ?? null,
        scope,
        accessTokenSeconds: tokens.expires_in,
        ...used,
        ...(audience !== undefined && { requestedAudience: audience }),
        ...(requested && { requestedScope: requested.join(' ').slice(0, MAX_SCOPE) }),
        ...(added.length > 0 && { addedScope: added }),
      }
      if (!decided) return { access, tokens }
      const { operations, ...wantedEnds } = decided.refreshToken
      return { access: { ...access, wantedEnds }, tokens, actions: { execution: decided.execution, operations } }
    }
  }

  /** Whoever presents a stolen token is told no more than of an unknown one, also where online tokens cannot be found yet: GrantEndedReactor ends those. */
  async #endGrant(familyId: string, context: Context): Promise<void> {
    try {
      await this.commands.execute(new EndGrantOfFamily(familyId, context))
    } catch (error) {
      if (!(error instanceof NotYetError)) throw error
    }
  }

  /** spec/actions.md §3.5: with the answer. Whoever is killed before it has answered nothing, and the next try is refused by the same Action. */
  async #revoke({ revokeRefreshToken, execution }: Denial, { familyId, login }: RefusedRefreshToken, { client, caller }: RefreshTokenGrant): Promise<void> {
    if (!revokeRefreshToken || familyId === undefined) return
    const cause = { ...caller.context, clientId: client.client_id, ...login, actions: execution }
    await this.commands.execute(new RevokeRefreshToken(familyId, 'action', caller.origin, cause))
  }
}

/** As much of what was asked for stands in the log. */
const MAX_SCOPE = 1000

/** Which check it was the log knows; the client hears no more than Auth0 tells (spec/refresh-tokens.md §6.1). */
function refusal({ why, familyId, userId, login, told }: RefusedRefreshToken, decided: Decided | undefined): ExchangeRefused {
  const whose = { ...(familyId !== undefined && { familyId }), ...(userId !== undefined && { userId }), ...(login && { login }) }
  const about = { reason: why, ...whose, ...(told?.policyUsed && { policyUsed: told.policyUsed }) }
  if (told && decided) {
    const reason = decided.kind === 'denied' ? `actions: ${decided.why}` : 'actions: metadata'
    const actionCode = decided.kind === 'denied' ? decided.code : undefined
    const ofActions = { actions: decided.execution, ...(actionCode !== undefined && { actionCode }) }
    return new ExchangeRefused(told.error, told.description, { ...about, reason, ...ofActions })
  }
  if (told) return new ExchangeRefused(told.error, told.description, about)
  if (why === 'user-gone') return new ExchangeRefused('invalid_grant', "The refresh_token was generated for a user who doesn't exist anymore.", about)
  return new ExchangeRefused('invalid_grant', 'Unknown or invalid refresh token.', why === 'reuse' ? { ...about, recorded: true } : about)
}
