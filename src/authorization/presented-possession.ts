import type { CommandBus } from '@nestjs/cqrs'
import type { Request, Response } from 'express'
import { clientCertificateOf } from '../http/client-certificates.js'
import { certificateThumbprint } from '../keys/client-certificate.js'
import { CheckDpopProof } from './commands/check-dpop-proof.js'

/** An access token as the Authorization header of a request to one of our own resources brings it. */
export interface PresentedAccessToken {
  readonly scheme: 'Bearer' | 'DPoP'
  readonly text: string
}

interface BoundToken extends PresentedAccessToken {
  /** Its claim (RFC 9449 §6.1, RFC 8705 §3.1). */
  readonly cnf: unknown
  /** Whether the client that it was issued to has no secret or key of its own. */
  readonly isPublic: () => boolean | Promise<boolean>
}

interface PossessionRefused {
  readonly code: 'invalid_token' | 'use_dpop_nonce' | 'invalid_dpop_proof'
  readonly description: string
}

/**
 * Why who presents an access token is not let in; undefined for who it is bound to. A bound token needs the proof of its key, which is used up by
 * it, and an unbound one is refused as DPoP (RFC 9449 §7). One that is bound to a certificate comes with either scheme: the token endpoint calls
 * every bound token DPoP (spec/oauth.md §2.3), and RFC 8705 §3 has clients say Bearer.
 */
export async function possessionRefused(
  commands: CommandBus,
  { scheme, text, cnf, isPublic }: BoundToken,
  req: Request,
  res: Response,
): Promise<PossessionRefused | undefined> {
  const { jkt, 'x5t#S256': certificate } = (cnf ?? {}) as { jkt?: unknown; 'x5t#S256'?: unknown }
  if (certificate !== undefined) {
    const shown = clientCertificateOf(req)
    return shown && certificateThumbprint(shown.certificate) === certificate ? undefined : invalid('The access token is bound to another certificate.')
  }
  // Also where it is bound in a way that is not known here.
  if (scheme === 'Bearer') return cnf === undefined ? undefined : invalid('The access token is bound to a DPoP key and needs a proof.')
  if (jkt === undefined) return invalid('The access token is not bound to a DPoP key.')
  const { method, path, headersDistinct } = req
  const proof = { proofs: headersDistinct['dpop'] ?? [], method, path, isPublic: await isPublic(), accessToken: text }
  const verdict = await commands.execute(new CheckDpopProof(proof))
  res.setHeader('DPoP-Nonce', verdict.nonce)
  switch (verdict.kind) {
    case 'proved':
      return verdict.jkt === jkt ? undefined : invalid('The access token is bound to another DPoP key.')
    case 'nonce-needed':
      return { code: 'use_dpop_nonce', description: 'Resource server requires nonce in DPoP proof' }
    case 'invalid':
      return { code: 'invalid_dpop_proof', description: verdict.description }
  }
}

const invalid = (description: string): PossessionRefused => ({ code: 'invalid_token', description })
