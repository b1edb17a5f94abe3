import type pg from 'pg'
import type { PersonalData } from '../event-store/event.js'
import type { PersonalValues } from '../event-store/projection.js'
import { LookupKey } from './lookup-key.js'
import { keyIdOf, openWith, PersonalDataError } from './person-cipher.js'
import { PersonKeyStore } from './person-key-store.js'
import type { RootKeys } from './root-key.js'

/**
 * Sealed values for read models and lists. Keys are asked for at every call and never kept: whatever a projection opens here has its
 * PersonErased still to come in the log, so one that heeds that event forgets for good.
 */
export function personalValues(db: pg.Pool | pg.ClientBase, rootKeys: RootKeys): PersonalValues {
  const table = new PersonKeyStore(db, rootKeys)
  const lookupKey = new LookupKey(db, rootKeys)
  return {
    async open(list) {
      const ids = list.map(readableKeyId)
      const wanted = [...new Set(ids.filter((id) => id !== undefined))]
      const keys = new Map(wanted.length === 0 ? [] : (await table.find(wanted, [])).map(({ id, key }) => [id, key]))
      return list.map((data, n) => {
        const key = keys.get(ids[n] ?? '')
        return key && readable(() => openWith(key, data))
      })
    },
    keyOf: readableKeyId,
    lookup: (kind, value) => lookupKey.of(kind, value),
  }
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

function readableKeyId(data: PersonalData): string | undefined {
  const id = readable(() => keyIdOf(data))
  return id !== undefined && UUID.test(id) ? id : undefined
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
