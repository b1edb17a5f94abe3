import { Inject, Injectable, type OnModuleInit } from '@nestjs/common'
import pg from 'pg'
import { CONFIG, type Config } from '../../config.js'
import { BackgroundJobs } from '../../event-store/background-jobs.js'
import { cursorAt } from './log-cursor.js'

const LOOK_EVERY_MS = 60_000
const DAY_MS = 86_400_000
/** Rows that leave in one transaction, which must not take long. */
const SLICE = 2000
const SLICES = 50

/**
 * Lets rows leave the log that are older than LOGS_RETENTION_DAYS (spec/logs.md §3.3), by the time in their log_id and from the oldest on, so that
 * it stays without gaps. The events that they came from stay, and so do the seals: `verify` and `export` know nothing of this.
 */
@Injectable()
export class ForgetLogs implements OnModuleInit {
  constructor(
    @Inject(pg.Pool) private readonly pool: pg.Pool,
    @Inject(CONFIG) private readonly config: Config,
    private readonly jobs: BackgroundJobs,
  ) {}

  onModuleInit(): void {
    const { logsRetentionDays: days } = this.config.settings
    if (days > 0) this.jobs.add({ name: 'log retention', everyMs: LOOK_EVERY_MS, run: () => this.forget(new Date(Date.now() - days * DAY_MS)) })
  }

  /** Safe to repeat. Answers how many rows left; what is more than a turn takes is for the next one. Errors: the database's. */
  async forget(before: Date): Promise<number> {
    let gone = 0
    for (let slice = 0; slice < SLICES; slice++) {
      const { rowCount } = await this.pool.query({ name: 'forget-logs', text: FORGET, values: [cursorAt(before), SLICE] })
      gone += rowCount ?? 0
      if ((rowCount ?? 0) < SLICE) break
    }
    return gone
  }
}

const FORGET = `
  delete from tenant_logs where log_id = any(array(select log_id from tenant_logs where log_id < $1 order by log_id limit $2))`
