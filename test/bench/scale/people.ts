import { randomBytes, randomUUID } from 'node:crypto'
import type { Origin, PersonalData } from '../../../src/event-store/event.js'
import type { PersonalValues } from '../../../src/event-store/projection.js'
import { keyIdOf, sealWith } from '../../../src/keys/person-cipher.js'
import type { PersonKeyRow } from '../../../src/keys/person-key-store.js'
import type { PersonKeys } from '../../../src/keys/person-keys.js'
import type { RootKeys } from '../../../src/keys/root-key.js'
import type { LookupKey } from '../../../src/keys/lookup-key.js'

/** Keys of people who are about to be written, for commands and projections to seal and open with: as PersonKeys, without its table. */
export class NewPeople {
  readonly #byPerson = new Map<string, { readonly row: PersonKeyRow; readonly key: Buffer }>()
  /** What was sealed, since opening costs as much again. */
  readonly #sealed = new Map<PersonalData, unknown>()

  constructor(private readonly rootKeys: RootKeys) {}

  /** Makes the person's key, as person-key-store.ts does. */
  add(personId: string): PersonKeyRow {
    const [id, key] = [randomUUID(), randomBytes(32)]
    const row = { id, person_id: personId, encrypted_key: this.rootKeys.encrypt('person-key', key, id) }
    this.#byPerson.set(personId, { row, key })
    return row
  }

  rowOf(personId: string): PersonKeyRow {
    return this.#byPerson.get(personId)!.row
  }

  seal(personId: string, value: unknown): PersonalData {
    const { row, key } = this.#byPerson.get(personId)!
    return sealWith(row.id, key, value)
  }

  /** As commands want it: they seal, and learn what they have read. */
  get asPersonKeys(): PersonKeys {
    const seal = (personId: string, value: unknown): Promise<PersonalData> => {
      const data = this.seal(personId, value)
      this.#sealed.set(data, value)
      return Promise.resolve(data)
    }
    const keys: Pick<PersonKeys, 'seal' | 'sealIfKnown' | 'learn'> = { seal, sealIfKnown: seal, learn: () => undefined }
    return keys as unknown as PersonKeys
  }

  /** As projections want it. */
  personalValues(lookupKey: LookupKey): PersonalValues {
    return {
      open: (list) => Promise.resolve(list.map((data) => this.#sealed.get(data))),
      keyOf: keyIdOf,
      lookup: (kind, value) => lookupKey.of(kind, value),
    }
  }
}

const BROWSERS = [
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1',
  'Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36',
]

/** Where a person's device is: an address of their own, one of a few browsers. */
export const originOf = (person: number, device: number): Origin => ({
  ip: `10.${(person >> 14) & 255}.${(person >> 6) & 255}.${((person & 63) << 2) + (device & 3)}`,
  userAgent: BROWSERS[(person + device) % BROWSERS.length]!,
})
