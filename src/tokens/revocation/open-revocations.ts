import { Inject, Injectable } from '@nestjs/common'
import pg from 'pg'

/** Which revocations are to be worked off. A row comes and goes in the transaction of the event that says so. */
@Injectable()
export class OpenRevocations {
  constructor(@Inject(pg.Pool) private readonly pool: pg.Pool) {}

  /** Ids, oldest first. */
  async find(): Promise<string[]> {
    const { rows } = await this.pool.query<{ id: string }>({
      name: 'open-revocations',
      text: 'select id from open_refresh_token_revocations order by requested_at, id limit 100',
    })
    return rows.map(({ id }) => id)
  }
}

export async function openRevocation(db: pg.PoolClient, id: string, now: Date): Promise<void> {
  await db.query('insert into open_refresh_token_revocations (id, requested_at) values ($1, $2) on conflict do nothing', [id, now])
}

export async function closeRevocation(db: pg.PoolClient, id: string): Promise<void> {
  await db.query('delete from open_refresh_token_revocations where id = $1', [id])
}
