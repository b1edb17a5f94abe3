/** Signs seals; keys/log-key.ts holds the key. */
export interface LogSigner {
  readonly keyId: string
  /** Ed25519 over a seal's hash. */
  sign(hash: Buffer): Promise<Buffer>
}
