import { randomBytes } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/database/embedded-postgres.js'
import { createPool } from '../../src/database/pool.js'
import { BackgroundWorker } from '../../src/event-store/background-worker.js'
import { LogKey } from '../../src/keys/log-key.js'
import { RootKeys } from '../../src/keys/root-key.js'
import { projections } from '../../src/projections.js'
import { eventually } from '../support/eventually.js'
import { preparedFolder } from '../support/service.js'

const rootKeys = new RootKeys([randomBytes(32)])
let folder: string
let server: EmbeddedPostgres
const start = (): Promise<EmbeddedPostgres> => startEmbeddedPostgres({ dir: path.join(folder, 'postgres') })

beforeAll(async () => {
  folder = preparedFolder()
  server = await start()
})
afterAll(async () => {
  await server.stop()
  await rm(folder, { recursive: true, force: true })
})

it('a database that goes away and comes back is said once each by the background process, however often it asks', async () => {
  const pool = createPool(server.url('postgres'), 4)
  const said: string[] = []
  const log = { warn: (message: string) => said.push(message), error: (message: string) => said.push(message) }
  let runs = 0
  const job = { name: 'a job', everyMs: 10, run: () => pool.query('select').finally(() => runs++) }
  const background = new BackgroundWorker(pool, await LogKey.load(pool, rootKeys), projections, [], log, undefined, [job])
  background.start()
  try {
    await eventually(() => runs > 0)
    expect(said).toEqual([])
    await server.stop()
    const before = runs
    await eventually(() => runs > before + 3)
    expect(said).toEqual(['the database cannot be reached, and background work waits'])
    server = await start()
    await eventually(() => said.length > 1)
    const atLast = runs
    await eventually(() => runs > atLast + 3)
    expect(said).toEqual([expect.any(String), 'the database can be reached again, and background work goes on'])
  } finally {
    await background.stop()
    await pool.end()
  }
})

it('what a job cannot do with a file of its own is not put on the database', async () => {
  const pool = createPool(server.url('postgres'), 4)
  const said: string[] = []
  const log = { warn: (message: string) => said.push(message), error: (message: string) => said.push(message) }
  const job = { name: 'writing', everyMs: 10, run: () => writeFile('/nowhere/file', '') }
  const background = new BackgroundWorker(pool, await LogKey.load(pool, rootKeys), projections, [], log, undefined, [job])
  background.start()
  try {
    await eventually(() => said.length > 2)
    expect(new Set(said)).toEqual(new Set(['writing failed, will try again']))
  } finally {
    await background.stop()
    await pool.end()
  }
})
