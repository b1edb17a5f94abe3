import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs'
import { CatchUp } from '../../event-store/catch-up.js'
import { NotYetError } from '../../event-store/projection.js'
import { areCurrent } from './find-refresh-tokens.js'
import type { RefreshTokenFilter } from './refresh-token-filter.js'
import { RefreshTokenPages } from './refresh-token-pages.js'

const CATCH_UP_MS = 5000

/** How many active refresh tokens a filter selects now. Errors: NotYetError when the list of them is behind; the database's 57014 when counting takes too long. */
export class CountRefreshTokens extends Query<number> {
  constructor(readonly filter: RefreshTokenFilter) {
    super()
  }
}

@QueryHandler(CountRefreshTokens)
export class CountRefreshTokensHandler implements IQueryHandler<CountRefreshTokens> {
  constructor(
    private readonly pages: RefreshTokenPages,
    private readonly catchUp: CatchUp,
  ) {}

  async execute({ filter }: CountRefreshTokens): Promise<number> {
    if (!(await areCurrent(this.catchUp, filter, CATCH_UP_MS))) throw new NotYetError('the list of refresh tokens is behind')
    return this.pages.count(filter)
  }
}
