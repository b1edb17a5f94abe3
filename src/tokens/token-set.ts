import { createHash, randomUUID } from 'node:crypto'
import { Inject, Injectable } from '@nestjs/common'
import type { IssuanceDecisions } from '../actions/index.js'
import { type AnsweredTokens, type ClientDocument, isOidcScope, isStrict, type Proof, type ResourceServerDocument } from '../authorization/index.js'
import { CONFIG, type Config } from '../config.js'
import { PersonKeys } from '../keys/person-keys.js'
import { RootKeys } from '../keys/root-key.js'
import { organizationClaims, type TokenOrganization } from './acting-in.js'
import { accessClaims, accessLifetime, type AccessTerms, type Gty } from './access-token.js'
import { sealOpaque } from './opaque-token.js'
import { type Person, profileClaims } from './profile-claims.js'
import { TokenSigner } from './token-signer.js'
import { sealUserinfoClaims } from './userinfo-claims.js'

const ID_TOKEN_LIFETIME_SECONDS = 36_000

/** RFC 6749 §5.1, and what OpenID Connect and Auth0 add (spec/oauth.md §2.3). What is absent is left out. */
export interface TokenResponse {
  readonly access_token: string
  readonly id_token?: string
  readonly refresh_token?: string
  readonly scope?: string
  readonly expires_in: number
  /** `DPoP` for every bound token, whatever it is bound to. */
  readonly token_type: 'Bearer' | 'DPoP'
}

/** A login's rights, from which tokens are made. */
export interface UserTerms {
  readonly client: ClientDocument
  readonly api: ResourceServerDocument | undefined
  readonly person: Person
  readonly sessionId: string | null
  readonly authenticatedAt: string | null
  /** All that the login brought: what the ID token tells follows it, and whether there is one. */
  readonly loginScope: readonly string[]
  /** What this access token may do. */
  readonly scope: readonly string[]
  /** Only in answer to a code whose request had one: clients refuse an unexpected nonce. */
  readonly nonce?: string | undefined
  readonly gty?: Gty
  /** What the person may do at an API that enforces it. */
  readonly permissions?: readonly string[] | undefined
  /** What the access token is bound to. */
  readonly proof?: Proof | undefined
  /** In whose name the person acts. */
  readonly organization?: TokenOrganization | undefined
  /** Started or only promised: the family of the login. An online token has none. */
  readonly familyId?: string
  /** What Actions decided; `scope` has what they added already. */
  readonly decided?: Pick<IssuanceDecisions, 'claims' | 'scopes'> | undefined
}

