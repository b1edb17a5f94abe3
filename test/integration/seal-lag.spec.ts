import type { Request, Response } from 'express'
import type pg from 'pg'
import { createOwnerClient, createPool } from '../../src/database/pool.js'
import { readSealLag } from '../../src/event-store/seal-lag.js'
import { MetricsController } from '../../src/http/metrics.controller.js'
import { configFor } from '../support/bootstrapped.js'
import { eventually } from '../support/eventually.js'
import { LogFixture } from './log-fixture.js'

let log: LogFixture
const writers: pg.Client[] = []
beforeAll(async () => (log = await LogFixture.withLog()))
afterAll(() => Promise.all([log.close(), ...writers.map((writer) => writer.end())]))

/** A transaction that has written and does not end. */
async function writer(): Promise<number> {
  const client = createOwnerClient(log.url)
  writers.push(client)
  await client.connect()
  await client.query('begin')
  await client.query('select pg_current_xact_id()')
  return (await client.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]!.pid
}

const aMinuteAgo = (version: number): Promise<unknown> =>
  log.intruder.query(`update events set occurred_at = clock_timestamp() - interval '1 minute' where stream_id = 'counter-a' and version = $1`, [version])

/** Until other tests' transactions, which share the cluster, have ended. */
const named = (pid: number | undefined): Promise<boolean> => eventually(async () => (await readSealLag(log.pool)).oldestTransaction?.pid === pid)

it('names the oldest transaction that sealing waits for, and none where the sealer alone is late', async () => {
  const oldest = await writer()
  await aMinuteAgo(5)
  await named(undefined)
  expect((await readSealLag(log.pool)).seconds).toBeGreaterThanOrEqual(60)

  await log.sealReady()
  await log.add('a', 'sixth')
  await aMinuteAgo(6)
  await writer()
  await named(oldest)
})

it('is told by every process that is asked for metrics, and absent where the database does not answer', async () => {
  const nowhere = createPool('postgres://u@%2Fnowhere/x', 1)
  const local = { headers: {}, socket: { remoteAddress: '127.0.0.1' } } as Request
  const answer = { setHeader: () => answer } as unknown as Response
  const told = (pool: pg.Pool): Promise<string> =>
    new MetricsController(configFor(log.url), () => Promise.resolve('of_processes 1\n'), pool).metrics(local, answer)
  await aMinuteAgo(6)
  expect(await told(log.pool)).toMatch(/^of_processes 1\n(# .*\n)+evergrant_seal_lag_seconds [6-9]\d\.?\d*\n$/)
  expect(await told(nowhere)).toBe('of_processes 1\n')
  await nowhere.end()
})
