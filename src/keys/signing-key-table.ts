import type pg from 'pg'
import type { NewKey, SigningKey, SigningKeySet, SigningKeyStatus } from './signing-key-set.js'
import type { PublicJwk, SigningAlgorithm } from './signing-keys.events.js'

export interface SigningKeyRow {
  readonly kid: string
  readonly alg: SigningAlgorithm
  readonly public_key: PublicJwk
  /** Null for a key that signs no more. */
  readonly encrypted_private_key: string | null
  readonly status: SigningKeyStatus
  readonly certificate: string | null
  /** By the database's clock; less than nothing for a key from before that was set back. */
  readonly age_ms: number
}

/** A key with what became of it; nothing of it is secret. */
export interface StoredKey {
  readonly kid: string
  readonly status: SigningKeyStatus
  readonly certificate: string | null
  readonly current_since: Date | null
  readonly current_until: Date | null
  readonly revoked_at: Date | null
}

/** A new key with its private half, PKCS #8 encrypted under the root key with the kid as its place. */
export type EncryptedKey = NewKey & { readonly encryptedPrivateKey: string; readonly certificate: string }

export async function publishedKeys(pool: pg.Pool): Promise<SigningKeyRow[]> {
  const { rows } = await pool.query<SigningKeyRow>({
    name: 'published-signing-keys',
    text: `select kid, alg, public_key, encrypted_private_key, status, certificate,
             (extract(epoch from clock_timestamp() - created_at) * 1000)::float8 as age_ms
           from signing_keys where status <> 'revoked' order by created_at desc, kid`,
  })
  return rows
}

/** The newest first. */
export async function allKeys(pool: pg.Pool): Promise<StoredKey[]> {
  const { rows } = await pool.query<StoredKey>(
    `select kid, status, certificate, current_since, current_until, revoked_at from signing_keys order by created_at desc, kid`,
  )
  return rows
}

/** Brings the table to the state of the stream, in the transaction of its events. */
export async function writeKeys(db: pg.PoolClient, { keys }: SigningKeySet, fresh: readonly EncryptedKey[]): Promise<void> {
  // Former roles are given up first: the index allows one key in each.
  for (const key of [...keys].sort((a, b) => RELEASE_ORDER.indexOf(a.status) - RELEASE_ORDER.indexOf(b.status))) {
    const made = fresh.find(({ kid }) => kid === key.kid)
    await (made === undefined ? updateKey(db, key) : insertKey(db, key, made))
  }
}

const RELEASE_ORDER: readonly SigningKeyStatus[] = ['revoked', 'previous', 'current', 'next']

async function updateKey(db: pg.PoolClient, { kid, status, currentSince, currentUntil, revokedAt }: SigningKey): Promise<void> {
  await db.query(
    `update signing_keys set status = $2, current_since = $3, current_until = $4, revoked_at = $5,
       encrypted_private_key = case when $2 in ('next', 'current') then encrypted_private_key end
     where kid = $1`,
    [kid, status, currentSince, currentUntil, revokedAt],
  )
}

async function insertKey(db: pg.PoolClient, { kid, alg, publicKey, status, createdAt, currentSince }: SigningKey, made: EncryptedKey): Promise<void> {
  await db.query(
    `insert into signing_keys (kid, alg, public_key, encrypted_private_key, status, created_at, current_since, certificate)
     values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [kid, alg, JSON.stringify(publicKey), made.encryptedPrivateKey, status, createdAt, currentSince, made.certificate],
  )
}
