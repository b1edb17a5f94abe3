import { Inject } from '@nestjs/common'
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs'
import pg from 'pg'
import { CatchUp } from '../../event-store/catch-up.js'
import { type RefreshTokenRow, refreshTokensProjection } from '../refresh-token/refresh-tokens.projection.js'

/** A page of a user's active refresh tokens in the order of their ids; `current` is false when the read model could not catch up in time. */
export interface RefreshTokenPage {
  readonly refreshTokens: readonly RefreshTokenRow[]
  readonly next: string | null
  readonly current: boolean
}

const CATCH_UP_MS = 2000

/** A user's active, unexpired refresh tokens, of one client or of all, after an id. `take` is 1–100. */
export class FindRefreshTokens extends Query<RefreshTokenPage> {
  constructor(
    readonly userId: string,
    readonly options: { readonly clientId?: string; readonly after?: string; readonly take: number },
  ) {
    super()
  }
}

@QueryHandler(FindRefreshTokens)
export class FindRefreshTokensHandler implements IQueryHandler<FindRefreshTokens> {
  constructor(
    @Inject(pg.Pool) private readonly pool: pg.Pool,
    private readonly catchUp: CatchUp,
  ) {}

  async execute({ userId, options: { clientId, after, take } }: FindRefreshTokens): Promise<RefreshTokenPage> {
    const current = await this.catchUp.caughtUp(refreshTokensProjection.name, CATCH_UP_MS)
    const { rows } = await this.pool.query<RefreshTokenRow>({
      name: 'find-refresh-tokens',
      text: FIND,
      values: [userId, clientId ?? null, after ?? '', take + 1],
    })
    const refreshTokens = rows.slice(0, take)
    return { refreshTokens, next: rows.length > take ? refreshTokens.at(-1)!.id : null, current }
  }
}

const FIND = `
  select * from refresh_tokens
  where user_id = $1 and id > $3 and ($2::text is null or client_id = $2)
    and (expires_at is null or expires_at > now()) and (idle_expires_at is null or idle_expires_at > now())
  order by id
  limit $4`
