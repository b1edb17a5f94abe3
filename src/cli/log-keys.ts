import type pg from 'pg'
import { ed25519Key } from '../event-store/verification/ed25519-key.js'
import type { LogKey } from '../event-store/verification/log-source.js'
import { isAuthentic, publicKeys } from '../keys/log-key.js'
import { type RootKeys, UnknownRootKeyError } from '../keys/root-key.js'
import { tablesByKey } from '../keys/sealed-column.js'
import { sealedColumns } from '../sealed-columns.js'

/**
 * The keys that signed the log. With root keys each is also checked to be this service's own, not one that was planted with a rewritten log. Errors:
 * UnknownRootKeyError when the list lacks the key that would tell.
 */
export async function readLogKeys(db: pg.ClientBase, rootKeys?: RootKeys): Promise<Map<string, LogKey>> {
  const keys = new Map<string, LogKey>()
  for (const row of await publicKeys(db)) {
    const publicKey = ed25519Key(row.public_key)
    // A key that cannot be read is no key: its seals are reported as signed by an unknown one.
    if (!publicKey) continue
    const own = !rootKeys || isAuthentic(row, rootKeys)
    if (!own) await refuseIncomplete(db, rootKeys)
    keys.set(row.id, own ? { publicKey } : { publicKey, flaw: 'its private half does not open under ENCRYPTION_KEY' })
  }
  return keys
}

/** A log key that was planted is alone under its root key. Where other tables are under that one too, it is the list that lacks it. */
async function refuseIncomplete(db: pg.ClientBase, rootKeys: RootKeys): Promise<void> {
  for (const [keyId, tables] of await tablesByKey(db, sealedColumns)) {
    if (!rootKeys.ids.includes(keyId) && tables.includes('log_keys') && tables.length > 1) throw new UnknownRootKeyError(keyId, tables)
  }
}
