import { All, Controller, Header, HttpCode, Inject, Post, Req, UseFilters, UseGuards } from '@nestjs/common'
import { QueryBus } from '@nestjs/cqrs'
import { RequestLimitGuard } from '../audit/request-limit.guard.js'
import { CONFIG, type Config } from '../config.js'
import { OAuthError, OAuthErrorFilter } from '../http/oauth-error.js'
import { PersonKeys } from '../keys/person-keys.js'
import { FindOnlineToken, type FoundOnlineToken } from '../sessions/index.js'
import { FindUser, type UserProfile } from '../users/index.js'
import { expirationParameters } from './expiration-parameters.js'
import { IntrospectionGuard, type IntrospectionRequest } from './introspection.guard.js'
import { ServerRequestGuard } from './oauth-request.guard.js'
import { FindFamilyOfToken, type FoundFamily } from './queries/find-family-of-token.js'
import { type AccessToken, ReadAccessToken } from './queries/read-access-token.js'

const INACTIVE = { active: false }

/** POST /oauth/introspect (RFC 7662, spec/oauth.md §11). A look at a token changes nothing of it. */
@Controller('oauth/introspect')
@UseFilters(OAuthErrorFilter)
export class IntrospectionController {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly queries: QueryBus,
    private readonly personKeys: PersonKeys,
  ) {}

  @Post()
  @HttpCode(200)
  @UseGuards(ServerRequestGuard, IntrospectionGuard)
  @Header('Cache-Control', 'no-store')
  @Header('Pragma', 'no-cache')
  async introspect(@Req() req: IntrospectionRequest): Promise<object> {
    const token = req.body['token']
    if (token === undefined) throw new OAuthError('invalid_request', 'Missing required parameter: token')
    const found = await this.queries.execute(new FindFamilyOfToken(token))
    if (found) {
      if (!sees(req, found.family.clientId, [found.family.audience])) return INACTIVE
      return { ...this.#refreshToken(found), ...(await this.#whose(found.profile)) }
    }
    const online = await this.queries.execute(new FindOnlineToken(token))
    if (online) {
      if (!sees(req, online.terms.clientId, [online.terms.audience])) return INACTIVE
      const user = await this.queries.execute(new FindUser({ userId: online.session.userId }))
      return { ...this.#onlineToken(online), ...(await this.#whose(user?.document)) }
    }
    const access = await this.queries.execute(new ReadAccessToken(token))
    if (!access || !sees(req, access.clientId, access.audience)) return INACTIVE
    return { ...accessToken(access), ...(await this.#whose(access.user?.document)) }
  }

  @All()
  @UseGuards(RequestLimitGuard)
  otherMethod(): never {
    throw new OAuthError('method_not_allowed', 'Tokens are looked into with POST.', undefined, { headers: { Allow: 'POST' } })
  }

  /** RFC 7662 §2.2, of those who have such a name. */
  async #whose(profile: UserProfile | undefined): Promise<{ readonly username?: string }> {
    const [username] = await this.personKeys.openPresent([profile?.username ?? null])
    return typeof username === 'string' ? { username } : {}
  }

  /** Active for as long as the session lives (spec/refresh-tokens.md §8). */
  #onlineToken({ sessionId, session, terms }: FoundOnlineToken): object {
    const { clientId, scope, audience, dpopThumbprint, organizationId, grantedAt } = terms
    return {
      active: true,
      token_type: 'refresh_token',
      client_id: clientId,
      sub: session.userId,
      iss: this.config.issuer,
      iat: seconds(grantedAt),
      ...(scope.length > 0 && { scope: scope.join(' ') }),
      ...(audience !== null && { aud: audience }),
      exp: seconds(session.expiresAt),
      sid: sessionId,
      ...(organizationId !== undefined && { org_id: organizationId }),
      ...(dpopThumbprint !== null && { cnf: { jkt: dpopThumbprint } }),
    }
  }

  #refreshToken({ family, now }: FoundFamily): object {
    const { clientId, userId, sessionId, scope, audience, rotatedAt, expiresAt, idleExpiresAt, dpopThumbprint, organizationId } = family
    const ends = [expiresAt, idleExpiresAt].filter((end) => end !== null).map(seconds)
    return {
      active: true,
      token_type: 'refresh_token',
      client_id: clientId,
      sub: userId,
      iss: this.config.issuer,
      iat: seconds(rotatedAt),
      ...(scope.length > 0 && { scope: scope.join(' ') }),
      ...(audience !== null && { aud: audience }),
      ...(ends.length > 0 && { exp: Math.min(...ends) }),
      ...(sessionId !== null && { sid: sessionId }),
      ...(organizationId !== undefined && { org_id: organizationId }),
      ...expirationParameters(this.config, family, now),
      ...(dpopThumbprint !== null && { cnf: { jkt: dpopThumbprint } }),
    }
  }
}

/** A client sees its own tokens, and those for the API that it stands for. */
function sees({ seesAll, client }: IntrospectionRequest, clientId: string, audience: readonly (string | null)[]): boolean {
  if (seesAll) return true
  const api = client['resource_server_identifier']
  return clientId === client.client_id || (typeof api === 'string' && audience.includes(api))
}

function accessToken({ claims, clientId }: AccessToken): object {
  const { sub, aud, iss, iat, exp, scope, cnf, org_id } = claims
  const token_type = cnf === undefined ? 'Bearer' : 'DPoP'
  const more = Object.fromEntries(Object.entries({ scope, cnf, org_id }).filter(([, value]) => value !== undefined))
  return { active: true, token_type, client_id: clientId, sub, aud, iss, iat, exp, ...more }
}

const seconds = (time: string): number => Math.floor(Date.parse(time) / 1000)
