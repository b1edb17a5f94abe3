import type pg from 'pg'
import type { DataSource } from 'typeorm'
import { TenantLogBound1763703600000 } from '../../migrations/1763703600000-tenant-log-bound.js'
import { TenantLogBoundChecked1763703610000 } from '../../migrations/1763703610000-tenant-log-bound-checked.js'
import { TenantLogPartitions1763703620000 } from '../../migrations/1763703620000-tenant-log-partitions.js'
import { audit } from '../../src/audit/audit.events.js'
import type { Config } from '../../src/config.js'
import { createDataSource } from '../../src/database/data-source.js'
import { createOwnerClient } from '../../src/database/pool.js'
import { BackgroundJobs } from '../../src/event-store/background-jobs.js'
import { NO_PERSONAL_VALUES, type Projection } from '../../src/event-store/projection.js'
import { ProjectionRunner } from '../../src/event-store/projection-runner.js'
import { rebuildProjection } from '../../src/event-store/rebuild-projection.js'
import { ForgetLogs, spanDays } from '../../src/management/logs/forget-logs.js'
import { cursorAt } from '../../src/management/logs/log-cursor.js'
import { dayOf, detachPartition, type LogPartition, logPartitions, preparePartition } from '../../src/management/logs/log-partitions.js'
import { rowsAfter } from '../../src/management/logs/tenant-log-rows.js'
import { tenantLogsProjection } from '../../src/management/logs/tenant-logs.projection.js'
import { eventually } from '../support/eventually.js'
import { LogFixture } from './log-fixture.js'

const DAY_MS = 86_400_000
const NOW = new Date('2026-06-30T12:00:00Z')
const daysAgo = (days: number): Date => new Date(NOW.getTime() - days * DAY_MS)

let log: LogFixture
let owner: pg.Client
beforeEach(async () => {
  log = await LogFixture.create()
  owner = await connected()
})
afterEach(async () => {
  await owner.end()
  await log.close()
})

async function connected(): Promise<pg.Client> {
  const client = createOwnerClient(log.url)
  client.on('error', () => undefined)
  await client.connect()
  return client
}

const retention = (logsRetentionDays: number): ForgetLogs =>
  new ForgetLogs(log.pool, { databaseUrl: log.url, settings: { logsRetentionDays } } as Config, new BackgroundJobs())
const idAt = (time: Date, n = 0): string => `${cursorAt(time).slice(0, 20)}${String(n).padStart(36, '0')}`
const ids = async (): Promise<string[]> => (await rowsAfter(log.pool, '', 10_000)).map(({ log_id: id }) => id)
const names = async (): Promise<string[]> => (await logPartitions(owner)).map(({ name }) => name)

/** A row for each of the last days, as the projection writes them. */
async function rowsOf(days: number): Promise<string[]> {
  const all = Array.from({ length: days }, (_, n) => idAt(daysAgo(days - 1 - n), n))
  for (const id of all) await preparePartition(log.pool, id.slice(3, 11))
  await owner.query(`insert into tenant_logs (log_id, date, type, details) select id, now(), 's', '{}' from unnest($1::text[]) id`, [all])
  return all
}

/** An app of a few audit facts, sealed and projected. */
async function facts(count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    const event = { type: 'SignupFailed', data: { description: `fact ${n}` } } as const
    await log.store.transact(audit, `facts-${n}`, () => ({ events: [event], result: undefined }))
  }
  await log.seal()
  const runner = new ProjectionRunner(log.pool, [tenantLogsProjection], ({ error }) => {
    throw error
  })
  while (await runner.advance());
}

async function rebuild(): Promise<void> {
  const db = await connected()
  expect(await rebuildProjection(db, tenantLogsProjection as Projection, NO_PERSONAL_VALUES)).toMatchObject({ failed: 0 })
  await db.end()
}

