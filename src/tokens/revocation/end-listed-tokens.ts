import { Injectable } from '@nestjs/common'
import { CatchUp } from '../../event-store/catch-up.js'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { mustBeCurrent } from '../queries/find-refresh-tokens.js'
import type { RefreshTokenFilter } from '../queries/refresh-token-filter.js'
import { RefreshTokenPages } from '../queries/refresh-token-pages.js'
import { revoke } from '../refresh-token/family.js'
import { revokeLine } from '../refresh-token/revoke-line.js'
import type { Progress } from './revocation.events.js'

const PAGE = 100
/** A slice reads no more, so it ends at most 2,000 refresh tokens: a second or two, and a process that is told to stop waits for no more. */
const PAGES = 20

/** Ends refresh tokens one by one, from their list. */
@Injectable()
export class EndListedTokens {
  constructor(
    private readonly store: EventStore,
    private readonly pages: RefreshTokenPages,
    private readonly catchUp: CatchUp,
  ) {}

  /**
   * Ends what a filter selects, from a place of its list on, up to 20 pages of 100. Safe to repeat. `context` is that of who asked for it.
   * Errors: NotYetError where the list is behind when it is begun.
   */
  async slice(filter: RefreshTokenFilter, place: string | null, context: Context): Promise<Progress> {
    if (place === null) await mustBeCurrent(this.catchUp, filter)
    let ended = 0
    let next = place
    for (let n = 0; n < PAGES; n++) {
      const page = await this.pages.page(filter, next, PAGE)
      const results = await Promise.all(page.rows.map(({ id, user_id: userId }) => this.#end(id, { ...context, userId })))
      ended += results.filter(Boolean).length
      next = page.next
      if (next === null) break
    }
    return { place: next, ended }
  }

  #end(id: string, context: Context): Promise<boolean> {
    return revokeLine(this.store, id, (state, now) => revoke(state, 'api-bulk', now), context)
  }
}
