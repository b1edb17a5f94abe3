import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import type { Context, Origin } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import type { OAuthErrorCode } from '../../http/oauth-error.js'
import { PersonKeys } from '../../keys/person-keys.js'
import { authorizationCode, type CodeRefusal, redeemCode } from '../authorization-code/authorization-code.js'
import type { AuthorizationCodeIssued } from '../authorization-code/authorization-code.events.js'
import { codeStream, s256 } from '../authorization-code/code-value.js'
import { causedBy } from '../caused-by.js'

export interface CodeGrant {
  readonly userId: string
  readonly clientId: string
  readonly sessionId: string
  /** As granted at /authorize; `offline_access` is in it only when a refresh token is due. */
  readonly scope: readonly string[]
  readonly audience: string | null
  /** Present exactly when the ID token must carry it. */
  readonly nonce?: string
  /** Seconds since 1970: `auth_time`. */
  readonly authTime: number
  /** `max_age` was sent: the ID token must say `auth_time`. */
  readonly maxAgeSent: boolean
  readonly connection: string
  readonly redirectUri: string
  /** The thumbprint that the exchange's DPoP proof must have. */
  readonly dpopJkt?: string
}

export type RedeemedCode =
  | { readonly kind: 'redeemed'; readonly grant: CodeGrant }
  | {
      readonly kind: 'refused'
      readonly error: OAuthErrorCode
      readonly description: string
      /** For the log alone. */
      readonly reason: CodeRefusal['why']
      /** The code had been redeemed for this family before: what was born of it must be revoked (RFC 6749 §4.1.2). */
      readonly replayedFamilyId?: string
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
    private readonly store: EventStore,
    private readonly personKeys: PersonKeys,
  ) {}

  async execute({ exchange, context, origin }: RedeemAuthorizationCode): Promise<RedeemedCode> {
    const { code, codeVerifier, ...rest } = exchange
    const verifier = codeVerifier === undefined ? undefined : { S256: s256(codeVerifier), plain: codeVerifier }
    const sent = { ...rest, redirectUri: rest.redirectUri, verifier }
    const { result } = await this.store.transact(
      authorizationCode,
      codeStream(code),
      (state, now) => redeemCode(state, sent, now),
      async (state) => {
        const known = state.status === 'open' ? state : undefined
        // Whose code it is, and so whose key seals the origin, is known here first.
        const cause = origin ? await causedBy(this.personKeys, { origin, context }, known?.userId) : context
        return known ? { ...cause, userId: known.userId, sessionId: known.sessionId, clientId: known.clientId, connection: known.connection } : cause
      },
    )
    return result.kind === 'redeemed' ? { kind: 'redeemed', grant: toGrant(result.grant) } : refused(result, exchange.redirectUri)
  }
}

function toGrant(issued: AuthorizationCodeIssued): CodeGrant {
  const { userId, clientId, sessionId, scope, audience, nonce, authenticatedAt, maxAgeSent, connection, redirectUri, dpopJkt } = issued
  return {
    userId,
    clientId,
    sessionId,
    scope,
    audience,
    authTime: Math.floor(Date.parse(authenticatedAt) / 1000),
    maxAgeSent,
    connection,
    redirectUri,
    ...(nonce !== null && { nonce }),
    ...(dpopJkt !== null && { dpopJkt }),
  }
}

/** Texts of spec/oauth.md §6.1. */
function refused(refusal: CodeRefusal, sentRedirectUri: string | undefined): RedeemedCode {
  const answer = (error: OAuthErrorCode, description: string): RedeemedCode => ({ kind: 'refused', error, description, reason: refusal.why })
  switch (refusal.why) {
    case 'invalid':
    case 'expired':
      return answer('invalid_grant', 'Invalid authorization code')
    case 'replayed':
      return { kind: 'refused', error: 'invalid_grant', description: 'Invalid authorization code', reason: 'replayed', replayedFamilyId: refusal.familyId }
    case 'verifier-missing':
      return answer('invalid_request', "Parameter 'code_verifier' is required")
    case 'verifier-wrong':
    case 'verifier-unexpected':
      return answer('invalid_grant', 'Failed to verify code verifier')
    case 'redirect-uri':
      return answer('unauthorized_client', `The redirect URI is wrong. You sent ${sentRedirectUri ?? 'null'}, and we expected ${refusal.expected}`)
  }
}
