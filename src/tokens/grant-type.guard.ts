import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common'
import type { ClientDocument } from '../authorization/index.js'
import { ExchangeRefused } from './exchange-refused.js'
import type { ParsedTokenRequest } from './token-request.guard.js'

/** Whether the client may use the grant at all: asked before its proofs are looked at (spec/refresh-tokens.md §6.1, check 3). */
@Injectable()
export class GrantTypeGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { client, token, confidential } = context.switchToHttp().getRequest<ParsedTokenRequest>()
    const { grantType } = token!
    if (client.grant_types?.includes(grantType) && isFor(grantType, client, confidential)) return true
    throw new ExchangeRefused('unauthorized_client', `Grant type '${grantType}' not allowed for the client.`, { reason: 'grant-type' })
  }
}

/** Whether a client of this kind may use the grant, whatever its `grant_types` say. */
function isFor(grantType: string, client: ClientDocument, confidential: boolean): boolean {
  switch (grantType) {
    case 'client_credentials':
      // A public client has no name of its own that anybody could rely on.
      return confidential
    case 'password':
    case 'http://auth0.com/oauth/grant-type/password-realm':
      // Nobody gives their password to somebody else's client, nor to a page that any script may read (spec/oauth.md §6.3).
      return client.is_first_party && (confidential || client.app_type === 'native')
    default:
      return true
  }
}