describe('retention of the log', () => {
  it('keeps some ten partitions, and takes whole ones', async () => {
    expect([0, 1, 10, 30, 365].map(spanDays)).toEqual([31, 1, 1, 3, 36])
    await owner.query('update tenant_log_retention set span_days = 3')
    const all = await rowsOf(41)
    await retention(30).run(NOW)
    const kept = await ids()
    // Three days of rows at most stay for longer than the day which the limit falls on.
    expect(kept).toEqual(all.slice(-kept.length))
    expect(kept.length).toBeGreaterThanOrEqual(31)
    expect(kept.length).toBeLessThanOrEqual(31 + 2)
    expect((await names()).length).toBeLessThanOrEqual(14)
    expect((await owner.query(`select from pg_class where relname like 'tenant_logs_2026%' and relkind = 'r' and not relispartition`)).rowCount).toBe(0)
    // Today's and the next are there before they are needed.
    expect((await names()).some((name) => name.slice(-8) > dayOf(new Date(NOW.getTime() + 3 * DAY_MS)))).toBe(true)
    await retention(30).run(NOW)
    expect(await ids()).toEqual(kept)
  })

  it('keeps all rows where it is told to', async () => {
    const all = await rowsOf(5)
    await retention(0).run(NOW)
    expect(await ids()).toEqual(all)
  })

  it('is not undone by a rebuild; a longer one brings rows back, by the ids that they had', async () => {
    await facts(5)
    const before = await ids()
    expect(before).toHaveLength(5)
    const later = new Date(Date.now() + 40 * DAY_MS)
    await retention(30).run(later)
    expect(await ids()).toEqual([])
    await rebuild()
    expect(await ids()).toEqual([])
    await retention(60).run(later)
    // The service makes the partition that it needs.
    await facts(1)
    const [newest] = await ids()
    await rebuild()
    expect(await ids()).toEqual([...before, newest])
    expect((await owner.query(`select relname from pg_class where relnamespace::regnamespace::text like 'rebuild%'`)).rows).toEqual([])
  })

  it('goes on where one was killed while it waited for a reader, who sees the whole log until they end', async () => {
    const all = await rowsOf(3)
    const reader = await connected()
    await reader.query('begin isolation level repeatable read')
    const seen = async (): Promise<number> => (await reader.query('select from tenant_logs')).rowCount!
    expect(await seen()).toBe(3)
    const killed = await connected()
    const { rows } = await killed.query<{ pid: number }>('select pg_backend_pid() as pid')
    const [oldest] = await logPartitions(owner)
    const detaching = detachPartition(killed, oldest!).catch((error: Error) => error.message)
    await eventually(async () => (await logPartitions(owner))[0]!.leaving)
    await owner.query('select pg_terminate_backend($1)', [rows[0]!.pid])
    expect(await detaching).toMatch(/terminat/)
    expect(await seen()).toBe(3)
    expect(await ids()).toEqual(all.filter((id) => id.slice(3, 11) >= oldest!.before))
    await reader.query('commit')
    await reader.end()
    await killed.end().catch(() => undefined)
    // Also where rows are kept for ever from now on.
    await retention(0).run(NOW)
    expect((await logPartitions(owner)).filter(({ leaving }) => leaving)).toEqual([])
    expect((await owner.query('select to_regclass($1) as table', [oldest!.name])).rows).toEqual([{ table: null }])
  })

  it('drops what a killed one had detached, and nothing that an operator keeps', async () => {
    await owner.query('update tenant_log_retention set span_days = 1')
    await rowsOf(5)
    const [first, second] = (await logPartitions(owner)) as [LogPartition, LogPartition]
    await detachPartition(owner, first)
    await owner.query(`alter table tenant_logs detach partition ${second.name}`)
    await retention(30).run(NOW)
    const tables = async (): Promise<unknown[]> => (await owner.query('select to_regclass($1) as a, to_regclass($2) as b', [first.name, second.name])).rows
    expect(await tables()).toEqual([{ a: null, b: second.name }])
  })

  it('goes unnoticed by those who read on and write', async () => {
    await owner.query('update tenant_log_retention set span_days = 1')
    await rowsOf(60)
    let working = true
    let reads = 0
    const follow = async (): Promise<void> => {
      while (working) {
        const found: string[] = []
        for (let last = idAt(daysAgo(25)); ;) {
          const page = await rowsAfter(log.pool, last, 4)
          found.push(...page.map(({ log_id: id }) => id))
          if (page.length < 4) break
          last = found.at(-1)!
        }
        expect(found.filter((id) => id < idAt(NOW, 999))).toHaveLength(26)
        reads++
      }
    }
    const write = async (): Promise<void> => {
      for (let n = 0; working; n++) {
        await log.pool.query(`insert into tenant_logs (log_id, date, type, details) values ($1, now(), 's', '{}')`, [idAt(new Date(NOW.getTime() + 1000), n)])
      }
    }
    const others = [follow(), follow(), write()]
    try {
      await Promise.race([retention(30).run(NOW), ...others])
      await eventually(() => reads > 20)
    } finally {
      working = false
      await Promise.allSettled(others)
    }
    await Promise.all(others)
    expect((await ids())[0]!.slice(3, 11)).toBe(dayOf(daysAgo(30)))
  })
})

describe('a table from before there were partitions', () => {
  const steps = [new TenantLogBound1763703600000(), new TenantLogBoundChecked1763703610000(), new TenantLogPartitions1763703620000()]
  let source: DataSource
  beforeEach(async () => {
    source = await createDataSource(log.url).initialize()
  })
  afterEach(() => source.destroy())

  /** Each in a transaction of its own, as they run. */
  async function migrated(way: 'up' | 'down'): Promise<void> {
    for (const step of way === 'up' ? steps : steps.toReversed()) {
      const db = source.createQueryRunner()
      await db.startTransaction()
      await step[way](db)
      await db.commitTransaction()
      await db.release()
    }
  }
  const indexes = async (): Promise<unknown> =>
    (await owner.query(`select indexname, replace(indexdef, ' ON ONLY ', ' ON ') as def from pg_indexes where tablename = 'tenant_logs' order by 1`)).rows

  it('becomes the first partition with all its rows, which leave one by one', async () => {
    const partitioned = await indexes()
    await migrated('down')
    expect(await indexes()).toEqual(partitioned)
    const all = Array.from({ length: 5000 }, (_, n) => idAt(daysAgo(40 - n / 125), n))
    await owner.query(`insert into tenant_logs (log_id, date, type, details) select id, now(), 's', '{}' from unnest($1::text[]) id`, [all])
    await migrated('up')
    expect(await indexes()).toEqual(partitioned)
    expect((await logPartitions(owner)).map(({ from }) => from)).toEqual(['00000000'])
    expect(await ids()).toEqual(all)
    await facts(1)
    await retention(30).run(NOW)
    const floor = cursorAt(new Date('2026-05-31T00:00:00Z'))
    expect(await ids()).toEqual([...all.filter((id) => id >= floor), expect.any(String)])
    // A rebuild has no use for it.
    await retention(60).run(new Date())
    await rebuild()
    expect((await logPartitions(owner)).map(({ from }) => from)).not.toContain('00000000')
    expect(await ids()).toHaveLength(1)
  })

  it('becomes a partitioned one without such a partition where it is empty', async () => {
    await migrated('down')
    await migrated('up')
    await facts(2)
    expect(await ids()).toHaveLength(2)
    expect((await logPartitions(owner)).map(({ from }) => from)).not.toContain('00000000')
  })
})
