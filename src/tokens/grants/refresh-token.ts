import { Command, CommandBus, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import { Inject } from '@nestjs/common'
import { type ClientDocument, issuance, thumbprintOf } from '../../authorization/index.js'
import { CONFIG, type Config } from '../../config.js'
import type { Context, Origin } from '../../event-store/event.js'
import { EndGrantOfFamily } from '../commands/end-grant-of-family.js'
import { type IssueAccess, RedeemRefreshToken, type RedeemedRefreshToken } from '../commands/redeem-refresh-token.js'
import { ExchangeRefused } from '../exchange-refused.js'
import { ExchangeRightsFinder } from '../exchange-rights.js'
import { expirationParameters } from '../expiration-parameters.js'
import { exchangePolicy } from '../refresh-token/policy.js'
import type { RequestOf, TokenSender } from '../token-request.js'
import { type TokenResponse, TokenSet } from '../token-set.js'

/** A refresh token becomes an access token (spec/refresh-tokens.md §6). Errors: ExchangeRefused. */
export class RefreshTokenGrant extends Command<TokenResponse> {
  constructor(
    readonly request: RequestOf<'refresh_token'>,
    readonly client: ClientDocument,
    readonly caller: { readonly origin: Origin; readonly context: Context },
    readonly sender: TokenSender,
  ) {
    super()
  }
}

@CommandHandler(RefreshTokenGrant)
export class RefreshTokenGrantHandler implements ICommandHandler<RefreshTokenGrant> {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly commands: CommandBus,
    private readonly rights: ExchangeRightsFinder,
    private readonly tokenSet: TokenSet,
  ) {}

  async execute({ request, client, caller, sender }: RefreshTokenGrant): Promise<TokenResponse> {
    const { origin, context } = caller
    const issue = this.#issuer(request, client, sender)
    const shown = { dpopThumbprint: thumbprintOf(sender.proofs) ?? null, confidential: sender.confidential }
    const redeem = new RedeemRefreshToken(request.refreshToken, client.client_id, exchangePolicy(client), origin, context, issue, shown)
    const redeemed = (await this.commands.execute(redeem as RedeemRefreshToken<unknown>)) as RedeemedRefreshToken<TokenResponse>
    if (redeemed.kind === 'refused') {
      const { why, familyId } = redeemed
      if (why === 'reuse' && familyId !== undefined) await this.commands.execute(new EndGrantOfFamily(familyId, { ...context, clientId: client.client_id }))
      throw refusal(redeemed)
    }
    const { tokens, refreshToken, at } = redeemed
    const renewed = refreshToken !== request.refreshToken
    return { ...tokens!, ...(renewed && { refresh_token: refreshToken }), ...expirationParameters(this.config, redeemed, at) }
  }

  /** Checks 9 to 13, then the signatures: inside the decision, because once the token is spent the client must get its answer. */
  #issuer({ scope: requested, audience }: RequestOf<'refresh_token'>, client: ClientDocument, { proofs }: TokenSender): IssueAccess<TokenResponse> {
    const id = this.tokenSet.newId()
    let signed: { readonly terms: string; readonly tokens: TokenResponse } | undefined
    return async (family, user, now) => {
      const rights = await this.rights.find(family, user, client, { audience, scope: requested })
      if ('refused' in rights) return rights
      const { api, scope, person, permissions, policyUsed } = rights
      const possession = issuance({ client, api, proofs })
      if (possession.kind === 'refused') return { refused: 'possession', error: 'invalid_request', description: possession.description }
      const proof = possession.kind === 'constrained' ? possession.proof : undefined
      const { id: familyId, sessionId, authenticatedAt, scope: loginScope } = family
      // A conflict asks again; what was signed for the same rights a moment ago is as good.
      const terms = JSON.stringify([familyId, api?.identifier, scope, permissions, person.updatedAt, proof])
      if (signed?.terms !== terms) {
        const login = { familyId, client, api, person, sessionId, authenticatedAt, loginScope, scope, permissions, gty: 'refresh_token' as const, proof }
        signed = { terms, tokens: await this.tokenSet.forUser(id, login, now) }
      }
      const asked = {
        ...(audience !== undefined && { requestedAudience: audience }),
        ...(requested && { requestedScope: requested.join(' ').slice(0, MAX_SCOPE) }),
      }
      const access = { accessTokenId: id, audience: api?.identifier ?? null, scope, accessTokenSeconds: signed.tokens.expires_in }
      return { access: { ...access, ...(policyUsed && { policyUsed }), ...asked }, tokens: signed.tokens }
    }
  }
}

/** As much of what was asked for stands in the log. */
const MAX_SCOPE = 1000

/** Which check it was the log knows; the client hears no more than Auth0 tells (spec/refresh-tokens.md §6.1). */
function refusal({ why, familyId, userId, told }: Extract<RedeemedRefreshToken, { kind: 'refused' }>): ExchangeRefused {
  const about = { reason: why, ...(familyId !== undefined && { familyId }), ...(userId !== undefined && { userId }) }
  if (told) return new ExchangeRefused(told.error, told.description, about)
  if (why === 'user-gone') return new ExchangeRefused('invalid_grant', "The refresh_token was generated for a user who doesn't exist anymore.", about)
  return new ExchangeRefused('invalid_grant', 'Unknown or invalid refresh token.', why === 'reuse' ? { ...about, recorded: true } : about)
}
