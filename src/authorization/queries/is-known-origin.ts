import { Inject } from '@nestjs/common'
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs'
import pg from 'pg'
import { spellingsOf } from '../../http/cors.js'

/** Whether scripts of this origin may call for any client at all: what a preflight, which names none, is answered by. */
export class IsKnownOrigin extends Query<boolean> {
  constructor(readonly origin: string) {
    super()
  }
}

@QueryHandler(IsKnownOrigin)
export class IsKnownOriginHandler implements IQueryHandler<IsKnownOrigin> {
  constructor(@Inject(pg.Pool) private readonly pool: pg.Pool) {}

  async execute({ origin }: IsKnownOrigin): Promise<boolean> {
    const { rows } = await this.pool.query({
      name: 'is-known-origin',
      text: 'select 1 from clients where client_origins(document) && $1::text[] limit 1',
      values: [spellingsOf(origin)],
    })
    return rows.length > 0
  }
}
