import { Inject } from '@nestjs/common'
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs'
import pg from 'pg'

/** How many active, unexpired refresh tokens a user has, as far as the read model has come: asked after the list, which waits for it. */
export class CountRefreshTokens extends Query<number> {
  constructor(readonly userId: string) {
    super()
  }
}

@QueryHandler(CountRefreshTokens)
export class CountRefreshTokensHandler implements IQueryHandler<CountRefreshTokens> {
  constructor(@Inject(pg.Pool) private readonly pool: pg.Pool) {}

  async execute({ userId }: CountRefreshTokens): Promise<number> {
    const { rows } = await this.pool.query<{ count: number }>({ name: 'count-refresh-tokens', text: COUNT, values: [userId] })
    return rows[0]!.count
  }
}

const COUNT = `
  select count(*) from refresh_tokens
  where user_id = $1 and (expires_at is null or expires_at > now()) and (idle_expires_at is null or idle_expires_at > now())`
