import { createServer } from 'node:net'
import path from 'node:path'
import type pg from 'pg'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/database/embedded-postgres.js'
import { createOwnerClient } from '../../src/database/pool.js'
import { eventually } from '../support/eventually.js'
import { cleanUp, freePort, preparedFolder, Service } from '../support/service.js'

const folder = preparedFolder()
const ENCRYPTION_KEY = Buffer.alloc(32, 7).toString('base64')
let server: EmbeddedPostgres
let other: pg.Client
beforeAll(async () => {
  server = await startEmbeddedPostgres({ dir: path.join(folder, 'postgres') })
  other = createOwnerClient(server.url('postgres'))
  await other.connect()
  // As another process has it that prepares the database.
  await other.query('select pg_advisory_lock(7230115)')
})
afterAll(async () => {
  await other.end()
  await server.stop()
  await cleanUp(folder)
})

const WAITING = `select pid from pg_stat_activity where application_name = 'evergrant-owner' and wait_event_type = 'Lock'`

async function waiting(): Promise<Service> {
  const service = new Service(await freePort(), path.join(folder, 'data'), { DATABASE_URL: server.url('postgres'), ENCRYPTION_KEY })
  await eventually(async () => (await other.query(WAITING)).rowCount)
  return service
}

const endWaiting = (): Promise<unknown> => other.query(`select pg_terminate_backend(pid) from (${WAITING}) as waiting`)

test('a start that the database keeps waiting can be stopped', async () => {
  const service = await waiting()
  expect(await service.stop()).toBe(0)
  expect(service.errors).toBe('')
  // A server learns that somebody has gone only when they would have their turn.
  await eventually(async () => (await endWaiting()) && (await other.query(WAITING)).rowCount === 0)
})

test('a start whose connection breaks says so in one line', async () => {
  const service = await waiting()
  await endWaiting()
  expect(await service.exited).toBe(1)
  expect(service.errors).toMatch(/^DATABASE_URL: the database cannot be prepared \(terminating connection .*\), for example DATABASE_URL=.*\n$/)
})

test('a database that takes a connection and never answers is named', async () => {
  const silent = createServer()
  await new Promise<void>((done) => silent.listen(0, done))
  const { port } = silent.address() as { port: number }
  const service = new Service(await freePort(), path.join(folder, 'data'), { DATABASE_URL: `postgres://u@localhost:${port}/x`, ENCRYPTION_KEY })
  expect(await service.exited).toBe(1)
  expect(service.errors).toMatch(/^DATABASE_URL: the database cannot be prepared \(timeout expired\), for example DATABASE_URL=.*\n$/)
  silent.close()
})
