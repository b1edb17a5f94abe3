import { createPublicKey, type KeyObject } from 'node:crypto'

/** The public key of a DER-encoded SubjectPublicKeyInfo (RFC 8410); undefined for what is none. */
export function ed25519Key(spki: Buffer): KeyObject | undefined {
  try {
    const key = createPublicKey({ key: spki, format: 'der', type: 'spki' })
    return key.asymmetricKeyType === 'ed25519' ? key : undefined
  } catch {
    return undefined
  }
}
