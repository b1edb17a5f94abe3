import { createHmac, randomBytes } from 'node:crypto'
import type pg from 'pg'
import type { LookupKind } from '../event-store/projection.js'
import type { RootKeys } from './root-key.js'

const NAME = 'lookup'

/**
 * Finds people by values that are stored encrypted: a keyed hash of the value, equal for equal values and nothing to guess at without the key.
 * The key is random and kept under the root key, so that it outlives a change of ENCRYPTION_KEY and uniqueness with it.
 * For the same reasons it hashes the DPoP proofs that were used: none becomes new by a change of ENCRYPTION_KEY.
 */
export class LookupKey {
  #key: Promise<Buffer> | undefined

  constructor(
    private readonly pool: pg.Pool | pg.ClientBase,
    private readonly rootKeys: RootKeys,
  ) {}

  /** `kind` keeps values of different meaning apart. The caller brings the value into its one spelling. */
  async of(kind: LookupKind | 'dpop_proof', value: string): Promise<Buffer> {
    this.#key ??= this.#load().catch((error: unknown) => {
      this.#key = undefined
      throw error
    })
    return createHmac('sha256', await this.#key)
      .update(`${kind}\n${value}`)
      .digest()
  }

  /** Two processes that make the key at the same time get the same. */
  async #load(): Promise<Buffer> {
    const read = async (): Promise<Buffer | undefined> => {
      const { rows } = await this.pool.query<{ encrypted_key: string }>('select encrypted_key from data_keys where name = $1', [NAME])
      return rows[0] && this.rootKeys.decrypt('lookup-key', rows[0].encrypted_key, NAME)
    }
    const found = await read()
    if (found) return found
    const encrypted = this.rootKeys.encrypt('lookup-key', randomBytes(32), NAME)
    await this.pool.query('insert into data_keys (name, encrypted_key) values ($1, $2) on conflict do nothing', [NAME, encrypted])
    return (await read())!
  }
}
