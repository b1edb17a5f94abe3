import { createHash, createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type pg from 'pg'
import type { Context, Decision } from '../event-store/event.js'
import type { EventStore } from '../event-store/event-store.js'
import { selfSigned } from './certificate.js'
import type { RootKeys } from './root-key.js'
import { newPair, publicMembers, signed } from './signature.js'
import { revoke, type RevokeOutcome, rotate, type SigningKeySet, signingKeySet, startSigning } from './signing-key-set.js'
import { allKeys, type EncryptedKey, publishedKeys, type SigningKeyRow, type StoredKey, writeKeys } from './signing-key-table.js'
import type { PublicJwk, SigningAlgorithm, SigningKeysEvent } from './signing-keys.events.js'

const TENANT = 'tenant'
/** The algorithm that every installation has keys for; those of the others are made when somebody asks for them. */
const DEFAULT_ALGORITHM = 'RS256'
/** From the first age on the keys are read again in the background; from the second on signing waits for that. */
const RENEW_MS = 400
const TRUST_MS = 750
/** A key signs no sooner than every process has published it: whoever gets a token may ask any of them for its key. */
const SETTLED_MS = TRUST_MS + 250

/** A public key as /.well-known/jwks.json shows it, with its certificate in base64 and that one's SHA-1 (RFC 7517 §4.7, §4.8). */
export type PublishedJwk = PublicJwk & {
  readonly use: 'sig'
  readonly kid: string
  readonly alg: SigningAlgorithm
  readonly x5t?: string
  readonly x5c?: string[]
}

export interface VerifyingKey {
  readonly kid: string
  readonly alg: SigningAlgorithm
  readonly jwk: PublicJwk
}

interface SignOptions {
  readonly alg: SigningAlgorithm
  readonly typ: string
}

/** The keys that sign tokens, a set for each algorithm in use: kept in a table for all workers, read again within a second of every change. */
export class SigningKeys {
  #cache: Cache | undefined
  #reading: Promise<Cache> | undefined
  readonly #making = new Map<SigningAlgorithm, Promise<void>>()

  constructor(
    private readonly pool: pg.Pool,
    private readonly store: EventStore,
    private readonly rootKeys: RootKeys,
    /** The name in the certificates: the issuer's host. */
    private readonly name = 'evergrant',
  ) {}

  /** A JWT signed with the algorithm's current key, which is made where there is none yet. */
  async sign(claims: object, { alg, typ }: SignOptions): Promise<string> {
    const { kid, privateKey, settledAt } = (await this.#keys()).current.get(alg) ?? (await this.#firstKey(alg))
    const early = settledAt - performance.now()
    if (early > 0) await pause(early)
    return signed(claims, alg, { typ, kid }, privateKey)
  }

  /** Every key that a token in circulation may verify with, and the one that comes next. */
  async published(): Promise<readonly PublishedJwk[]> {
    return (await this.#keys()).published.map(publish)
  }

  /** The published key of that id, for who verifies with it. */
  async verifying(kid: string): Promise<VerifyingKey | undefined> {
    const row = (await this.#keys()).published.find((published) => published.kid === kid)
    return row && { kid, alg: row.alg, jwk: row.public_key }
  }

  /** All keys with their certificates, also those that verify no more, the newest first. */
  list(): Promise<readonly StoredKey[]> {
    return allKeys(this.pool)
  }

  /** The certificate of the key that signs now by default, as PEM. */
  async currentCertificate(): Promise<string | undefined> {
    return (await this.#keys()).certificate
  }

  /** Makes the first keys of an algorithm. Harmless when they exist; two processes that do it at once agree. */
  async ensure(context: Context, alg: SigningAlgorithm = DEFAULT_ALGORITHM): Promise<void> {
    if ((await this.store.read(signingKeySet, TENANT)).state.keys.some((key) => key.alg === alg)) return
    const keys = [await this.#newKey(alg), await this.#newKey(alg)] as const
    await this.#change((state) => startSigning(state, keys), keys, context)
  }

  /** Rotates the keys of every algorithm in use; answers the kid of the new next one for RS256. */
  async rotate(context: Context): Promise<string> {
    const { keys } = (await this.store.read(signingKeySet, TENANT)).state
    const algorithms = [...new Set<SigningAlgorithm>([DEFAULT_ALGORITHM, ...keys.map(({ alg }) => alg)])]
    const fresh = await Promise.all(algorithms.map((alg) => this.#newKey(alg)))
    return (await this.#change((state) => rotate(state, fresh), fresh, context)).nextKids[0]!
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

  async #newKey(alg: SigningAlgorithm): Promise<EncryptedKey> {
    const { kid, jwk, publicKey, privateKey } = await newPair(alg)
    const encryptedPrivateKey = this.rootKeys.encrypt('signing-key', privateKey.export({ type: 'pkcs8', format: 'der' }), kid)
    return { kid, alg, publicKey: jwk, encryptedPrivateKey, certificate: await selfSigned(privateKey, publicKey, this.name) }
  }

  /** All who wait for an algorithm's first keys share the making of them. */
  async #firstKey(alg: SigningAlgorithm): Promise<SigningKey> {
    const making = this.#making.get(alg) ?? this.ensure({ actor: 'signing-keys' }, alg).finally(() => this.#making.delete(alg))
    this.#making.set(alg, making)
    await making
    // A reading that was under way may have begun before the keys were there.
    return (await this.#read()).current.get(alg) ?? (await this.#read()).current.get(alg)!
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
    const signing = rows.filter(({ status }) => status === 'current')
    if (signing.length === 0) throw new Error('there are no signing keys yet: bootstrap makes them')
    const current = new Map(signing.map((row) => [row.alg, heldIn(former, row) ?? this.#signingKey(row)]))
    const certificate = signing.find(({ alg }) => alg === DEFAULT_ALGORITHM)?.certificate ?? undefined
    this.#cache = { askedAt, current, published: rows, certificate }
    return this.#cache
  }

  #signingKey({ kid, encrypted_private_key, age_ms }: SigningKeyRow): SigningKey {
    const der = this.rootKeys.decrypt('signing-key', encrypted_private_key!, kid)
    return { kid, privateKey: createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }), settledAt: performance.now() + SETTLED_MS - Math.max(0, age_ms) }
  }
}

interface SigningKey {
  readonly kid: string
  readonly privateKey: KeyObject
  /** By this process's steady clock. */
  readonly settledAt: number
}

interface Cache {
  readonly askedAt: number
  readonly current: ReadonlyMap<SigningAlgorithm, SigningKey>
  readonly published: readonly SigningKeyRow[]
  readonly certificate: string | undefined
}

function heldIn(cache: Cache | undefined, { alg, kid }: SigningKeyRow): SigningKey | undefined {
  const held = cache?.current.get(alg)
  return held?.kid === kid ? held : undefined
}

const publish = ({ kid, alg, public_key, certificate }: SigningKeyRow): PublishedJwk => ({
  ...publicMembers(public_key),
  use: 'sig',
  kid,
  alg,
  ...(certificate !== null && certificateMembers(certificate)),
})

function certificateMembers(pem: string): { readonly x5t: string; readonly x5c: string[] } {
  const { raw } = new X509Certificate(pem)
  return { x5t: createHash('sha1').update(raw).digest('base64url'), x5c: [raw.toString('base64')] }
}
