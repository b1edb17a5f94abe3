import { Command, CommandBus, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import { type ClientDocument, issuance, thumbprintOf } from '../../authorization/index.js'
import type { ExecutionFacts } from '../../event-store/event.js'
import type { OAuthErrorCode } from '../../http/oauth-error.js'
import { type IssueOnline, type OnlineGrant, RedeemOnlineToken, type RedeemedOnlineToken } from '../../sessions/index.js'
import { ExchangeRefused } from '../exchange-refused.js'
import { ExchangeRightsFinder } from '../exchange-rights.js'
import { decidedScope } from '../post-login/decided-scope.js'
import { type Decided, ExchangeActions } from '../post-login/exchange-actions.js'
import type { Caller, RequestOf, TokenSender } from '../token-request.js'
import { type TokenResponse, TokenSet } from '../token-set.js'

interface NoAccess {
  readonly refused: string
  readonly error: OAuthErrorCode
  readonly description: string
  readonly actions?: ExecutionFacts
}

/** What became of the one question to the Actions that a request asks, and about which session. */
interface Asked {
  decided?: Promise<Decided | undefined>
  grant?: OnlineGrant
}

/** An online refresh token becomes an access token for as long as its session lives (spec/refresh-tokens.md §8). Errors: ExchangeRefused. */
export class OnlineRefreshTokenGrant extends Command<TokenResponse> {
  constructor(
    readonly request: RequestOf<'refresh_token'>,
    readonly client: ClientDocument,
    readonly caller: Caller,
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
    private readonly actions: ExchangeActions,
  ) {}

  async execute(grant: OnlineRefreshTokenGrant): Promise<TokenResponse> {
    const { request, client, caller, sender } = grant
    const asked: Asked = {}
    const shown = { clientId: client.client_id, dpopThumbprint: thumbprintOf(sender.proofs) ?? null }
    const redeem = new RedeemOnlineToken(request.refreshToken, shown, caller.origin, caller.context, this.#issuer(grant, asked))
    const redeemed = (await this.commands.execute(redeem as RedeemOnlineToken)) as RedeemedOnlineToken<TokenResponse, NoAccess>
    const decided = await asked.decided
    const isDone = redeemed.kind === 'redeemed' || (redeemed.kind === 'no access' && decided?.kind === 'denied')
    if (decided && isDone) await this.actions.settle(asked.grant!, decided, { client, caller })
    if (redeemed.kind === 'redeemed') return redeemed.tokens
    const { userId, login } = redeemed
    const whose = { online: true as const, ...(userId !== undefined && { userId }), ...(login && { login }) }
    if (redeemed.kind === 'refused') throw new ExchangeRefused('invalid_grant', 'Unknown or invalid refresh token.', { reason: redeemed.why, ...whose })
    const { refused: reason, error, description, actions } = redeemed.refused
    const code = decided?.kind === 'denied' && decided.code !== undefined && { actionCode: decided.code }
    throw new ExchangeRefused(error, description, { reason, ...whose, ...(actions && { actions, ...code }) })
  }

  /** Checks 9 to 14 of §6.1, then the signatures, as for offline tokens. */
  #issuer({ request, client, caller, sender: { proofs } }: OnlineRefreshTokenGrant, once: Asked): IssueOnline<TokenResponse, NoAccess> {
    const { scope: requested, audience } = request
    const id = this.tokenSet.newId()
    const signed = this.tokenSet.once(id)
    return async (grant, now) => {
      const { sessionId, session, terms, user } = grant
      const { scope: loginScope, audience: loginAudience, organizationId } = terms
      const inOrganization = organizationId !== undefined && { organizationId }
      const login = { scope: loginScope, audience: loginAudience, userId: session.userId, startedAt: session.startedAt, ...inOrganization }
      const rights = await this.rights.find(login, user, client, { audience, scope: requested })
      if ('refused' in rights) return { refused: rights }
      const { api, scope: granted, person, permissions } = rights
      const organization = rights.organization?.token
      const possession = issuance({ client, api, proofs })
      if (possession.kind === 'refused') return { refused: { refused: 'possession', error: 'invalid_request', description: possession.description } }
      const proof = possession.kind === 'constrained' ? possession.proof : undefined
      once.grant = grant
      once.decided ??= this.actions.online(grant, { request, client, caller, rights })
      const decided = await once.decided
      if (decided?.kind === 'denied') {
        const { error, description, why, execution } = decided
        return { refused: { refused: `actions: ${why}`, error, description, actions: execution } }
      }
      const { scope } = decided ? decidedScope(granted, decided.scopes, api) : { scope: granted }
      const { authenticatedAt } = session
      const rest = {
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
      const tokens = await signed(rest, now)
      return { access: { accessTokenId: id, audience: api?.identifier ?? null, scope }, tokens, actions: decided?.execution }
    }
  }
}
