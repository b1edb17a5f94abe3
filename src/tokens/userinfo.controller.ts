import { All, Controller, Get, Header, HttpCode, Inject, Options, Post, Req, Res, UseFilters, UseGuards } from '@nestjs/common'
import { QueryBus } from '@nestjs/cqrs'
import type { Response } from 'express'
import { RequestLimitGuard } from '../audit/request-limit.guard.js'
import { allowsOrigin, FindClient, isStrict, type PresentedAccessToken } from '../authorization/index.js'
import { CONFIG, type Config } from '../config.js'
import { originOf, refuseOrigin } from '../http/cors.js'
import { OAuthError, OAuthErrorFilter } from '../http/oauth-error.js'
import { PersonKeys } from '../keys/person-keys.js'
import { RootKeys } from '../keys/root-key.js'
import { type OAuthRequest, OAuthRequestGuard } from './oauth-request.guard.js'
import { PreflightGuard } from './preflight.guard.js'
import { accessRefused, inAuthorization, PossessionCheck } from './presented-access-token.js'
import { profileClaims } from './profile-claims.js'
import { type AccessToken, ReadAccessToken } from './queries/read-access-token.js'
import { openUserinfoClaims, USERINFO_CLAIMS } from './userinfo-claims.js'

/** GET and POST /userinfo (OIDC Core §5.3, spec/oauth.md §12). */
@Controller('userinfo')
@UseFilters(OAuthErrorFilter)
export class UserinfoController {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly queries: QueryBus,
    private readonly personKeys: PersonKeys,
    private readonly rootKeys: RootKeys,
    private readonly possession: PossessionCheck,
  ) {}

  @Get()
  @UseGuards(OAuthRequestGuard)
  @Header('Cache-Control', 'no-store')
  @Header('Pragma', 'no-cache')
  get(@Req() req: OAuthRequest, @Res({ passthrough: true }) res: Response): Promise<object> {
    return this.#userinfo(req, res)
  }

  @Post()
  @HttpCode(200)
  @UseGuards(OAuthRequestGuard)
  @Header('Cache-Control', 'no-store')
  @Header('Pragma', 'no-cache')
  post(@Req() req: OAuthRequest, @Res({ passthrough: true }) res: Response): Promise<object> {
    return this.#userinfo(req, res)
  }

  @Options()
  @HttpCode(204)
  @UseGuards(PreflightGuard)
  preflight(): void {}

  @All()
  @UseGuards(RequestLimitGuard)
  otherMethod(): never {
    throw new OAuthError('method_not_allowed', 'The person is asked for with GET or POST.', undefined, { headers: { Allow: 'GET, HEAD, POST, OPTIONS' } })
  }

  async #userinfo(req: OAuthRequest, res: Response): Promise<object> {
    const presented = presentedToken(req)
    const token = await this.queries.execute(new ReadAccessToken(presented.text))
    if (token) await this.#keepToOrigins(token, req, res)
    if (!token?.user || !token.audience.includes(`${this.config.issuer}userinfo`) || (await this.#isClosedTo(token))) {
      throw accessRefused(presented.scheme, 'invalid_token', 'The access token is unknown, has expired or was revoked.')
    }
    await this.possession.check(token, presented, req, res)
    if (!token.scope.includes('openid')) {
      throw accessRefused(presented.scheme, 'insufficient_scope', 'The access token lacks the scope openid.', ', scope="openid"')
    }
    const { document, created_at, updated_at } = token.user
    const person = { profile: document, createdAt: created_at.toISOString(), updatedAt: updated_at.toISOString() }
    const claims = await profileClaims(person, token.scope, (values) => this.personKeys.openMany(values))
    return { ...claims, ...openUserinfoClaims(this.rootKeys, token.claims[USERINFO_CLAIMS], document.user_id), sub: document.user_id }
  }

  /** Whatever scope an Action gave the token (spec/oauth.md §15). */
  async #isClosedTo({ clientId }: AccessToken): Promise<boolean> {
    const client = await this.queries.execute(new FindClient({ clientId }))
    return client !== undefined && isStrict(client.document)
  }

  /** The token tells whose origins count. */
  async #keepToOrigins({ clientId }: AccessToken, req: OAuthRequest, res: Response): Promise<void> {
    const origin = originOf(req.get('origin'))
    if (origin === undefined) return
    const client = await this.queries.execute(new FindClient({ clientId }))
    if (!client || !allowsOrigin(client.document, origin)) refuseOrigin(res)
  }
}

/** RFC 6750 §2, in the query too (§2.3): Auth0's strategy for Passport knows no other way. Errors: OAuthError for a request without a token, or with two. */
function presentedToken({ headers, body }: OAuthRequest): PresentedAccessToken {
  const presented = inAuthorization(headers.authorization)
  const text = body['access_token']
  if (presented && text !== undefined) throw new OAuthError('invalid_request', 'The access token was sent twice.')
  if (presented) return presented
  if (text === undefined) throw accessRefused('Bearer', 'invalid_token', 'An access token is missing.')
  return { scheme: 'Bearer', text }
}
