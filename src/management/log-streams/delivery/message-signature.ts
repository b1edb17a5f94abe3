import { createHash } from 'node:crypto'
import type { LogSigner } from '../../../event-store/log-signer.js'
import type { SinkRequest } from './http-requests.js'

const COVERED = ['@method', '@target-uri', 'content-type', 'content-digest', 'evergrant-seal'] as const

/**
 * Signs a POST with the log's key (HTTP Message Signatures, RFC 9421 §3.1; Content-Digest of RFC 9530), so that whoever receives it can tell that
 * it is ours, and which seal it came with. Answers the headers to add. `created`: seconds since 1970.
 */
export async function signMessage({ url, headers, body }: SinkRequest, seal: string, created: number, signer: LogSigner): Promise<Record<string, string>> {
  const digest = `sha-256=:${createHash('sha256').update(body).digest('base64')}:`
  const values: Record<(typeof COVERED)[number], string> = {
    '@method': 'POST',
    '@target-uri': new URL(url).href,
    'content-type': (headers['Content-Type'] ?? '').trim(),
    'content-digest': digest,
    'evergrant-seal': seal,
  }
  const parameters = `(${COVERED.map((name) => `"${name}"`).join(' ')});created=${created};keyid="${signer.keyId}";alg="ed25519"`
  const base = [...COVERED.map((name) => `"${name}": ${values[name]}`), `"@signature-params": ${parameters}`].join('\n')
  const signature = await signer.sign(Buffer.from(base))
  return {
    'Content-Digest': digest,
    'Evergrant-Seal': seal,
    'Signature-Input': `log=${parameters}`,
    Signature: `log=:${signature.toString('base64')}:`,
  }
}
