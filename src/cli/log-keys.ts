import { createPublicKey, type KeyObject } from 'node:crypto'
import type pg from 'pg'
import type { LogKey } from '../event-store/verification/log-source.js'
import { isAuthentic, publicKeys } from '../keys/log-key.js'
import type { RootKeys } from '../keys/root-key.js'

/** The keys that signed the log. With root keys each is also checked to be this service's own, not one that was planted with a rewritten log. */
export async function readLogKeys(db: pg.ClientBase, rootKeys?: RootKeys): Promise<Map<string, LogKey>> {
  const keys = new Map<string, LogKey>()
  for (const row of await publicKeys(db)) {
    const publicKey = ed25519(row.public_key)
    // A key that cannot be read is no key: its seals are reported as signed by an unknown one.
    if (!publicKey) continue
    const own = !rootKeys || isAuthentic(row, rootKeys)
    keys.set(row.id, own ? { publicKey } : { publicKey, flaw: 'its private half does not open under ENCRYPTION_KEY' })
  }
  return keys
}

function ed25519(spki: Buffer): KeyObject | undefined {
  try {
    const key = createPublicKey({ key: spki, format: 'der', type: 'spki' })
    return key.asymmetricKeyType === 'ed25519' ? key : undefined
  } catch {
    return undefined
  }
}
