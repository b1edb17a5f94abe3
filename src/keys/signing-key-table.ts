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
}

/** A new key with its private half, PKCS #8 encrypted under the root key with the kid as its place. */
export type EncryptedKey = NewKey & { readonly encryptedPrivateKey: string }

export async function publishedKeys(pool: pg.Pool): Promise<SigningKeyRow[]> {
  const { rows } = await pool.query<SigningKeyRow>({
    name: 'published-signing-keys',
    text: `select kid, alg, public_key, encrypted_private_key, status from signing_keys where status <> 'revoked' order by created_at desc, kid`,
  })
  return rows
}

/** Brings the table to the state of the stream, in the transaction of its events. */
export async function writeKeys(db: pg.PoolClient, { keys }: SigningKeySet, fresh: readonly EncryptedKey[]): Promise<void> {
  // Former roles are given up first: the index allows one key in each.
  for (const key of [...keys].sort((a, b) => RELEASE_ORDER.indexOf(a.status) - RELEASE_ORDER.indexOf(b.status))) {
    const secret = fresh.find(({ kid }) => kid === key.kid)?.encryptedPrivateKey
    await (secret === undefined ? updateKey(db, key) : insertKey(db, key, secret))
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

async function insertKey(db: pg.PoolClient, { kid, alg, publicKey, status, createdAt, currentSince }: SigningKey, secret: string): Promise<void> {
  await db.query(
    `insert into signing_keys (kid, alg, public_key, encrypted_private_key, status, created_at, current_since) values ($1, $2, $3, $4, $5, $6, $7)`,
    [kid, alg, JSON.stringify(publicKey), secret, status, createdAt, currentSince],
  )
}
