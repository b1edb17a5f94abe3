import 'reflect-metadata'
import { randomBytes, webcrypto, X509Certificate } from 'node:crypto'
import * as x509 from '@peculiar/x509'

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const DAY_MS = 86_400_000

/** A certificate with its private key, both as PEM, for clients of a test. */
export interface Certified {
  readonly cert: string
  readonly key: string
  readonly certificate: X509Certificate
  readonly issuer: { readonly certificate: x509.X509Certificate; readonly keys: CryptoKeyPair }
}
type CryptoKeyPair = webcrypto.CryptoKeyPair

/**
 * A certificate for a subject, in the library's form: `[{ C: ['US'] }, { CN: ['x'] }]`, the most general part first. Signed by itself,
 * or by `by`. `days` from now it ends; a negative number ended it.
 */
export async function certificateFor(
  subject: x509.JsonName,
  { by, days = 1, ca = false, dnsNames = [] }: { by?: Certified; days?: number; ca?: boolean; dnsNames?: readonly string[] } = {},
): Promise<Certified> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const now = Date.now()
  const common = {
    serialNumber: `01${randomBytes(15).toString('hex')}`,
    notBefore: new Date(Math.min(now, now + days * DAY_MS) - DAY_MS),
    notAfter: new Date(now + days * DAY_MS),
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(ca, undefined, true),
      ...(dnsNames.length > 0 ? [new x509.SubjectAlternativeNameExtension(dnsNames.map((value) => ({ type: 'dns', value })))] : []),
    ],
  }
  const certificate = by
    ? await x509.X509CertificateGenerator.create({
        ...common,
        subject,
        publicKey: keys.publicKey,
        issuer: by.issuer.certificate.subject,
        signingKey: by.issuer.keys.privateKey,
      })
    : await x509.X509CertificateGenerator.createSelfSigned({ ...common, name: subject, keys })
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey))
  const cert = certificate.toString('pem')
  return {
    cert,
    key: `-----BEGIN PRIVATE KEY-----\n${pkcs8
      .toString('base64')
      .match(/.{1,64}/g)!
      .join('\n')}\n-----END PRIVATE KEY-----\n`,
    certificate: new X509Certificate(cert),
    issuer: { certificate, keys },
  }
}
