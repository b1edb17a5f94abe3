import { Inject, Injectable } from '@nestjs/common'
import pg from 'pg'
import { IS_ACTIVE } from './is-active.js'

/** Reads which refresh tokens the limit per user and client pushes out (spec/refresh-tokens.md §12). */
@Injectable()
export class RefreshTokensOverLimit {
  constructor(@Inject(pg.Pool) private readonly pool: pg.Pool) {}

  /** Ids of the oldest active ones beyond `limit`. What the read model has not seen yet is newer, and never a victim. */
  async find(userId: string, clientId: string, limit: number): Promise<string[]> {
    const { rows } = await this.pool.query<{ id: string }>({ name: 'refresh-tokens-over-limit', text: OVER_LIMIT, values: [userId, clientId, limit] })
    return rows.map(({ id }) => id)
  }
}

/** What a mark on all of them has ended is not even read. */
const OVER_LIMIT = `
  select t.id from refresh_tokens t
  where t.user_id = $1 and t.client_id = $2 and ${IS_ACTIVE} and t.created_at > coalesce(
    (select max(m.before) from refresh_token_marks m where m.key = any((refresh_token_mark_keys($1, $2, null, null))[1:3])), '-infinity')
  order by t.created_at desc, t.id desc
  offset $3`
