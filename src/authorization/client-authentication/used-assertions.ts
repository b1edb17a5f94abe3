import { Inject, Injectable } from '@nestjs/common'
import pg from 'pg'

/** One in so many uses clears away what has expired. */
const CLEAR_EVERY = 100

/** Assertions count once until they expire, on whatever worker they come. */
@Injectable()
export class UsedAssertions {
  #uses = 0

  constructor(@Inject(pg.Pool) private readonly pool: pg.Pool) {}

  /** Answers whether this is the assertion's first use. */
  async use(clientId: string, jti: string, expiresAt: Date): Promise<boolean> {
    if (++this.#uses % CLEAR_EVERY === 0) await this.pool.query(`delete from used_assertions where expires_at < now() - interval '1 minute'`)
    const { rowCount } = await this.pool.query({
      name: 'use-assertion',
      text: `
        insert into used_assertions (client_id, jti, expires_at) values ($1, $2, $3)
        on conflict (client_id, jti) do update set expires_at = excluded.expires_at where used_assertions.expires_at < now() - interval '1 minute'`,
      values: [clientId, jti, expiresAt],
    })
    return rowCount === 1
  }
}
