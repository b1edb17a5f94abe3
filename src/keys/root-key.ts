import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

/** What a derived key is for: two purposes never share a key. */
export type KeyPurpose = 'log-key' | 'person-key' | 'signing-key' | 'client-secret' | 'lookup-key' | (string & {})

/** Encrypted under a root key that is not in ENCRYPTION_KEY (any more). */
export class UnknownRootKeyError extends Error {
  /** `tables`: where it is in use, as far as that is known. */
  constructor(
    readonly keyId: string,
    tables: readonly string[] = [],
  ) {
    const what = tables.length === 0 ? 'stored data is' : `data in ${tables.join(', ')} is`
    super(`ENCRYPTION_KEY: the key with id ${keyId}, which ${what} encrypted under, is not in the list`)
  }
}

/** Not a text of ours, or one that was changed or moved to another place. */
export class SealedTextError extends Error {}

const VERSION = 'rk1'
const KEY_BYTES = 32
const IV_BYTES = 12
const TAG_BYTES = 16

/**
 * The keys of ENCRYPTION_KEY, newest first. The newest encrypts; the others only decrypt what they once encrypted.
 * Never used themselves: each purpose gets its own key by HKDF-SHA256 (RFC 5869).
 */
export class RootKeys {
  readonly #roots = new Map<string, Buffer>()
  readonly #derived = new Map<string, Buffer>()
  /** Names the newest key without revealing it. */
  readonly newestId: string

  constructor(keys: readonly Buffer[]) {
    for (const key of keys) {
      if (key.length !== KEY_BYTES) throw new Error(`ENCRYPTION_KEY: each key is ${KEY_BYTES} bytes, one has ${key.length}`)
      this.#roots.set(hkdf(key, 'id').toString('hex', 0, 4), key)
    }
    const [newest] = this.ids
    if (newest === undefined || this.#roots.size !== keys.length) throw new Error('ENCRYPTION_KEY: no key, or one key twice')
    this.newestId = newest
  }

  /** Newest first. */
  get ids(): readonly string[] {
    return [...this.#roots.keys()]
  }

  /** 32 bytes for one purpose. Errors: UnknownRootKeyError. */
  derive(purpose: KeyPurpose, keyId = this.newestId): Buffer {
    const name = `${keyId} ${purpose}`
    let derived = this.#derived.get(name)
    if (!derived) {
      const root = this.#roots.get(keyId)
      if (!root) throw new UnknownRootKeyError(keyId)
      derived = hkdf(root, purpose)
      this.#derived.set(name, derived)
    }
    return derived
  }

  /** AES-256-GCM; `aad` names the place where the text will lie, so that it opens nowhere else. */
  encrypt(purpose: KeyPurpose, plaintext: string | Buffer, aad: string): string {
    const iv = randomBytes(IV_BYTES)
    const cipher = createCipheriv('aes-256-gcm', this.derive(purpose), iv).setAAD(Buffer.from(aad))
    const parts = [iv, Buffer.concat([cipher.update(plaintext), cipher.final()]), cipher.getAuthTag()]
    return [VERSION, this.newestId, ...parts.map((part) => part.toString('base64url'))].join('.')
  }

  /** Errors: UnknownRootKeyError; SealedTextError. */
  decrypt(purpose: KeyPurpose, text: string, aad: string): Buffer {
    const [version, keyId, ...parts] = text.split('.')
    const [iv, ciphertext, tag] = parts.map((part) => Buffer.from(part, 'base64url'))
    if (version !== VERSION || !keyId || parts.length !== 3 || iv?.length !== IV_BYTES || tag?.length !== TAG_BYTES) {
      throw new SealedTextError(`not a text that was encrypted for ${purpose}`)
    }
    const decipher = createDecipheriv('aes-256-gcm', this.derive(purpose, keyId), iv).setAAD(Buffer.from(aad)).setAuthTag(tag)
    try {
      return Buffer.concat([decipher.update(ciphertext!), decipher.final()])
    } catch (cause) {
      throw new SealedTextError(`a text that was encrypted for ${purpose} was changed or moved`, { cause })
    }
  }
}

/** The root keys are random, so HKDF needs no salt (RFC 5869 §3.1). */
const hkdf = (key: Buffer, purpose: string): Buffer => Buffer.from(hkdfSync('sha256', key, '', `evergrant ${purpose}`, KEY_BYTES))
