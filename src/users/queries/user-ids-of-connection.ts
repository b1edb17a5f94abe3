import { Inject, Injectable } from '@nestjs/common'
import pg from 'pg'

/** Reads who came through a connection. */
@Injectable()
export class UserIdsOfConnection {
  constructor(@Inject(pg.Pool) private readonly pool: pg.Pool) {}

  async find(connectionId: string, limit: number): Promise<string[]> {
    const { rows } = await this.pool.query<{ user_id: string }>('select user_id from users where connection_id = $1 limit $2', [connectionId, limit])
    return rows.map(({ user_id }) => user_id)
  }
}
