import { generateKeyPairSync, sign } from 'node:crypto'
import { Readable } from 'node:stream'
import { verifyDatabase, verifyExport } from '../../src/cli/verify.js'
import { Sealer } from '../../src/event-store/sealer.js'
import { type LogCheckpoint, readCheckpoint, writeCheckpoint } from '../../src/event-store/verification/log-checkpoint.js'
import { describe as inWords } from '../../src/event-store/verification/log-source.js'
import { sealAll } from '../support/log.js'
import { exportLines } from './export-lines.js'
import { ISSUER, LogFixture } from './log-fixture.js'

let log: LogFixture
let checkpoint: LogCheckpoint
beforeAll(async () => {
  log = await LogFixture.withLog()
  const before = await verifyDatabase(log.url, log.rootKeys, ISSUER)
  if (!before.ok) throw new Error('the log should be intact here')
  const { head, keys } = before.log
  checkpoint = readCheckpoint(writeCheckpoint(ISSUER, head!, keys.get(head!.keyId)!.publicKey))
})
afterAll(() => log.close())

async function printed(lines: readonly string[], checkpoints: readonly LogCheckpoint[]): Promise<string> {
  const result = await verifyExport(Readable.from([lines.join('')]), checkpoints)
  return result.ok ? 'intact' : inWords(result.finding)
}

it('an export that goes on after the checkpoint under a key of somebody else is not what the checkpoint confirms', async () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  await log.intruder.query('insert into log_keys (id, public_key, encrypted_private_key) values ($1, $2, $3)', [
    'planted',
    publicKey.export({ type: 'spki', format: 'der' }),
    'none',
  ])
  await sealAll(log.pool, new Sealer(log.pool, { keyId: 'planted', sign: (hash) => Promise.resolve(sign(null, hash, privateKey)) }))
  const [whole, part] = [await exportLines(log.url), await exportLines(log.url, { from: 13 })]
  const finding = 'seal 4 (positions 13..13): is signed by key planted, which no checkpoint confirms'
  expect(await printed(whole, [checkpoint])).toBe(finding)
  expect(await printed(part, [checkpoint])).toBe(finding)
  // Without a checkpoint nothing tells whose key it is: verify says so.
  expect(await printed(whole, [])).toBe('intact')
})
