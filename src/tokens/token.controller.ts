import { All, Controller, Header, HttpCode, Options, Post, Req, UseFilters, UseGuards } from '@nestjs/common'
import { CommandBus } from '@nestjs/cqrs'
import { RequestLimitGuard } from '../audit/request-limit.guard.js'
import { NO_PROOFS } from '../authorization/index.js'
import { OAuthError } from '../http/oauth-error.js'
import { isOnlineToken } from '../sessions/index.js'
import { callerOf } from './caller.js'
import { ClientAuthenticationGuard } from './client-authentication.guard.js'
import { DpopGuard } from './dpop.guard.js'
import { AuthorizationCodeGrant } from './grants/authorization-code.js'
import { ClientCredentialsGrant } from './grants/client-credentials.js'
import { OnlineRefreshTokenGrant } from './grants/online-refresh-token.js'
import { PasswordGrant } from './grants/password.js'
import { RefreshTokenGrant } from './grants/refresh-token.js'
import { GrantTypeGuard } from './grant-type.guard.js'
import { OAuthRequestGuard } from './oauth-request.guard.js'
import { PreflightGuard } from './preflight.guard.js'
import { TokenErrorFilter } from './token-error.filter.js'
import { type ParsedTokenRequest, TokenRequestGuard } from './token-request.guard.js'
import { type Caller, unsupported } from './token-request.js'
import type { TokenResponse } from './token-set.js'

/** POST /oauth/token (spec/oauth.md §6). */
@Controller('oauth/token')
@UseFilters(TokenErrorFilter)
export class TokenController {
  constructor(private readonly commands: CommandBus) {}

  @Post()
  @HttpCode(200)
  @UseGuards(OAuthRequestGuard, TokenRequestGuard, ClientAuthenticationGuard, GrantTypeGuard, DpopGuard)
  @Header('Cache-Control', 'no-store')
  @Header('Pragma', 'no-cache')
  token(@Req() req: ParsedTokenRequest): Promise<TokenResponse> {
    return this.#grant(req.token!, req, callerOf(req))
  }

  @Options()
  @UseGuards(PreflightGuard)
  @HttpCode(204)
  preflight(): void {}

  @All()
  @UseGuards(RequestLimitGuard)
  otherMethod(): never {
    throw new OAuthError('method_not_allowed', 'Tokens are asked for with POST.', undefined, { headers: { Allow: 'POST, OPTIONS' } })
  }

  #grant(
    request: NonNullable<ParsedTokenRequest['token']>,
    { client, confidential, proofs = NO_PROOFS }: ParsedTokenRequest,
    caller: Caller,
  ): Promise<TokenResponse> {
    const sender = { confidential, proofs }
    switch (request.grantType) {
      case 'authorization_code':
        return this.commands.execute(new AuthorizationCodeGrant(request, client, caller, sender))
      case 'refresh_token':
        return isOnlineToken(request.refreshToken)
          ? this.commands.execute(new OnlineRefreshTokenGrant(request, client, caller, sender))
          : this.commands.execute(new RefreshTokenGrant(request, client, caller, sender))
      case 'client_credentials':
        return this.commands.execute(new ClientCredentialsGrant(request, client, caller, sender))
      case 'password':
      case 'http://auth0.com/oauth/grant-type/password-realm':
        return this.commands.execute(new PasswordGrant(request, client, caller, sender))
      default:
        // Of a client that its operator lets use it.
        return unsupported()
    }
  }
}