/** Turns rights into signed tokens. */
@Injectable()
export class TokenSet {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly signer: TokenSigner,
    private readonly personKeys: PersonKeys,
    private readonly rootKeys: RootKeys,
  ) {}

  /** `forUser`, for one request: when a conflict asks again, what was signed for the same rights a moment ago is as good. */
  once(id: string): (terms: UserTerms, now: Date) => Promise<TokenResponse> {
    let signed: { readonly rights: string; readonly tokens: TokenResponse } | undefined
    return async (terms, now) => {
      const { familyId, sessionId, authenticatedAt, api, scope, permissions, person, organization, proof } = terms
      const rights = JSON.stringify([familyId, sessionId, authenticatedAt, api?.identifier, scope, permissions, person.updatedAt, organization, proof])
      if (signed?.rights !== rights) signed = { rights, tokens: await this.forUser(id, terms, now) }
      return signed.tokens
    }
  }

  /** Access token, and ID token where `openid` was granted. `id` is the access token's `jti`. */
  async forUser(id: string, terms: UserTerms, now: Date): Promise<TokenResponse> {
    const loginScope = loginScopeOf(terms)
    const [accessToken, idToken] = await Promise.all([
      this.#access(this.#accessTerms(id, terms), now),
      loginScope.includes('openid') ? this.#idToken(terms, now) : undefined,
    ])
    return this.#response(accessToken, idToken, toldScope(terms, loginScope), terms.api, terms.proof)
  }

  /** Of an answer in the browser. The ID token holds the hashes of what stands beside it (OIDC Core §3.3.2.11). */
  async inFrontChannel(
    terms: UserTerms,
    { idToken, accessTokenId, code }: { readonly idToken: boolean; readonly accessTokenId?: string; readonly code: string | undefined },
    now: Date,
  ): Promise<AnsweredTokens> {
    const { api, client } = terms
    const token = accessTokenId === undefined ? undefined : await this.#access({ ...this.#accessTerms(accessTokenId, terms), frontChannel: true }, now)
    const hashes = {
      ...(token !== undefined && { at_hash: halfHash(token, client) }),
      ...(code !== undefined && { c_hash: halfHash(code, client) }),
    }
    return {
      ...(token !== undefined && { access: { token, scope: toldScope(terms, loginScopeOf(terms)), seconds: accessLifetime(api, true) } }),
      ...(idToken && { idToken: await this.#idToken(terms, now, hashes) }),
    }
  }

  /** For a client in its own name. */
  async forClient(
    id: string,
    {
      client,
      api,
      scope,
      organization,
      proof,
      custom,
    }: Pick<UserTerms, 'client' | 'scope' | 'organization' | 'proof'> & Pick<AccessTerms, 'custom'> & { readonly api: ResourceServerDocument },
    now: Date,
  ): Promise<TokenResponse> {
    const terms = {
      id,
      subject: `${client.client_id}@clients`,
      client,
      api,
      scope,
      gty: 'client-credentials',
      permissions: scope,
      organization,
      proof,
      custom,
    } as const
    return this.#response(await this.#access(terms, now), undefined, scope, api, proof)
  }

  newId(): string {
    return randomUUID()
  }

  #accessTerms(id: string, { client, api, person, scope, gty, familyId, permissions, organization, proof, decided }: UserTerms): AccessTerms {
    const subject = person.profile.user_id
    const custom = decided?.claims.accessToken
    const userinfoClaims = decided && sealUserinfoClaims(this.rootKeys, decided.claims.idToken, subject)
    return { id, subject, client, api, scope, gty, familyId, permissions, organization, proof, custom, userinfoClaims }
  }

  async #access(terms: AccessTerms, now: Date): Promise<string> {
    const claims = accessClaims(terms, this.config.issuer, now)
    if (!terms.api) return sealOpaque(this.rootKeys, claims)
    return this.signer.accessToken(claims, terms.api)
  }

  async #idToken(
    { client, person, sessionId, authenticatedAt, loginScope, nonce, organization, decided }: UserTerms,
    now: Date,
    hashes: object = {},
  ): Promise<string> {
    const iat = Math.floor(now.getTime() / 1000)
    const lifetime = client.jwt_configuration?.['lifetime_in_seconds']
    const claims = {
      ...(await profileClaims(person, loginScope, (values) => this.personKeys.openMany(values))),
      ...decided?.claims.idToken,
      iss: this.config.issuer,
      sub: person.profile.user_id,
      aud: client.client_id,
      iat,
      exp: iat + (typeof lifetime === 'number' && lifetime > 0 ? lifetime : ID_TOKEN_LIFETIME_SECONDS),
      ...organizationClaims(organization),
      ...(sessionId !== null && { sid: sessionId }),
      ...(authenticatedAt !== null && { auth_time: Math.floor(Date.parse(authenticatedAt) / 1000) }),
      ...(nonce !== undefined && { nonce }),
      ...hashes,
    }
    return this.signer.idToken(claims, client)
  }

  #response(
    accessToken: string,
    idToken: string | undefined,
    scope: readonly string[],
    api: ResourceServerDocument | undefined,
    proof: Proof | undefined,
  ): TokenResponse {
    return {
      access_token: accessToken,
      ...(idToken !== undefined && { id_token: idToken }),
      ...(scope.length > 0 && { scope: scope.join(' ') }),
      expires_in: accessLifetime(api),
      token_type: proof ? 'DPoP' : 'Bearer',
    }
  }
}

/** A login may be older than this rule (spec/oauth.md §15). */
const loginScopeOf = ({ client, loginScope }: UserTerms): readonly string[] => (isStrict(client) ? loginScope.filter((name) => !isOidcScope(name)) : loginScope)

/** Beside the access token's own scope stands what else the answer carries: an ID token, and a refresh token. */
function toldScope({ scope, decided }: UserTerms, loginScope: readonly string[]): string[] {
  const ofLogin = loginScope.filter((name) => scope.includes(name) || name === 'openid' || name === 'offline_access')
  return [...new Set([...ofLogin, ...scope])].filter((name) => !decided?.scopes.remove.includes(name))
}

/** The left half of the hash that belongs to the ID token's algorithm (OIDC Core §3.1.3.6). */
function halfHash(text: string, { jwt_configuration: jwt }: ClientDocument): string {
  const digest = createHash(jwt?.['alg'] === 'RS512' ? 'sha512' : 'sha256')
    .update(text, 'ascii')
    .digest()
  return digest.subarray(0, digest.length / 2).toString('base64url')
}
