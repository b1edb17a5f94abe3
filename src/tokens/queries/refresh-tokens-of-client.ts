import { Inject, Injectable } from '@nestjs/common'
import pg from 'pg'

const PAGE = 100

/** Reads which refresh tokens a client had at a moment. */
@Injectable()
export class RefreshTokensOfClient {
  constructor(@Inject(pg.Pool) private readonly pool: pg.Pool) {}

  /** A page after an id, of those issued until then: the client's id may be another client's by now. */
  async find(clientId: string, until: string, after: string): Promise<{ id: string; userId: string }[]> {
    const values = [clientId, until, after, PAGE]
    const { rows } = await this.pool.query<{ id: string; userId: string }>({ name: 'refresh-tokens-of-client', text: FIND, values })
    return rows
  }
}

const FIND = `
  select id, user_id as "userId" from refresh_tokens
  where client_id = $1 and id > $3 and created_at <= $2
  order by id
  limit $4`
