import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs'
import { CatchUp } from '../../event-store/catch-up.js'
import { mustBeCurrent } from './find-refresh-tokens.js'
import type { RefreshTokenFilter } from './refresh-token-filter.js'
import { RefreshTokenPages } from './refresh-token-pages.js'

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
    await mustBeCurrent(this.catchUp, filter)
    return this.pages.count(filter)
  }
}
