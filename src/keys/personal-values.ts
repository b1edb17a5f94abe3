import type pg from 'pg'
import type { PersonalData } from '../event-store/event.js'
import type { PersonalValues } from '../event-store/projection.js'
import { LookupKey } from './lookup-key.js'
import { openSealed, parseSealed, PersonalDataError, type SealedValue } from './person-cipher.js'
import { PersonKeyStore } from './person-key-store.js'
import type { RootKeys } from './root-key.js'

/**
 * Sealed values for read models and lists. Keys are asked for at every call and never kept: where a projection can still open a value, a later
 * erasure puts PersonErased behind it in the log, so a projection that heeds that event keeps nothing.
 */
export function personalValues(db: pg.Pool | pg.ClientBase, rootKeys: RootKeys): PersonalValues {
  const table = new PersonKeyStore(db, rootKeys)
  const lookupKey = new LookupKey(db, rootKeys)
  return {
    async open(list) {
      const values = list.map(readableValue)
      const wanted = [...new Set(values.flatMap((value) => (value ? [value.keyId] : [])))]
      const keys = new Map(wanted.length === 0 ? [] : (await table.find(wanted, [])).map(({ id, key }) => [id, key]))
      return values.map((value) => {
        const key = value && keys.get(value.keyId)
        return key && readable(() => openSealed(key, value))
      })
    },
    keyOf: (data) => readableValue(data)?.keyId,
    lookup: (kind, value) => lookupKey.of(kind, value),
  }
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

function readableValue(data: PersonalData): SealedValue | undefined {
  const value = readable(() => parseSealed(data))
  return value && UUID.test(value.keyId) ? value : undefined
}

/** A text that was tampered with is for `verify` to report, and no reason for a read model to stop. */
function readable<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof PersonalDataError) return undefined
    throw error
  }
}
