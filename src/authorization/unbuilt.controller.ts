import { All, Controller, UseFilters, UseGuards } from '@nestjs/common'
import { RequestLimitGuard } from '../audit/request-limit.guard.js'
import { OAuthError, OAuthErrorFilter } from '../http/oauth-error.js'

/**
 * Endpoints of Auth0's that stand behind a switch, which is off here: pushed requests (spec/oauth.md §5.1), devices (§7), CIBA (§8),
 * passkeys (§9) and registration (§13.4). Clients are told so by the code for it, and no cache remembers it.
 */
@Controller()
@UseFilters(OAuthErrorFilter)
export class UnbuiltController {
  @All(['oauth/par', 'oauth/device/code', 'bc-authorize', 'passkey/register', 'passkey/challenge', 'oidc/register'])
  @UseGuards(RequestLimitGuard)
  disabled(): never {
    throw new OAuthError('endpoint_disabled', 'This endpoint is disabled.')
  }
}
