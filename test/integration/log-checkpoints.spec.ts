import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { verifyDatabase } from '../../src/cli/verify.js'
import { createOwnerClient, createPool } from '../../src/database/pool.js'
import { EventStore } from '../../src/event-store/event-store.js'
import { Sealer } from '../../src/event-store/sealer.js'
import { readCheckpoint } from '../../src/event-store/verification/log-checkpoint.js'
import { CheckpointPublisher, LostCheckpointError } from '../../src/event-store/verification/publish-checkpoints.js'
import { LogKey } from '../../src/keys/log-key.js'
import { RootKeys } from '../../src/keys/root-key.js'
import { add, counter } from '../support/counter.js'
import { databaseUrl } from '../support/own-database.js'
import { sealAll } from '../support/log.js'

const ISSUER = 'https://auth.example.com/'
const rootKeys = new RootKeys([Buffer.alloc(32, 7)])
const pool = createPool(databaseUrl, 4)
const store = new EventStore(pool)
const folder = mkdtempSync(path.join(os.tmpdir(), 'evergrant-checkpoints-'))
const file = path.join(folder, 'log.checkpoint')
/** What was posted, and how it is answered. */
const posts: { authorization: string | undefined; body: string }[] = []
let status = 204
let receiver: Server
let url: string
beforeAll(async () => {
  receiver = createServer((req, res) => {
    void (async () => {
      let body = ''
      for await (const chunk of req) body += String(chunk)
      posts.push({ authorization: req.headers.authorization, body })
      res.writeHead(status).end()
    })()
  })
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`
})
afterAll(async () => {
  await pool.end()
  await new Promise((resolve) => receiver.close(resolve))
  rmSync(folder, { recursive: true })
})

const publisher = (over: object = {}) => new CheckpointPublisher(pool, ISSUER, { file, url, authorization: 'Bearer receiver', ...over })
const seal = async (): Promise<void> => {
  await store.transact(counter, 'counted', add('x'))
  await sealAll(pool, new Sealer(pool, await LogKey.load(pool, rootKeys)))
}
const held = () => readCheckpoint(readFileSync(file, 'utf8'))

it('publishes the newest seal to file and URL, once, and verify confirms the log by it', async () => {
  const ours = publisher()
  await ours.publish()
  expect(readdirSync(folder)).toEqual([])
  await seal()
  await ours.publish()
  await ours.publish()
  expect(posts).toEqual([{ authorization: 'Bearer receiver', body: readFileSync(file, 'utf8') }])
  await seal()
  await ours.publish()
  expect([posts.length, held().sealNumber, readdirSync(folder)]).toEqual([2, 2, ['log.checkpoint']])
  expect(await verifyDatabase(databaseUrl, rootKeys, ISSUER, [held()])).toMatchObject({ ok: true })
})

it('posts again what the receiver did not take', async () => {
  const ours = publisher({ file: undefined })
  const before = posts.length
  status = 500
  await expect(ours.publish()).rejects.toThrow('status 500')
  status = 204
  await ours.publish()
  await ours.publish()
  expect(posts.length).toBe(before + 2)
})

it('leaves a file alone that holds something else', async () => {
  const other = path.join(folder, 'other')
  writeFileSync(other, 'not a checkpoint')
  await expect(publisher({ file: other, url: undefined }).publish()).rejects.toThrow(LostCheckpointError)
  expect(readFileSync(other, 'utf8')).toBe('not a checkpoint')
})

it('finds a tail that was cut off, also after the log went on, and keeps what proves it', async () => {
  const proof = readFileSync(file, 'utf8')
  const poster = publisher({ file: undefined })
  await poster.publish()
  const posted = posts.length
  const owner = createOwnerClient(databaseUrl)
  await owner.connect()
  await owner.query(`set session_replication_role = replica`)
  await owner.query(`delete from events where stream_id = 'counter-counted' and version = 2`)
  await owner.query(
    `update streams s set version = 1, head_hash = e.hash, last_at = e.occurred_at from events e where e.stream_id = s.id and s.id = 'counter-counted'`,
  )
  await owner.query(`delete from seals where number = 2`)
  await owner.end()
  await expect(publisher().publish()).rejects.toThrow(/cut off or rewritten: seal 2 .* is missing/)
  expect(await verifyDatabase(databaseUrl, rootKeys, ISSUER, [])).toMatchObject({ ok: true })
  expect(await verifyDatabase(databaseUrl, rootKeys, ISSUER, [held()])).toMatchObject({ ok: false, finding: { kind: 'checkpoint' } })
  await seal()
  await expect(publisher().publish()).rejects.toThrow(/seal 2 .* is another one/)
  // Who only posts remembers what the receiver has got.
  await seal()
  await expect(poster.publish()).rejects.toThrow(/cut off or rewritten: seal 2 \(up to position 2\) that was posted is another one/)
  expect(posts.length).toBe(posted)
  expect(readFileSync(file, 'utf8')).toBe(proof)
})
