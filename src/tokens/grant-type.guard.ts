import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common'
import { ExchangeRefused } from './exchange-refused.js'
import type { ParsedTokenRequest } from './token-request.guard.js'

/** Whether the client may use the grant at all: asked before its proofs are looked at (spec/refresh-tokens.md §6.1, check 3). */
@Injectable()
export class GrantTypeGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { client, token, confidential } = context.switchToHttp().getRequest<ParsedTokenRequest>()
    const { grantType } = token!
    // A public client has no name of its own that anybody could rely on.
    if (client.grant_types?.includes(grantType) && (confidential || grantType !== 'client_credentials')) return true
    throw new ExchangeRefused('unauthorized_client', `Grant type '${grantType}' not allowed for the client.`, { reason: 'grant-type' })
  }
}
