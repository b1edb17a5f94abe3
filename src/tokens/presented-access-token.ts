import { Injectable } from '@nestjs/common'
import { CommandBus, QueryBus } from '@nestjs/cqrs'
import type { Response } from 'express'
import { CheckDpopProof, FindClient } from '../authorization/index.js'
import { OAuthError, type OAuthErrorCode } from '../http/oauth-error.js'
import { certificateProofs } from './certificate-proofs.js'
import type { OAuthRequest } from './oauth-request.guard.js'
import type { AccessToken } from './queries/read-access-token.js'

/** An access token as a request to one of our own resources brings it. */
export interface PresentedAccessToken {
  readonly scheme: 'Bearer' | 'DPoP'
  readonly text: string
}

/** The token of an Authorization header (RFC 6750 §2.1, RFC 9449 §7.1); undefined for any other. */
export function inAuthorization(header: string | undefined): PresentedAccessToken | undefined {
  const [, scheme, text] = /^(bearer|dpop) +(\S+)\s*$/i.exec(header ?? '') ?? []
  return text === undefined ? undefined : { scheme: scheme!.toLowerCase() === 'dpop' ? 'DPoP' : 'Bearer', text }
}

/** A refusal in the words of the scheme that the token came with (RFC 6750 §3, RFC 9449 §7.1). `more`: further parameters of the challenge. */
export function accessRefused(
  scheme: PresentedAccessToken['scheme'],
  code: Extract<OAuthErrorCode, 'invalid_token' | 'insufficient_scope' | 'use_dpop_nonce' | 'invalid_dpop_proof'>,
  description: string,
  more = '',
): OAuthError {
  const headers = { 'WWW-Authenticate': `${scheme} error="${code}"${more}` }
  return new OAuthError(code, description, undefined, { headers, ...(code !== 'insufficient_scope' && { status: 401 }) })
}

/** Whether who presents a bound access token is who it is bound to (RFC 9449 §7, RFC 8705 §3). */
@Injectable()
export class PossessionCheck {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  /**
   * Errors: OAuthError 401. A bound token needs its proof, and an unbound one is refused as DPoP. One that is bound to a certificate comes
   * with either scheme: the token endpoint calls every bound token DPoP (spec/oauth.md §2.3), and RFC 8705 §3 has clients say Bearer.
   */
  async check(token: AccessToken, { scheme, text }: PresentedAccessToken, req: OAuthRequest, res: Response): Promise<void> {
    const { jkt, 'x5t#S256': certificate } = (token.claims['cnf'] ?? {}) as { jkt?: unknown; 'x5t#S256'?: unknown }
    if (certificate !== undefined) {
      if (certificateProofs(req).some((proof) => 'x5tS256' in proof && proof.x5tS256 === certificate)) return
      throw accessRefused(scheme, 'invalid_token', 'The access token is bound to another certificate.')
    }
    if (scheme === 'DPoP' && typeof jkt === 'string') return this.#checkProof(token, jkt, text, req, res)
    if (scheme === 'DPoP') throw accessRefused(scheme, 'invalid_token', 'The access token is not bound to a DPoP key.')
    if (jkt !== undefined) throw accessRefused(scheme, 'invalid_token', 'The access token is bound to a DPoP key and needs a proof.')
  }

  async #checkProof({ clientId }: AccessToken, jkt: string, accessToken: string, req: OAuthRequest, res: Response): Promise<void> {
    const client = await this.queries.execute(new FindClient({ clientId }))
    const { method, path, headersDistinct } = req
    const isPublic = client?.document.token_endpoint_auth_method === 'none'
    const verdict = await this.commands.execute(new CheckDpopProof({ proofs: headersDistinct['dpop'] ?? [], method, path, isPublic, accessToken }))
    res.setHeader('DPoP-Nonce', verdict.nonce)
    switch (verdict.kind) {
      case 'proved':
        if (verdict.jkt !== jkt) throw accessRefused('DPoP', 'invalid_token', 'The access token is bound to another DPoP key.')
        return
      case 'nonce-needed':
        throw accessRefused('DPoP', 'use_dpop_nonce', 'Resource server requires nonce in DPoP proof')
      case 'invalid':
        throw accessRefused('DPoP', 'invalid_dpop_proof', verdict.description)
    }
  }
}
