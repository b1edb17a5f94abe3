import type { INestApplicationContext } from '@nestjs/common'
import pg from 'pg'
import { EventStore } from '../../src/event-store/event-store.js'
import { Sealer } from '../../src/event-store/sealer.js'
import { LogKey } from '../../src/keys/log-key.js'
import { PersonKeys } from '../../src/keys/person-keys.js'
import { RootKeys } from '../../src/keys/root-key.js'
import { family } from '../../src/tokens/index.js'
import { exchange } from '../../src/tokens/refresh-token/exchange.js'
import { start } from '../../src/tokens/refresh-token/family.js'
import { elapse } from './clock.js'
import type { Template } from './cluster.js'
import { CLIENT, ORIGIN, POLICY } from './families.js'
import type { Bench } from './row.js'
import { configOf, startService } from './service.js'

/** Families of ten events each: 200,000. */
const FAMILIES = 20_000
const FAMILIES_QUICK = 1000
const ROTATIONS = 9
const PEOPLE = 5000
const CONCURRENT = 128
const SEAL_EVERY_MS = 10

/** A database with a long log of valid events, sealed while it was written, that no projection has read. */
export const longLog = (bench: Bench): Promise<Template<void>> =>
  bench.cluster.template('long_log', async (url) => {
    const config = configOf(url)
    const service = await startService(config)
    try {
      const pool = service.get(pg.Pool)
      const sealer = new Sealer(pool, await LogKey.load(pool, new RootKeys(config.encryptionKeys)))
      const writing = { done: false }
      const sealing = sealMeanwhile(sealer, writing)
      await write(service, bench.pace.quick ? FAMILIES_QUICK : FAMILIES)
      writing.done = true
      await sealing
    } finally {
      await service.close()
    }
  })

/** All families in turn, again and again: between two events of one family lie those of all others. */
async function write(service: INestApplicationContext, families: number): Promise<void> {
  const [store, keys] = [service.get(EventStore), service.get(PersonKeys)]
  const total = families * (1 + ROTATIONS)
  let next = 0
  const writeNext = async (): Promise<void> => {
    for (let n = next++; n < total; n = next++) {
      const [round, member] = [Math.floor(n / families), n % families]
      const userId = `auth0|${member % PEOPLE}`
      const cause = { clientId: CLIENT, userId, origin: await keys.seal(userId, ORIGIN) }
      const id = `rt_${member.toString().padStart(22, '0')}`
      const { result } = await store.transact(
        family,
        id,
        (state, now) =>
          round === 0
            ? start(state, { ...TERMS, userId }, POLICY, now)
            : exchange(state, { clientId: CLIENT, generation: round, dpopThumbprint: null, confidential: true }, POLICY, now),
        cause,
      )
      if ('kind' in result && result.kind === 'refused') throw new Error(`a rotation was refused: ${result.why}`)
    }
  }
  await Promise.all(Array.from({ length: CONCURRENT }, writeNext))
}

async function sealMeanwhile(sealer: Sealer, writing: { readonly done: boolean }): Promise<void> {
  for (;;) {
    const { done } = writing
    const sealed = await sealer.seal()
    if (done && sealed === 0) return
    await elapse(SEAL_EVERY_MS)
  }
}

const TERMS = {
  clientId: CLIENT,
  sessionId: null,
  authenticatedAt: null,
  connection: null,
  audience: 'https://api.example.com',
  scope: ['offline_access', 'openid', 'profile', 'read:orders'],
  rotating: true,
  keyId: '00000000',
  salt: 'A'.repeat(22),
  metadata: null,
  dpopThumbprint: null,
  predecessor: null,
}
