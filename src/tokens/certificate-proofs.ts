import { NO_PROOFS, type Proofs } from '../authorization/index.js'
import { clientCertificateOf } from '../http/client-certificates.js'
import { certificateThumbprint } from '../keys/client-certificate.js'
import type { OAuthRequest } from './oauth-request.guard.js'

/** What the handshake behind a request proved: that the caller holds the certificate's key, whoever signed it (RFC 8705 §3). */
export function certificateProofs(req: OAuthRequest): Proofs {
  const found = clientCertificateOf(req)
  return found ? [{ x5tS256: certificateThumbprint(found.certificate) }] : NO_PROOFS
}
