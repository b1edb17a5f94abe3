import { type ChildProcess, fork } from 'node:child_process'
import { randomBytes, randomInt } from 'node:crypto'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import path from 'node:path'
import type pg from 'pg'
import { foldDatabase } from '../../src/cli/fold.js'
import { verifyDatabase } from '../../src/cli/verify.js'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/database/embedded-postgres.js'
import { createOwnerClient, createPool } from '../../src/database/pool.js'
import { CatchUp } from '../../src/event-store/catch-up.js'
import { rebuildProjection } from '../../src/event-store/rebuild-projection.js'
import { deciders } from '../../src/deciders.js'
import { personalValues } from '../../src/keys/personal-values.js'
import { RootKeys } from '../../src/keys/root-key.js'
import { projections } from '../../src/projections.js'
import { preparedFolder } from '../support/service.js'

const WORKERS = 3
const FAMILIES_EACH = 6
const KILLS_OF_WORKERS = 9
const KILLS_OF_POSTGRES = 3
const key = randomBytes(32)
const rootKeys = new RootKeys([key])

interface Client {
  readonly name: string
  token?: string
  familyId?: string
  /** Exchanges whose answer arrived. */
  acknowledged: number
}

interface Message {
  readonly kind: 'issued' | 'redeemed' | 'refused' | 'error' | 'background-error' | 'resting'
  readonly name: string
  readonly token: string
  readonly familyId?: string
}

let dir: string
let server: EmbeddedPostgres
let databaseUrl: string
const clients = Array.from({ length: WORKERS }, (_, w) => Array.from({ length: FAMILIES_EACH }, (_, n): Client => ({ name: `${w}-${n}`, acknowledged: 0 })))
const workers: ChildProcess[] = []
const trouble: Message[] = []
let heard = 0
let wake = (): void => undefined

const startServer = (): Promise<EmbeddedPostgres> => startEmbeddedPostgres({ dir: path.join(dir, 'postgres') })

beforeAll(async () => {
  dir = preparedFolder()
  server = await startServer()
  databaseUrl = server.url('postgres')
})
afterAll(async () => {
  for (const worker of workers) worker.kill('SIGKILL')
  await server.stop()
  await rm(dir, { recursive: true, force: true })
})

function startWorker(w: number): void {
  const families = clients[w]!
  const options = JSON.stringify({ databaseUrl, encryptionKey: key.toString('base64'), families, background: w < 2 })
  const worker = fork(path.join(import.meta.dirname, '../support/crash-worker.mjs'), [options])
  worker.on('message', (message: Message) => {
    if (message.kind === 'refused' || message.kind === 'background-error') trouble.push(message)
    const client = families.find(({ name }) => name === message.name)
    if (!client || !message.token) return
    client.token = message.token
    if (message.familyId !== undefined) client.familyId = message.familyId
    if (message.kind === 'redeemed') client.acknowledged++
    heard++
    wake()
  })
  workers[w] = worker
}

/** Until the clients got this many more answers: so every kill meets a service at work. */
async function answers(count: number): Promise<void> {
  const target = heard + count
  while (heard < target) {
    await new Promise<void>((resolve) => {
      wake = resolve
    })
  }
}

async function kill(worker: ChildProcess): Promise<void> {
  const gone = once(worker, 'exit')
  worker.kill('SIGKILL')
  await gone
}

/** Tells every worker something, and waits until each has said so or is gone. */
async function ordered(order: 'rest' | 'stop', answered: (worker: ChildProcess) => Promise<unknown>): Promise<void> {
  const all = workers.map(answered)
  for (const worker of workers) worker.send(order)
  await Promise.all(all)
}

const rests = (worker: ChildProcess): Promise<void> => new Promise((resolve) => worker.on('message', ({ kind }: Message) => kind === 'resting' && resolve()))
const ends = (worker: ChildProcess): Promise<unknown> => once(worker, 'exit')

it('loses and doubles nothing when workers and PostgreSQL are killed at work, again and again', async () => {
  for (let w = 0; w < WORKERS; w++) startWorker(w)
  for (let n = 0; n < KILLS_OF_WORKERS; n++) {
    await answers(randomInt(20, 120))
    const w = n % WORKERS
    await kill(workers[w]!)
    startWorker(w)
    if (n % (KILLS_OF_WORKERS / KILLS_OF_POSTGRES) !== 0) continue
    await answers(randomInt(20, 120))
    process.kill(server.pid, 'SIGKILL')
    await server.died
    await server.stop()
    server = await startServer()
  }
  await answers(100)

  // Sealers and read models go on until they have caught up with the last exchange.
  await ordered('rest', rests)
  const pool = createPool(databaseUrl, 2)
  for (const { name } of projections) expect([name, await new CatchUp(pool).caughtUp(name, 60_000)]).toEqual([name, true])
  await ordered('stop', ends)
  expect(trouble).toEqual([])

  const owner = createOwnerClient(databaseUrl)
  await owner.connect()
  for (const { familyId, acknowledged } of clients.flat()) {
    const { rows } = await owner.query<{ generation: number }>(
      `select (data->>'generation')::int as generation from events where stream_id = $1 and type = 'RefreshTokenRotated' order by version`,
      [`refresh_token_family-${familyId}`],
    )
    expect(rows.map(({ generation }) => generation)).toEqual(rows.map((_, n) => n + 2))
    expect(rows.length).toBeGreaterThanOrEqual(acknowledged)
  }
  await pool.end()
  await expectReadModelsToFollowFromTheLog(owner)
  await owner.end()

  expect(await verifyDatabase(databaseUrl, rootKeys, 'http://localhost/')).toMatchObject({ ok: true })
  const different: unknown[] = []
  const folded = await foldDatabase(databaseUrl, deciders, (difference) => different.push(difference))
  expect(folded.stale).toBe(0)
  // More where a worker was killed before it could say that it had issued a token.
  expect(folded.streams).toBeGreaterThanOrEqual(WORKERS * FAMILIES_EACH)
  expect(different).toEqual([])
})

/** Their rows may be lost in a crash, and then their checkpoints with them: nothing may be missing or done twice. */
async function expectReadModelsToFollowFromTheLog(owner: pg.Client): Promise<void> {
  const { rows: failures } = await owner.query('select * from failed_events')
  expect(failures).toEqual([])
  for (const projection of projections) {
    const contents = async (): Promise<string[]> =>
      (await owner.query<{ row: string }>(`select t::text as row from ${projection.table} as t order by t::text collate "C"`)).rows.map(({ row }) => row)
    const lived = await contents()
    await rebuildProjection(owner, projection, personalValues(owner, rootKeys))
    expect(await contents()).toEqual(lived)
  }
  const { rows } = await owner.query<{ count: number }>('select count(*) from refresh_tokens')
  expect(rows[0]!.count).toBeGreaterThanOrEqual(WORKERS * FAMILIES_EACH)
}
