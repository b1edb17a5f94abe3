import type { CommandBus } from '@nestjs/cqrs'
import type { Request, Response } from 'express'
import { CheckDpopProof } from '../authorization/index.js'
import { clientCertificateOf } from '../http/client-certificates.js'
import { ManagementError } from '../http/management-error.js'
import { certificateThumbprint } from '../keys/client-certificate.js'

/** An access token as the Authorization header brings it. */
export interface PresentedToken {
  readonly scheme: 'Bearer' | 'DPoP'
  readonly text: string
}

interface Possession {
  /** The token's `cnf` claim (RFC 9449 §6.1, RFC 8705 §3.1). */
  readonly cnf: unknown
  /** The client that the token was issued to has no secret or key of its own. */
  readonly isPublic: boolean
}

/**
 * Lets a bound token in with the proof of its key only, and an unbound one as Bearer only (RFC 9449 §7); one that is bound to a certificate
 * with that certificate, whatever the scheme (RFC 8705 §3). A good proof is used up by it.
 * Errors: ManagementError 401, with the challenge that DPoP clients read.
 */
export async function provePossession(commands: CommandBus, token: PresentedToken, { cnf, isPublic }: Possession, req: Request, res: Response): Promise<void> {
  const { jkt, 'x5t#S256': certificate } = (cnf ?? {}) as { jkt?: unknown; 'x5t#S256'?: unknown }
  if (certificate !== undefined) {
    const shown = clientCertificateOf(req)
    if (shown && certificateThumbprint(shown.certificate) === certificate) return
    throw refusal(token.scheme, 'invalid_token', 'Invalid token')
  }
  if (token.scheme === 'Bearer') {
    if (cnf !== undefined) throw refusal('Bearer', 'invalid_token', 'Invalid token')
    return
  }
  if (jkt === undefined) throw refusal('DPoP', 'invalid_token', 'Invalid token')
  const { method, path, headersDistinct } = req
  const verdict = await commands.execute(new CheckDpopProof({ proofs: headersDistinct['dpop'] ?? [], method, path, isPublic, accessToken: token.text }))
  res.setHeader('DPoP-Nonce', verdict.nonce)
  switch (verdict.kind) {
    case 'proved':
      if (verdict.jkt !== jkt) throw refusal('DPoP', 'invalid_token', 'Invalid token')
      return
    case 'nonce-needed':
      throw refusal('DPoP', 'use_dpop_nonce', 'Resource server requires nonce in DPoP proof')
    case 'invalid':
      throw refusal('DPoP', 'invalid_dpop_proof', verdict.description)
  }
}

const refusal = (scheme: PresentedToken['scheme'], error: string, message: string): ManagementError =>
  new ManagementError(401, message, undefined, { 'WWW-Authenticate': `${scheme} error="${error}"` })
