import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common'
import { CommandBus } from '@nestjs/cqrs'
import { AuthenticateClient, NO_PROOFS, type Proofs } from '../authorization/index.js'
import { clientCertificateOf } from '../http/client-certificates.js'
import { certificateThumbprint } from '../keys/client-certificate.js'
import { clientRequest, type OAuthRequest } from './oauth-request.guard.js'

/** A request of a client that is who it says. */
export interface AuthenticatedRequest extends OAuthRequest {
  client: NonNullable<OAuthRequest['client']>
  /** It has a secret or a key, and has shown it. */
  confidential: boolean
  /** What it holds, as far as it has proved that; absent: nothing. */
  proofs?: Proofs
}

/** Who is calling (spec/oauth.md §1.3); nobody else gets further. */
@Injectable()
export class ClientAuthenticationGuard implements CanActivate {
  constructor(private readonly commands: CommandBus) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const req = context.switchToHttp().getRequest<AuthenticatedRequest>()
    const { client, method } = await this.commands.execute(new AuthenticateClient(clientRequest(req)))
    req.client = client
    req.confidential = method !== 'none'
    req.proofs = req.confidential ? certificateProofs(req) : NO_PROOFS
    return true
  }
}

/** What the handshake behind a request proved: that the caller holds the certificate's key, whoever signed it (RFC 8705 §3). */
function certificateProofs(req: OAuthRequest): Proofs {
  const found = clientCertificateOf(req)
  return found ? [{ x5tS256: certificateThumbprint(found.certificate) }] : NO_PROOFS
}
