import { constants, createHash, createPrivateKey, generateKeyPair, type KeyObject, sign } from 'node:crypto'
import { promisify } from 'node:util'
import type pg from 'pg'
import type { Context, Decision } from '../event-store/event.js'
import type { EventStore } from '../event-store/event-store.js'
import { selfSigned } from './certificate.js'
import type { RootKeys } from './root-key.js'
import { revoke, type RevokeOutcome, rotate, type SigningKeySet, signingKeySet, startSigning } from './signing-key-set.js'
import { allKeys, type EncryptedKey, publishedKeys, type SigningKeyRow, type StoredKey, writeKeys } from './signing-key-table.js'
import type { PublicJwk, SigningAlgorithm, SigningKeysEvent } from './signing-keys.events.js'

const TENANT = 'tenant'
/** The age at which the keys are read again, and the one beyond which nobody signs before they were. */
const RENEW_MS = 400
const TRUST_MS = 750

/** A public key as /.well-known/jwks.json shows it. */
export type PublishedJwk = PublicJwk & { readonly use: 'sig'; readonly kid: string; readonly alg: SigningAlgorithm }

export interface SignOptions {
  readonly alg: SigningAlgorithm
  readonly typ: string
}

/** The keys that sign tokens: kept in a table for all workers, read again within a second of every change. */
export class SigningKeys {
  #cache: Cache | undefined
  #reading: Promise<Cache> | undefined

  constructor(
    private readonly pool: pg.Pool,
    private readonly store: EventStore,
    private readonly rootKeys: RootKeys,
    /** The name in the certificates: the issuer's host. */
    private readonly name = 'evergrant',
  ) {}

  /** A JWT signed with the current key. The signature is made in the thread pool: RS256 would stop the event loop for a quarter of a millisecond. */
  async sign(claims: object, { alg, typ }: SignOptions): Promise<string> {
    const { kid, privateKey } = (await this.#keys()).current
    const input = `${base64url({ alg, typ, kid })}.${base64url(claims)}`
    // RFC 7518 §3.3
    const signature = await signInPool('sha256', Buffer.from(input), { key: privateKey, padding: constants.RSA_PKCS1_PADDING })
    return `${input}.${signature.toString('base64url')}`
  }

  /** Every key that a token in circulation may verify with, and the one that comes next. */
  async published(): Promise<readonly PublishedJwk[]> {
    return (await this.#keys()).published
  }

  /** All keys with their certificates, also those that verify no more, the newest first. */
  list(): Promise<readonly StoredKey[]> {
    return allKeys(this.pool)
  }

  /** The certificate of the key that signs now, as PEM. */
  async currentCertificate(): Promise<string | undefined> {
    return (await this.#keys()).certificate
  }

  /** Makes the first keys. Harmless when they exist; two processes that do it at once agree. */
  async ensure(context: Context): Promise<void> {
    if ((await this.store.read(signingKeySet, TENANT)).state.keys.length > 0) return
    const keys = [await this.#newKey(), await this.#newKey()] as const
    await this.#change((state) => startSigning(state, keys), keys, context)
  }

  /** Answers the kid of the new next key. */
  async rotate(context: Context): Promise<string> {
    const fresh = await this.#newKey()
    return (await this.#change((state) => rotate(state, fresh), [fresh], context)).nextKid
  }

  /** Takes a former key out of the published ones. */
  revoke(kid: string, context: Context): Promise<RevokeOutcome> {
    return this.#change((state) => revoke(state, kid), [], context)
  }

  async #change<D extends Decision<SigningKeysEvent, unknown>>(
    decide: (state: SigningKeySet) => D,
    fresh: readonly EncryptedKey[],
    context: Context,
  ): Promise<D['result']> {
    const { result } = await this.store.transact(signingKeySet, TENANT, decide, context, (db, state) => writeKeys(db, state, fresh))
    this.#cache = undefined
    return result
  }

  async #newKey(): Promise<EncryptedKey> {
    const { publicKey, privateKey } = await generateInPool('rsa', { modulusLength: 2048 })
    const { n, e } = publicKey.export({ format: 'jwk' })
    const jwk: PublicJwk = { kty: 'RSA', n: n!, e: e! }
    const kid = thumbprint(jwk)
    const encryptedPrivateKey = this.rootKeys.encrypt('signing-key', privateKey.export({ type: 'pkcs8', format: 'der' }), kid)
    return { kid, alg: 'RS256', publicKey: jwk, encryptedPrivateKey, certificate: await selfSigned(privateKey, publicKey, this.name) }
  }

  async #keys(): Promise<Cache> {
    const age = performance.now() - (this.#cache?.askedAt ?? -Infinity)
    if (age < RENEW_MS) return this.#cache!
    const reading = this.#read()
    if (age >= TRUST_MS) return reading
    // Tried again at the next use, and waited for once the keys are too old.
    reading.catch(() => undefined)
    return this.#cache!
  }

  #read(): Promise<Cache> {
    this.#reading ??= this.#readTable().finally(() => {
      this.#reading = undefined
    })
    return this.#reading
  }

  async #readTable(): Promise<Cache> {
    const former = this.#cache
    const askedAt = performance.now()
    const rows = await publishedKeys(this.pool)
    const row = rows.find(({ status }) => status === 'current')
    if (!row) throw new Error('there are no signing keys yet: bootstrap makes them')
    const current = former?.current.kid === row.kid ? former.current : { kid: row.kid, privateKey: this.#privateKey(row) }
    this.#cache = { askedAt, current, published: rows.map(publish), certificate: row.certificate ?? undefined }
    return this.#cache
  }

  #privateKey({ kid, encrypted_private_key }: SigningKeyRow): KeyObject {
    return createPrivateKey({ key: this.rootKeys.decrypt('signing-key', encrypted_private_key!, kid), format: 'der', type: 'pkcs8' })
  }
}

interface Cache {
  readonly askedAt: number
  readonly current: { readonly kid: string; readonly privateKey: KeyObject }
  readonly published: readonly PublishedJwk[]
  readonly certificate: string | undefined
}

/** Names each member, so that nothing else in a row can ever be published. */
const publish = ({ kid, alg, public_key: { n, e } }: SigningKeyRow): PublishedJwk => ({ kty: 'RSA', use: 'sig', n, e, kid, alg })

const signInPool = promisify<string, Buffer, { key: KeyObject; padding: number }, Buffer>(sign)
const generateInPool = promisify(generateKeyPair)

const base64url = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** RFC 7638: members in alphabetical order, no spaces. */
const thumbprint = ({ e, kty, n }: PublicJwk): string => createHash('sha256').update(JSON.stringify({ e, kty, n })).digest('base64url')
