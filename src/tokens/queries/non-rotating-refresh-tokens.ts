import { Inject, Injectable } from '@nestjs/common'
import pg from 'pg'

const PAGE = 100

/** Reads which refresh tokens that do not rotate a user had with a client for an API at a moment. */
@Injectable()
export class NonRotatingRefreshTokens {
  constructor(@Inject(pg.Pool) private readonly pool: pg.Pool) {}

  /** A page of ids after one. `audience` is that of the login; null: none. */
  async find(userId: string, clientId: string, audience: string | null, until: string, after: string): Promise<string[]> {
    const values = [userId, clientId, audience, until, after, PAGE]
    const { rows } = await this.pool.query<{ id: string }>({ name: 'non-rotating-refresh-tokens', text: FIND, values })
    return rows.map(({ id }) => id)
  }
}

const FIND = `
  select id from refresh_tokens
  where user_id = $1 and id > $5 and client_id = $2 and audience is not distinct from $3 and not rotating and created_at <= $4
  order by id
  limit $6`
