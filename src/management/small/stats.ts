import { Inject, Injectable } from '@nestjs/common'
import pg from 'pg'

interface Day {
  readonly date: string
  readonly logins: number
  readonly signups: number
  readonly first: Date
  readonly last: Date
}

/** Counts of the log: it stands in for counters of its own, which nobody would read more often than a person looks. */
@Injectable()
export class Stats {
  constructor(@Inject(pg.Pool) private readonly pool: pg.Pool) {}

  /** Days on which somebody logged in or signed up, in UTC; `from` and `to` are included. */
  async daily(from: Date, to: Date): Promise<Day[]> {
    const { rows } = await this.pool.query<Day>(DAILY, [from, to])
    return rows
  }

  /** People who logged in or exchanged a refresh token within 30 days. */
  async activeUsers(): Promise<number> {
    const { rows } = await this.pool.query<{ count: number }>(ACTIVE)
    return rows[0]!.count
  }
}

const DAILY = `
  select to_char(date at time zone 'UTC', 'YYYY-MM-DD') as date, count(*) filter (where type in ('s', 'sepft')) as logins, count(*) filter (where type = 'ss') as signups,
    min(date) as first, max(date) as last
  from tenant_logs
  where type in ('s', 'sepft', 'ss') and date >= $1 and date < $2
  group by 1 order by 1`

const ACTIVE = `
  select count(distinct user_id) from tenant_logs where type in ('s', 'ssa', 'seacft', 'sepft', 'sertft') and date >= now() - interval '30 days'`
