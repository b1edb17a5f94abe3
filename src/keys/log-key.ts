import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { promisify } from 'node:util'
import type pg from 'pg'
import { inTransaction } from '../database/pool.js'
import type { LogSigner } from '../event-store/log-signer.js'
import { SealedTextError, type RootKeys } from './root-key.js'

/** Any number: one process at a time makes the key. */
const LOG_KEY_LOCK = 7_230_116

interface LogKeyRow {
  readonly id: string
  /** SPKI, DER. */
  readonly public_key: Buffer
  /** PKCS #8, DER, encrypted under a root key with the id as its place. */
  readonly encrypted_private_key: string
  readonly created_at: Date
}

/** The Ed25519 key that signs seals. Its public half is what a security team keeps; its private half never leaves the service in clear. */
export class LogKey implements LogSigner {
  private constructor(
    readonly keyId: string,
    private readonly privateKey: KeyObject,
  ) {}

  /** The newest key of the database, made if there is none. Errors: UnknownRootKeyError; SealedTextError when the row was changed. */
  static async load(pool: pg.Pool, rootKeys: RootKeys): Promise<LogKey> {
    const row = (await newest(pool)) ?? (await create(pool, rootKeys))
    const privateKey = decryptPrivateKey(row, rootKeys)
    if (!isPairOf(row, privateKey)) throw new SealedTextError(`log_keys: the halves of ${row.id} do not belong together`)
    return new LogKey(row.id, privateKey)
  }

  /** Signs in the thread pool, so that a seal holds up no request. */
  sign(hash: Buffer): Promise<Buffer> {
    return signInPool(null, hash, this.privateKey)
  }
}

/** All keys that ever signed, oldest first: old seals are checked with theirs. */
export async function publicKeys(db: pg.Pool | pg.ClientBase): Promise<LogKeyRow[]> {
  const { rows } = await db.query<LogKeyRow>('select id, public_key, encrypted_private_key, created_at from log_keys order by created_at, id')
  return rows
}

/** The public half of a row. */
export const publicKeyOf = ({ public_key }: LogKeyRow): KeyObject => createPublicKey({ key: public_key, format: 'der', type: 'spki' })

/**
 * Whether the service itself made this key: its private half opens under a root key and belongs to the public one.
 * Someone who writes to the database alone cannot bring this about, so a seal under a planted key is found.
 */
export function isAuthentic(row: LogKeyRow, rootKeys: RootKeys): boolean {
  try {
    return isPairOf(row, decryptPrivateKey(row, rootKeys))
  } catch {
    return false
  }
}

const signInPool = promisify<null, Buffer, KeyObject, Buffer>(sign)

async function newest(db: pg.Pool | pg.ClientBase): Promise<LogKeyRow | undefined> {
  return (await publicKeys(db)).at(-1)
}

function create(pool: pg.Pool, rootKeys: RootKeys): Promise<LogKeyRow> {
  return inTransaction(pool, async (db) => {
    await db.query('select pg_advisory_xact_lock($1)', [LOG_KEY_LOCK])
    const made = await newest(db)
    if (made) return made
    const { publicKey, privateKey } = generateKeyPairSync('ed25519')
    const spki = publicKey.export({ type: 'spki', format: 'der' })
    const id = keyIdOf(spki)
    const encrypted = rootKeys.encrypt('log-key', privateKey.export({ type: 'pkcs8', format: 'der' }), id)
    await db.query('insert into log_keys (id, public_key, encrypted_private_key) values ($1, $2, $3)', [id, spki, encrypted])
    return (await newest(db))!
  })
}

const keyIdOf = (spki: Buffer): string => createHash('sha256').update(spki).digest('base64url').slice(0, 22)

function decryptPrivateKey({ id, encrypted_private_key }: LogKeyRow, rootKeys: RootKeys): KeyObject {
  return createPrivateKey({ key: rootKeys.decrypt('log-key', encrypted_private_key, id), format: 'der', type: 'pkcs8' })
}

function isPairOf({ id, public_key }: LogKeyRow, privateKey: KeyObject): boolean {
  const spki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' })
  return spki.equals(public_key) && keyIdOf(spki) === id
}
