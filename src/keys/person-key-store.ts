import { randomBytes, randomUUID } from 'node:crypto'
import type pg from 'pg'
import type { RootKeys } from './root-key.js'

export interface PersonKey {
  readonly id: string
  readonly personId: string
  readonly key: Buffer
}

/** A person's key as it lies in the table. */
export interface PersonKeyRow {
  readonly id: string
  readonly person_id: string
  readonly encrypted_key: string
}

/** Between its creation and our reading a key can be erased; more often than this it is not. */
const MAX_ATTEMPTS = 5

/** The table person_keys: one key per person, encrypted under the root key with its id as the place. */
export class PersonKeyStore {
  constructor(
    private readonly pool: pg.Pool | pg.ClientBase,
    private readonly rootKeys: RootKeys,
  ) {}

  /** The keys that exist, of these ids and of these people. */
  async find(keyIds: readonly string[], personIds: readonly string[]): Promise<PersonKey[]> {
    const { rows } = await this.pool.query<PersonKeyRow>({
      name: 'find-person-keys',
      text: `
        select id, person_id, encrypted_key from person_keys where id = any($1::uuid[])
        union
        select id, person_id, encrypted_key from person_keys where person_id = any($2::text[])`,
      values: [keyIds, personIds],
    })
    return rows.map((row) => this.decrypt(row))
  }

  /** The keys of these people, made where there is none. Two processes that make one at the same time get the same. */
  async findOrCreate(personIds: readonly string[]): Promise<PersonKey[]> {
    const found = new Map<string, PersonKey>()
    for (let n = 0; n < MAX_ATTEMPTS; n++) {
      const missing = personIds.filter((personId) => !found.has(personId))
      if (missing.length === 0) return [...found.values()]
      if (n > 0) await this.#create(missing)
      for (const key of await this.find([], missing)) found.set(key.personId, key)
    }
    throw new Error('a person is being erased over and over')
  }

  async wasMadeBefore(keyId: string, time: string): Promise<boolean> {
    const { rowCount } = await this.pool.query('select from person_keys where id = $1 and created_at < $2', [keyId, time])
    return rowCount === 1
  }

  async #create(personIds: readonly string[]): Promise<void> {
    // Sorted, so that two processes making many keys wait for each other in one direction only.
    const keys = [...personIds].sort().map((personId) => ({ personId, id: randomUUID(), key: randomBytes(32) }))
    await this.pool.query(
      `insert into person_keys (id, person_id, encrypted_key)
       select id, person_id, encrypted_key from unnest($1::uuid[], $2::text[], $3::text[]) as new(id, person_id, encrypted_key)
       on conflict (person_id) do nothing`,
      [keys.map(({ id }) => id), keys.map(({ personId }) => personId), keys.map(({ id, key }) => this.rootKeys.encrypt('person-key', key, id))],
    )
  }

  /** A row as it stands in the table. */
  decrypt({ id, person_id, encrypted_key }: PersonKeyRow): PersonKey {
    return { id, personId: person_id, key: this.rootKeys.decrypt('person-key', encrypted_key, id) }
  }
}
