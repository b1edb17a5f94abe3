import { Inject, Injectable } from '@nestjs/common'
import pg from 'pg'

const PAGE = 100

/** Reads which refresh tokens a user had at a moment. */
@Injectable()
export class RefreshTokensOfUser {
  constructor(@Inject(pg.Pool) private readonly pool: pg.Pool) {}

  /** A page of ids after one, of those issued until then: the user may have logged in anew, or their id may be another person's by now. */
  async find(userId: string, until: string, after: string): Promise<string[]> {
    const { rows } = await this.pool.query<{ id: string }>({ name: 'refresh-tokens-of-user', text: FIND, values: [userId, until, after, PAGE] })
    return rows.map(({ id }) => id)
  }
}

const FIND = `
  select id from refresh_tokens
  where user_id = $1 and id > $3 and created_at <= $2
  order by id
  limit $4`
