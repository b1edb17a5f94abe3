import { Inject } from '@nestjs/common'
import { type IQueryHandler, Query, QueryBus, QueryHandler } from '@nestjs/cqrs'
import { CONFIG, type Config } from '../../config.js'
import { EventStore } from '../../event-store/event-store.js'
import { RootKeys } from '../../keys/root-key.js'
import { SigningKeys } from '../../keys/signing-keys.js'
import { InvalidTokenError, verifyJwt } from '../../keys/verify-jwt.js'
import { FindUser, type FoundUser } from '../../users/index.js'
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
    if (sub !== `${clientId}@clients` && (!user || user.document.blocked || isAnotherPerson(user, claims))) return undefined
    if (typeof claims['fid'] === 'string' && (await this.#isReplayed(claims['fid']))) return undefined
    return {
      claims,
      clientId,
      audience: [aud].flat().filter((name) => typeof name === 'string'),
      scope: typeof scope === 'string' ? scope.split(' ') : [],
      user,
    }
  }

  /** A code that comes back takes with it what was born of it and is looked at here (spec/oauth.md §6.1). */
  async #isReplayed(familyId: string): Promise<boolean> {
    const { state } = await this.store.read(family, familyId)
    return state.status === 'barred' || (state.status === 'revoked' && state.reason === 'code-replayed')
  }

  async #verified(token: string): Promise<Record<string, unknown> | undefined> {
    try {
      return await verifyJwt(this.signingKeys, token, { issuer: this.config.issuer })
    } catch (error) {
      if (error instanceof InvalidTokenError) return undefined
      throw error
    }
  }
}

/** Whoever bears the id now came after the token. */
const isAnotherPerson = ({ created_at }: FoundUser, { iat }: Record<string, unknown>): boolean =>
  typeof iat === 'number' && created_at.getTime() >= (iat + 1) * 1000
