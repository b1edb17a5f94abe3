import { type ClientCertificate, certificateThumbprint, isCurrent } from '../../keys/client-certificate.js'
import type { ClientCredential } from '../client/client.events.js'
import { InvalidNameError, isSameName, parseName, subjectOf } from './distinguished-name.js'

/** Ways of mutual TLS (RFC 8705 §2). */
export type CertificateMethod = 'tls_client_auth' | 'self_signed_tls_client_auth'

/**
 * Why a client is not who its certificate makes it (RFC 8705 §2.1, §2.2); undefined for one that is. `credentials`: those of the method.
 * That a certificate has the right name says something only if an authority gave it that name, which the proxy has checked.
 */
export function certificateProblem(
  method: CertificateMethod,
  presented: ClientCertificate | undefined,
  credentials: readonly ClientCredential[],
  now: Date,
): string | undefined {
  if (!presented) return 'no client certificate'
  if (!isCurrent(presented.certificate, now)) return 'a certificate outside its time'
  const living = credentials.filter(({ expires_at }) => expires_at === null || now < new Date(expires_at))
  if (method === 'self_signed_tls_client_auth') {
    const thumbprint = certificateThumbprint(presented.certificate)
    const known = living.some((credential) => credential.credential_type === 'x509_cert' && credential.thumbprint_sha256 === thumbprint)
    return known ? undefined : 'a certificate that is not registered'
  }
  if (!presented.verified) return 'a certificate whose authority the proxy did not verify'
  return living.some((credential) => credential.credential_type === 'cert_subject_dn' && isOf(presented, credential.subject_dn))
    ? undefined
    : 'a certificate of another subject'
}

function isOf({ certificate }: ClientCertificate, subjectDn: string): boolean {
  try {
    return isSameName(parseName(subjectDn), subjectOf(certificate))
  } catch (error) {
    if (error instanceof InvalidNameError) return false
    throw error
  }
}
