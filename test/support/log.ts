import { generateKeyPairSync, sign } from 'node:crypto'
import type pg from 'pg'
import type { LogSigner } from '../../src/event-store/log-signer.js'
import { SealedElsewhere, Sealer } from '../../src/event-store/sealer.js'

/** A seal key of the test's own. */
export function testSigner(): LogSigner {
  const { privateKey } = generateKeyPairSync('ed25519')
  return { keyId: 'test', sign: (hash) => Promise.resolve(sign(null, hash, privateKey)) }
}

/** Seals everything that is committed when it is called. */
export async function sealAll(pool: pg.Pool, sealer = new Sealer(pool, testSigner())): Promise<void> {
  const { rows } = await pool.query<{ count: number }>('select count(*) from events')
  const target = rows[0]!.count
  for (;;) {
    await sealer.seal().catch((error: unknown) => {
      if (!(error instanceof SealedElsewhere)) throw error
    })
    const sealed = await pool.query<{ position: number }>('select coalesce(max(last_position), 0) as position from seals')
    if (sealed.rows[0]!.position >= target) return
  }
}
