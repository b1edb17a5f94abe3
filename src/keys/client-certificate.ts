import { createHash, X509Certificate } from 'node:crypto'

/** What a client showed in its TLS handshake, as the proxy that ended it says (docs/mtls.md). */
export interface ClientCertificate {
  readonly certificate: X509Certificate
  /** The proxy found a chain to one of its authorities. */
  readonly verified: boolean
}

/** A certificate of 4096-bit RSA with many names takes a third of it. */
const MAX_LENGTH = 16_000

/**
 * The certificate in a header's value. What proxies send is told apart by its shape: PEM, URL-encoded (nginx, Auth0) or not; Envoy's
 * `Cert="…"`; `:base64:` of RFC 9440; base64 of the DER form, the client's own certificate first (Traefik, HAProxy).
 * Undefined for anything else, and for Envoy's list of several senders.
 */
export function readClientCertificate(value: string): X509Certificate | undefined {
  if (value.length > MAX_LENGTH) return undefined
  try {
    const text = value.trim()
    if (/(^|;)Cert=/i.test(text)) return pem(decoded(inEnvoysForm(text) ?? ''))
    if (/^(-----BEGIN|%2D%2D)/i.test(text)) return pem(decoded(text))
    if (text.startsWith(':') && text.endsWith(':')) return der(text.slice(1, -1))
    return der(decoded(text).split(',')[0]!)
  } catch {
    return undefined
  }
}

/** SHA-256 of the DER form, base64url: `x5t#S256` (RFC 8705 §3.1). */
export const certificateThumbprint = ({ raw }: X509Certificate): string => createHash('sha256').update(raw).digest('base64url')

/** Whether the time is within the certificate's own. */
export const isCurrent = ({ validFrom, validTo }: X509Certificate, now: Date): boolean =>
  now.getTime() >= Date.parse(validFrom) && now.getTime() < Date.parse(validTo)

/** `Key=value;Key="value"`; elements of several senders are separated by commas, and who wrote which nobody can tell here. */
function inEnvoysForm(text: string): string | undefined {
  const quotesRemoved = text.replaceAll(/"(\\.|[^"\\])*"/g, '')
  if (quotesRemoved.includes(',')) return undefined
  const found = [...text.matchAll(/(?:^|;)Cert="((?:\\.|[^"\\])*)"/gi)]
  return found.length === 1 ? found[0]![1] : undefined
}

/** A plus is base64's here, never a space. */
const decoded = (text: string): string => (text.includes('%') ? decodeURIComponent(text) : text)

/** The first certificate of the text, and the only one; line breaks may have become spaces. */
function pem(text: string): X509Certificate | undefined {
  const [, base64] = /^-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----\s*$/.exec(text.trim()) ?? []
  return base64 === undefined ? undefined : der(base64.replaceAll(/\s/g, ''))
}

function der(base64: string): X509Certificate | undefined {
  return /^[A-Za-z0-9+/]+={0,2}$/.test(base64) ? new X509Certificate(Buffer.from(base64, 'base64')) : undefined
}
