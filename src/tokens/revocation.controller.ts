import { All, Controller, Header, HttpCode, Inject, Options, Post, Req, UseFilters, UseGuards } from '@nestjs/common'
import { CommandBus } from '@nestjs/cqrs'
import { RequestLimitGuard } from '../audit/request-limit.guard.js'
import { CONFIG, type Config } from '../config.js'
import { OAuthError, OAuthErrorFilter } from '../http/oauth-error.js'
import { requestContext } from '../http/request-context.js'
import { isOnlineToken } from '../sessions/index.js'
import { type AuthenticatedRequest, ClientAuthenticationGuard } from './client-authentication.guard.js'
import { RevokeOnlineToken } from './commands/revoke-online-token.js'
import { RevokePresentedToken } from './commands/revoke-presented-token.js'
import { OAuthRequestGuard } from './oauth-request.guard.js'
import { PreflightGuard } from './preflight.guard.js'

/** POST /oauth/revoke (RFC 7009, spec/oauth.md §10). 200 is sent once the revocation is committed, and for what there is nothing to revoke of. */
@Controller('oauth/revoke')
@UseFilters(OAuthErrorFilter)
export class RevocationController {
  constructor(
    private readonly commands: CommandBus,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @Post()
  @HttpCode(200)
  @UseGuards(OAuthRequestGuard, ClientAuthenticationGuard)
  @Header('Cache-Control', 'no-store')
  @Header('Pragma', 'no-cache')
  async revoke(@Req() req: AuthenticatedRequest): Promise<void> {
    const token = req.body['token']
    if (token === undefined) throw new OAuthError('invalid_request', 'Missing required parameter: token')
    const { origin, context } = requestContext(req)
    const clientId = req.client.client_id
    const outcome = await this.commands.execute(
      isOnlineToken(token) ? new RevokeOnlineToken(token, clientId, origin, context) : new RevokePresentedToken(token, clientId, origin, context),
    )
    if (outcome === 'foreign' && this.config.settings.revokeForeignToken === 'error') {
      throw new OAuthError('invalid_grant', 'The token was issued to another client.', 'foreign', { status: 400 })
    }
  }

  @Options()
  @HttpCode(204)
  @UseGuards(PreflightGuard)
  preflight(): void {}

  @All()
  @UseGuards(RequestLimitGuard)
  otherMethod(): never {
    throw new OAuthError('method_not_allowed', 'Tokens are revoked with POST.', undefined, { headers: { Allow: 'POST, OPTIONS' } })
  }
}
