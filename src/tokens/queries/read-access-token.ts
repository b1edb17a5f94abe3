import { Inject } from '@nestjs/common'
import { type IQueryHandler, Query, QueryBus, QueryHandler } from '@nestjs/cqrs'
import { decodeJwt } from 'jose'
import { FindSigningSecret } from '../../authorization/index.js'
import { CONFIG, type Config } from '../../config.js'
import { EventStore } from '../../event-store/event-store.js'
import { RootKeys } from '../../keys/root-key.js'
import { SigningKeys } from '../../keys/signing-keys.js'
import { claimsSecret, InvalidTokenError, verifyJwt, verifyJwtWithSecret } from '../../keys/verify-jwt.js'
import { FindUser, type FoundUser, isAnotherPerson } from '../../users/index.js'
import { openOpaque } from '../opaque-token.js'
import { family } from '../refresh-token/family.js'

/** An access token of ours that is good now. */
export interface AccessToken {
  readonly claims: Readonly<Record<string, unknown>>
  readonly clientId: string
  readonly audience: readonly string[]
  readonly scope: readonly string[]
  /** Undefined for a client's own token. */
  readonly user: FoundUser | undefined
}

/** What an access token says, of either kind; undefined for one that is not ours, has expired, or whose user is blocked or gone. */
export class ReadAccessToken extends Query<AccessToken | undefined> {
  constructor(readonly token: string) {
    super()
  }
}

@QueryHandler(ReadAccessToken)
export class ReadAccessTokenHandler implements IQueryHandler<ReadAccessToken> {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly signingKeys: SigningKeys,
    private readonly rootKeys: RootKeys,
    private readonly queries: QueryBus,
    private readonly store: EventStore,
  ) {}

  async execute({ token }: ReadAccessToken): Promise<AccessToken | undefined> {
    const claims = openOpaque(this.rootKeys, token) ?? (await this.#verified(token))
    const clientId = claims?.['azp'] ?? claims?.['client_id']
    const { sub, aud, exp, scope } = claims ?? {}
    // An ID token has no scope of its own and is for its client: it opens nothing.
    if (!claims || typeof clientId !== 'string' || typeof sub !== 'string' || typeof exp !== 'number' || exp * 1000 <= Date.now()) return undefined
    const user = sub === `${clientId}@clients` ? undefined : await this.queries.execute(new FindUser({ userId: sub }))
    if (sub !== `${clientId}@clients` && (!user || user.document.blocked || (await this.#isAnothers(claims, user)))) return undefined
    if (typeof claims['fid'] === 'string' && (await this.#isReplayed(claims['fid']))) return undefined
    return {
      claims,
      clientId,
      audience: [aud].flat().filter((name) => typeof name === 'string'),
      scope: typeof scope === 'string' ? scope.split(' ') : [],
      user,
    }
  }

  /** The token is from some moment of the second that it names. */
  async #isAnothers({ iat }: Record<string, unknown>, { document, created_at }: FoundUser): Promise<boolean> {
    return typeof iat === 'number' && isAnotherPerson(this.queries, document.user_id, created_at, new Date((iat + 1) * 1000 - 1))
  }

  /** A code that comes back takes with it what was born of it and is looked at here (spec/oauth.md §6.1), whichever family goes on for the first. */
  async #isReplayed(familyId: string): Promise<boolean> {
    const { state } = await this.store.read(family, familyId)
    if (state.status === 'revoked' && state.successorId !== null) return this.#isReplayed(state.successorId)
    return state.status === 'barred' || (state.status === 'revoked' && state.reason === 'code-replayed')
  }

  async #verified(token: string): Promise<Record<string, unknown> | undefined> {
    const { issuer } = this.config
    try {
      return await (claimsSecret(token) ? this.#verifiedWithSecret(token, issuer) : verifyJwt(this.signingKeys, token, { issuer }))
    } catch (error) {
      if (error instanceof InvalidTokenError) return undefined
      throw error
    }
  }

  /** An API that shares a secret with this service can make any token that it likes, so such a token is for that API and opens nothing else. */
  async #verifiedWithSecret(token: string, issuer: string): Promise<Record<string, unknown> | undefined> {
    const audience = singleAudience(token)
    const secret = audience === undefined ? undefined : await this.queries.execute(new FindSigningSecret(audience))
    return secret === undefined ? undefined : verifyJwtWithSecret(secret, token, { issuer })
  }
}

/** What a token whose signature nobody has looked at says of its audience, if it names one that an API can have. */
function singleAudience(token: string): string | undefined {
  try {
    const { aud } = decodeJwt(token)
    return typeof aud === 'string' && aud.length <= MAX_AUDIENCE && !/\0|\p{Surrogate}/u.test(aud) ? aud : undefined
  } catch {
    return undefined
  }
}

const MAX_AUDIENCE = 600
