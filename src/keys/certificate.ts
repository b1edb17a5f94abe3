import { type KeyObject, randomBytes, webcrypto } from 'node:crypto'
import type * as X509 from '@peculiar/x509'

/** What a key of each type signs its own certificate with. */
const ALGORITHMS: Readonly<Record<string, { readonly name: string; readonly hash?: string; readonly namedCurve?: string }>> = {
  rsa: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
  ec: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  ed25519: { name: 'Ed25519' },
}
const YEARS = 15

/** Loaded where a certificate is made or converted, which few processes do. */
const library = async (): Promise<typeof X509> => {
  await import('reflect-metadata')
  return import('@peculiar/x509')
}
const YEAR_MS = 31_556_952_000

/**
 * A certificate for a signing key, by the key itself, as PEM: clients that ask the Management API for keys get them in this form.
 * It proves nothing; who wants proof reads the JWKS over TLS. As long-lived as Auth0's, so that no client stops at its end.
 */
export async function selfSigned(privateKey: KeyObject, publicKey: KeyObject, name: string): Promise<string> {
  const algorithm = ALGORITHMS[privateKey.asymmetricKeyType!]!
  const keys = {
    privateKey: await webcrypto.subtle.importKey('pkcs8', privateKey.export({ type: 'pkcs8', format: 'der' }), algorithm, false, ['sign']),
    publicKey: await webcrypto.subtle.importKey('spki', publicKey.export({ type: 'spki', format: 'der' }), algorithm, true, ['verify']),
  }
  const x509 = await library()
  const now = Date.now()
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: `01${randomBytes(15).toString('hex')}`,
    name: `CN=${name.replace(/[^A-Za-z0-9.:-]/g, '')}`,
    notBefore: new Date(now - 3_600_000),
    notAfter: new Date(now + YEARS * YEAR_MS),
    keys,
    signingAlgorithm: algorithm,
    extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
  })
  return `${certificate.toString('pem').trim()}\n`
}

/** The certificate in the form of RFC 2315 §9, without signatures. */
export async function asPkcs7(pem: string): Promise<string> {
  const x509 = await library()
  const base64 = new x509.X509Certificates([new x509.X509Certificate(pem)]).export('base64').replace(/\s/g, '')
  return `-----BEGIN PKCS7-----\n${base64.match(/.{1,64}/g)!.join('\n')}\n-----END PKCS7-----\n`
}
