import { Inject, Injectable } from '@nestjs/common'
import pg from 'pg'

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

const OVER_LIMIT = `
  select id from refresh_tokens
  where user_id = $1 and client_id = $2
    and (expires_at is null or expires_at > now()) and (idle_expires_at is null or idle_expires_at > now())
  order by created_at desc, id desc
  offset $3`
