import { Inject, Injectable } from '@nestjs/common'
import pg from 'pg'

/** Sessions that time has ended and nobody has yet recorded as ended, the longest overdue first. */
@Injectable()
export class OverdueSessions {
  constructor(@Inject(pg.Pool) private readonly pool: pg.Pool) {}

  async find(limit: number): Promise<string[]> {
    const { rows } = await this.pool.query<{ id: string }>({ name: 'overdue-sessions', text: FIND, values: [limit] })
    return rows.map(({ id }) => id)
  }
}

const FIND = `select id from sessions where ends_at <= now() order by ends_at limit $1`
