import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common'
import { CommandBus } from '@nestjs/cqrs'
import type { Response } from 'express'
import { CheckDpopProof, NO_PROOFS } from '../authorization/index.js'
import { OAuthError } from '../http/oauth-error.js'
import type { ParsedTokenRequest } from './token-request.guard.js'

/**
 * The DPoP proof that comes with a token request (RFC 9449 §5), judged before anything of the grant is looked at: who must come again with
 * a nonce finds code and refresh token unspent. A request without the header costs nothing here.
 */
@Injectable()
export class DpopGuard implements CanActivate {
  constructor(private readonly commands: CommandBus) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const http = context.switchToHttp()
    const req = http.getRequest<ParsedTokenRequest>()
    return req.headers['dpop'] === undefined || this.#prove(req, http.getResponse<Response>())
  }

  async #prove(req: ParsedTokenRequest, res: Response): Promise<true> {
    const { method, path, confidential, headersDistinct } = req
    const verdict = await this.commands.execute(new CheckDpopProof({ proofs: headersDistinct['dpop'] ?? [], method, path, isPublic: !confidential }))
    // With every answer from here on, refusals of the grant included (RFC 9449 §8.2).
    res.setHeader('DPoP-Nonce', verdict.nonce)
    switch (verdict.kind) {
      case 'proved':
        req.proofs = [{ jkt: verdict.jkt }, ...(req.proofs ?? NO_PROOFS)]
        return true
      case 'nonce-needed':
        throw new OAuthError('use_dpop_nonce', 'Authorization server requires nonce in DPoP proof')
      case 'invalid':
        throw new OAuthError('invalid_dpop_proof', verdict.description)
    }
  }
}
