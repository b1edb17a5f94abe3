import { Inject } from '@nestjs/common'
import { Command, CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs'
import { CONFIG, type Config } from '../../config.js'
import type { Context, Origin } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import type { OAuthErrorCode } from '../../http/oauth-error.js'
import { PersonKeys } from '../../keys/person-keys.js'
import { authorizationCode, type AuthorizationCodeState, type BornOfCode, type CodeRefusal, redeemCode } from '../authorization-code/authorization-code.js'
import { type CodeGrant, toGrant } from '../authorization-code/code-grant.js'
import { codeStream, endOf, s256 } from '../authorization-code/code-value.js'
import { causedBy } from '../caused-by.js'
import type { ClientDocument } from '../client/client.events.js'
import { issuance, type Issuance, type Proof, type Proofs, thumbprintOf } from '../proof-of-possession.js'
import { FindResourceServer } from '../queries/find-resource-server.js'

type RedeemedCode =
  /** `at` is the database's time of it. The access token is for the holder of `proof` only, where there is one. */
  | { readonly kind: 'redeemed'; readonly grant: CodeGrant; readonly at: Date; readonly proof: Proof | undefined }
  | {
      readonly kind: 'refused'
      readonly error: OAuthErrorCode
      readonly description: string
      /** For the log alone. */
      readonly reason: CodeRefusal['why']
      /** The code had been redeemed before: what was born of it must be revoked (RFC 6749 §4.1.2). */
      readonly replayed?: BornOfCode
    }

/**
 * Spends an authorization code for the family that the caller is about to start (spec/oauth.md §6.1). Of two at once exactly one wins.
 * The client is authenticated already. A refusal is an answer, not an error: what must be remembered of it has been committed.
 */
export class RedeemAuthorizationCode extends Command<RedeemedCode> {
  constructor(
    readonly exchange: {
      readonly code: string
      readonly clientId: string
      readonly redirectUri?: string | undefined
      readonly codeVerifier?: string | undefined
      readonly familyId: string
      /** The `jti` that the access token will have, for the log. */
      readonly accessTokenId?: string | undefined
      /** Who sends it, and what they proved; without it nothing was, and nothing is demanded. */
      readonly sender?: { readonly client: ClientDocument; readonly proofs: Proofs }
    },
    readonly context: Context,
    readonly origin?: Origin,
  ) {
    super()
  }
}

@CommandHandler(RedeemAuthorizationCode)
export class RedeemAuthorizationCodeHandler implements ICommandHandler<RedeemAuthorizationCode> {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly store: EventStore,
    private readonly personKeys: PersonKeys,
    private readonly queries: QueryBus,
  ) {}

  async execute({ exchange, context, origin }: RedeemAuthorizationCode): Promise<RedeemedCode> {
    const { code, codeVerifier, sender, ...rest } = exchange
    const verifier = codeVerifier === undefined ? undefined : { S256: s256(codeVerifier), plain: codeVerifier }
    const sent = { ...rest, codeEnd: endOf(code), redirectUri: rest.redirectUri, verifier, dpopThumbprint: sender && thumbprintOf(sender.proofs) }
    const { result } = await this.store.transact(
      authorizationCode,
      codeStream(code),
      async (state, now) => {
        const access = sender ? await this.#issuance(state, sender) : BEARER
        const { events, result } = redeemCode(state, { ...sent, possessionMissing: access.kind === 'refused' ? access.description : undefined }, now)
        const proof = access.kind === 'constrained' ? access.proof : undefined
        return { events, result: { ...result, at: now, proof }, cause: () => this.#cause(state, origin) }
      },
      context,
    )
    return result.kind === 'redeemed' ? { ...result, grant: toGrant(result.grant) } : refused(result, exchange.redirectUri)
  }

  /** Whose code it is, and so whose key seals the origin, the code knows first. They may be gone. */
  async #cause(state: AuthorizationCodeState, origin: Origin | undefined): Promise<Context> {
    if (state.status !== 'open') return origin ? causedBy(this.personKeys, { origin, context: {} }) : {}
    const { userId, sessionId, clientId, connection, organizationId } = state
    const sealed = origin && { origin: await this.personKeys.sealIfKnown(userId, origin) }
    return { ...sealed, userId, sessionId, clientId, connection, ...(organizationId !== undefined && { organizationId }) }
  }

  /** Where the operator wants what a public client keeps to be worth nothing to a thief. */
  #lacksProof({ client, proofs }: { readonly client: ClientDocument; readonly proofs: Proofs }): boolean {
    const demanded = this.config.settings.ortRequireDpopForPublicClients && client.token_endpoint_auth_method === 'none'
    return demanded && thumbprintOf(proofs) === undefined
  }

  /** Decided with the code, so that a refusal leaves it unspent. An API that is gone is refused for that. */
  async #issuance(state: AuthorizationCodeState, sender: { readonly client: ClientDocument; readonly proofs: Proofs }): Promise<Issuance> {
    if (state.status !== 'open') return BEARER
    if (state.online && this.#lacksProof(sender)) return { kind: 'refused', description: ONLINE_NEEDS_PROOF }
    const api = state.audience === null ? undefined : await this.queries.execute(new FindResourceServer(state.audience))
    return state.audience !== null && !api ? BEARER : issuance({ ...sender, api })
  }
}

const ONLINE_NEEDS_PROOF = 'DPoP proof is required to use online refresh tokens with a public client'
const BEARER: Issuance = { kind: 'bearer' }

/** Texts of spec/oauth.md §6.1. */
function refused(refusal: CodeRefusal, sentRedirectUri: string | undefined): RedeemedCode {
  const answer = (error: OAuthErrorCode, description: string): RedeemedCode => ({ kind: 'refused', error, description, reason: refusal.why })
  switch (refusal.why) {
    case 'invalid':
    case 'expired':
      return answer('invalid_grant', 'Invalid authorization code')
    case 'replayed':
      return { kind: 'refused', error: 'invalid_grant', description: 'Invalid authorization code', reason: 'replayed', replayed: refusal }
    case 'binding':
      return answer('invalid_grant', 'The authorization code is bound to another DPoP key.')
    case 'possession':
      return answer('invalid_request', refusal.missing)
    case 'verifier-missing':
      return answer('invalid_request', "Parameter 'code_verifier' is required")
    case 'verifier-wrong':
    case 'verifier-unexpected':
      return answer('invalid_grant', 'Failed to verify code verifier')
    case 'redirect-uri':
      return answer('unauthorized_client', `The redirect URI is wrong. You sent ${sentRedirectUri ?? 'null'}, and we expected ${refusal.expected}`)
  }
}
