import { Inject, Injectable, type OnModuleInit } from '@nestjs/common'
import pg from 'pg'
import { CONFIG, type Config } from '../../config.js'
import { createOwnerClient } from '../../database/pool.js'
import { BackgroundJobs } from '../../event-store/background-jobs.js'
import { cursorAt } from './log-cursor.js'
import { BEFORE_PARTITIONS, dayOf, detachPartition, dropDetached, logPartitions, preparePartition } from './log-partitions.js'

const LOOK_EVERY_MS = 60_000
const DAY_MS = 86_400_000
/** Partitions are spans of days, so that retention keeps some ten of them: each costs every search a look into its index. */
const PARTITIONS = 10
/** … and where rows are never forgotten, a month. */
const MONTH = 31
/** What takes longer is tried again at the next turn: a stopping process must not wait for whoever reads the log. */
const STATEMENT_MS = 5000
/** Rows that leave in one transaction, which must not take long. */
const SLICE = 2000
const SLICES = 50

/** Days that a partition holds, for so many days of retention; 0 keeps rows for ever. */
export const spanDays = (days: number): number => (days === 0 ? MONTH : Math.max(1, Math.floor(days / PARTITIONS)))

/**
 * Lets rows leave the log that are older than LOGS_RETENTION_DAYS (spec/logs.md §3.3), by whole partitions and the time in their log_id, so that it
 * stays without gaps; and makes the next partitions in time. The events that they came from stay, and so do the seals: `verify` and `export` know
 * nothing of this. Every step is safe to repeat and to be killed in (docs/adr/0016-retention.md).
 */
@Injectable()
export class ForgetLogs implements OnModuleInit {
  constructor(
    @Inject(pg.Pool) private readonly pool: pg.Pool,
    @Inject(CONFIG) private readonly config: Config,
    private readonly jobs: BackgroundJobs,
  ) {}

  onModuleInit(): void {
    this.jobs.add({ name: 'log retention', everyMs: LOOK_EVERY_MS, run: () => this.run(new Date()) })
  }

  /** Errors: the database's. */
  async run(now: Date): Promise<void> {
    const { logsRetentionDays: days } = this.config.settings
    const floor = days === 0 ? undefined : new Date(Math.floor(now.getTime() / DAY_MS - days) * DAY_MS)
    // First, so that nothing is added any more to what leaves: a rebuild begins with the oldest events.
    await this.pool.query(
      `update tenant_log_retention set floor = $1, span_days = $2 where (floor, span_days) is distinct from (row($1::text collate "C", $2::int))`,
      [floor ? cursorAt(floor) : '', spanDays(days)],
    )
    await this.#prepare(now, spanDays(days))
    await this.#forget(floor)
  }

  async #prepare(now: Date, span: number): Promise<void> {
    for (const day of [now, new Date(now.getTime() + span * DAY_MS)]) await preparePartition(this.pool, dayOf(day))
  }

  /** Without a floor only what was on its way before. */
  async #forget(floor: Date | undefined): Promise<void> {
    const owner = createOwnerClient(this.config.databaseUrl)
    await owner.connect()
    try {
      await owner.query(`set statement_timeout = ${STATEMENT_MS}`)
      const partitions = await logPartitions(owner)
      // One at a time may be leaving, so what is on its way goes first.
      for (const partition of partitions.toSorted((a, b) => Number(b.leaving) - Number(a.leaving))) {
        if (partition.leaving || (floor && partition.before <= dayOf(floor))) await detachPartition(owner, partition)
      }
      await dropDetached(owner)
      if (floor && partitions.some(({ from, before }) => from === BEFORE_PARTITIONS && before > dayOf(floor))) await this.#forgetRows(floor)
    } finally {
      await owner.end()
    }
  }

  /** The partition from before there were any holds rows of any age; they leave from the oldest on. What is more than a turn takes is for the next one. */
  async #forgetRows(floor: Date): Promise<void> {
    for (let slice = 0; slice < SLICES; slice++) {
      const { rowCount } = await this.pool.query({ name: 'forget-logs', text: FORGET, values: [cursorAt(floor), SLICE] })
      if ((rowCount ?? 0) < SLICE) break
    }
  }
}

const FORGET = `
  delete from tenant_logs where log_id = any(array(select log_id from tenant_logs where log_id < $1 order by log_id limit $2))`
