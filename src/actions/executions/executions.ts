import { Inject, Injectable } from '@nestjs/common'
import pg from 'pg'

/** Keeps the records of executions to their days. */
@Injectable()
export class Executions {
  constructor(@Inject(pg.Pool) private readonly pool: pg.Pool) {}

  async forget(olderThanDays: number): Promise<number> {
    const { rowCount } = await this.pool.query(`delete from action_executions where created_at < now() - make_interval(days => $1)`, [olderThanDays])
    return rowCount ?? 0
  }
}
