import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import { refusedBody } from './valid-body.js'

const MIN_BITS = 2048

/** A public key, or a certificate with the key in it. Errors: ManagementError 400 for anything else, a private key above all. */
function readPem(pem: string): { readonly key: KeyObject; readonly certificate?: X509Certificate } {
  try {
    if (pem.includes('BEGIN CERTIFICATE')) {
      const certificate = new X509Certificate(pem)
      return { key: certificate.publicKey, certificate }
    }
    if (!pem.includes('PRIVATE')) return { key: createPublicKey(pem) }
  } catch {
    // Said below, without what OpenSSL found.
  }
  throw refusedBody('The pem is not a public key or a certificate.')
}

/** Errors: ManagementError 400 for a pem without a certificate. */
export function readCertificate(pem: string): X509Certificate {
  const { certificate } = readPem(pem)
  if (!certificate) throw refusedBody('The pem is not a certificate.')
  return certificate
}

/** An RSA public key that is long enough, and the certificate that it came in. Errors: ManagementError 400. */
export function readRsaKey(pem: string): ReturnType<typeof readPem> {
  const read = readPem(pem)
  if (read.key.asymmetricKeyType === 'rsa' && (read.key.asymmetricKeyDetails?.modulusLength ?? 0) >= MIN_BITS) return read
  throw refusedBody(`The public key must be an RSA key of at least ${MIN_BITS} bits.`)
}
