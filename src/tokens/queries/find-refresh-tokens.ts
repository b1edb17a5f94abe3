import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs'
import { CatchUp } from '../../event-store/catch-up.js'
import { NotYetError } from '../../event-store/projection.js'
import { refreshTokenDevicesProjection } from '../refresh-token/refresh-token-devices.projection.js'
import { type RefreshTokenRow, refreshTokensProjection } from '../refresh-token/refresh-tokens.projection.js'
import { DEVICE_MEMBERS, type RefreshTokenFilter } from './refresh-token-filter.js'
import { RefreshTokenPages } from './refresh-token-pages.js'

/** A page of active refresh tokens; `current` is false when a read model could not catch up in time. */
interface RefreshTokenPage {
  readonly refreshTokens: readonly RefreshTokenRow[]
  /** What `after` is for the next page; null on the last one. A page may be shorter than asked for and have a next one. */
  readonly next: string | null
  readonly current: boolean
  /** Of all pages, from the snapshot of this one; where it was asked for. */
  readonly total: number | undefined
}

/**
 * Active, unexpired refresh tokens that a filter selects, as of now: what is named in it must be at least one thing. Of a user, a session or a
 * device by id, all others in the order of their issue. `take` is 1–100.
 */
export class FindRefreshTokens extends Query<RefreshTokenPage> {
  constructor(
    readonly filter: RefreshTokenFilter,
    readonly options: { readonly after?: string | undefined; readonly take: number; readonly totals?: boolean },
  ) {
    super()
  }
}

@QueryHandler(FindRefreshTokens)
export class FindRefreshTokensHandler implements IQueryHandler<FindRefreshTokens> {
  constructor(
    private readonly pages: RefreshTokenPages,
    private readonly catchUp: CatchUp,
  ) {}

  async execute({ filter, options: { after, take, totals } }: FindRefreshTokens): Promise<RefreshTokenPage> {
    const current = await areCurrent(this.catchUp, filter)
    const { rows, next, total } = await this.pages.page(filter, after ?? null, take, totals)
    return { refreshTokens: rows, next, current, total }
  }
}

/** For one that must not go by a list that is behind, and waits longer. Errors: NotYetError. */
export async function mustBeCurrent(catchUp: CatchUp, filter: RefreshTokenFilter): Promise<void> {
  if (!(await areCurrent(catchUp, filter, MUST_WAIT_MS))) throw new NotYetError('the list of refresh tokens is behind')
}

const MUST_WAIT_MS = 5000

/** Waits for what the list is read from; false when that took too long. */
async function areCurrent(catchUp: CatchUp, filter: RefreshTokenFilter, waitMs?: number): Promise<boolean> {
  const names = [refreshTokensProjection.name, ...(DEVICE_MEMBERS.some((member) => filter[member] !== undefined) ? [refreshTokenDevicesProjection.name] : [])]
  const caughtUp = await Promise.all(names.map((name) => catchUp.caughtUp(name, waitMs)))
  return caughtUp.every(Boolean)
}
