import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { Audit } from '../../src/audit/audit.js'
import { verifyDatabase } from '../../src/cli/verify.js'
import { readCheckpoint } from '../../src/event-store/verification/log-checkpoint.js'
import { BackgroundJobs } from '../../src/event-store/background-jobs.js'
import { RootKeys } from '../../src/keys/root-key.js'
import { ForgetLogs } from '../../src/management/logs/forget-logs.js'
import { type Json, startApp, type TestApp } from '../support/app.js'
import { freshDatabase } from '../support/database.js'
import { eventually } from '../support/eventually.js'

/** A row as of long ago. */
const OLD = '90020200101000000'.padEnd(56, '1')

let service: TestApp
let folder: string
let file: string
beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'evergrant-retention-'))
  file = path.join(folder, 'log.checkpoint')
  const database = await freshDatabase()
  const before = new pg.Client(database)
  await before.connect()
  await before.query(`select prepare_tenant_log_partition('tenant_logs', '2020-01-01')`)
  await before.query(`insert into tenant_logs (log_id, date, type, details) values ($1, '2020-01-01', 'fs', '{}')`, [OLD])
  await before.end()
  service = await startApp({ LOG_CHECKPOINT_FILE: file, LOG_CHECKPOINT_EVERY_SECONDS: '1' }, undefined, database)
})
afterAll(async () => {
  await service.close()
  rmSync(folder, { recursive: true })
})

it('the background process forgets old rows, and publishes checkpoints where it is told to', async () => {
  await eventually(async () => (await service.pool.query('select from tenant_logs where log_id = $1', [OLD])).rowCount === 0)
  const { lastPosition } = await eventually(() => readCheckpoint(readFileSync(file, 'utf8')))
  await happen('after the first checkpoint')
  await eventually(() => readCheckpoint(readFileSync(file, 'utf8')).lastPosition > lastPosition)
})

const happen = (description: string) => service.app.get(Audit).record({ type: 'SignupFailed', data: { description } }, {})

it('rows of the log leave after as many days as the installation says, and the log that they came from stays and verifies', async () => {
  await happen('of today')
  const { body: before } = await service.api('GET', 'logs?take=100')
  const config = { ...service.config, settings: { ...service.config.settings, logsRetentionDays: 1 } }
  const forget = new ForgetLogs(service.pool, config, new BackgroundJobs())
  await forget.run(new Date())
  expect((await service.api('GET', 'logs?q=description:"of%20today"')).body).toHaveLength(1)
  await forget.run(new Date(Date.now() + 5 * 86_400_000))
  expect((await service.api('GET', `logs?from=${before[0].log_id}&take=100`)).body).toEqual([])
  expect((await service.api('GET', `logs/${before[0].log_id}/proof`)).status).toBe(404)
  const verified = await verifyDatabase(service.config.databaseUrl, new RootKeys(service.config.encryptionKeys), service.url)
  expect(verified).toMatchObject({ ok: true })
  // As the next turn of the background process does.
  await new ForgetLogs(service.pool, service.config, new BackgroundJobs()).run(new Date())
})

describe('an installation that names no targets of its own', () => {
  it('takes https for webhooks, and neither files nor NATS', async () => {
    for (const [type, sink] of [
      ['http', { httpEndpoint: 'http://example.com/' }],
      ['sumo', { sumoSourceAddress: 'http://example.com/' }],
      ['file', { fileName: 'a' }],
      ['nats', { natsSubject: 'a' }],
    ] as const) {
      expect({ type, ...(await service.api('POST', 'log-streams', { type, sink })) }).toMatchObject({ type, status: 400 })
    }
  })

  it('reaches no private address', async () => {
    const filters = [{ type: 'category', name: 'auth.signup.fail' }]
    const { body } = await service.api('POST', 'log-streams', { type: 'http', sink: { httpEndpoint: 'https://127.0.0.1:1/' }, filters })
    await happen('not to be sent')
    const health = async (): Promise<Json> => (await service.api('GET', `log-streams/${body.id}/health`)).body
    await eventually(async () => {
      await service.pool.query('update log_stream_deliveries set next_try_at = now() where log_stream_id = $1', [body.id])
      return (await health()).errors.length > 0
    })
    expect((await health()).errors[0]).toMatchObject({ text: '127.0.0.1 is not a public address' })
  })
})

it('a search that is too long is told so', async () => {
  // The token of every scope would fill the headers alone.
  const authorization = `Bearer ${await service.managementToken(['read:logs'])}`
  const { status, body } = await service.api('GET', `logs?q=${'x'.repeat(9000)}`, undefined, { authorization })
  expect([status, body.message]).toEqual([414, 'Request-URI Too Large'])
})
