import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common'
import type { AuthenticatedRequest } from './client-authentication.guard.js'
import { parseTokenRequest, type TokenRequest, type UnbuiltRequest } from './token-request.js'

/** What is asked of the token endpoint, parsed once. */
export interface ParsedTokenRequest extends AuthenticatedRequest {
  token?: TokenRequest | UnbuiltRequest
}

/** Comes before the client is looked at: a request that nobody can understand is refused as such (spec/refresh-tokens.md §6.1, check 1). */
@Injectable()
export class TokenRequestGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const req = context.switchToHttp().getRequest<ParsedTokenRequest>()
    req.token = parseTokenRequest(req.body)
    return true
  }
}
