import { Inject } from '@nestjs/common'
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs'
import pg from 'pg'
import { EventStore } from '../../event-store/event-store.js'
import { type PlacedEvent, readStreamPage } from '../../event-store/stream-page.js'
import type { FamilyEvent, RevocationReason } from '../refresh-token/family.events.js'
import { type ActiveFamily, type Family, family } from '../refresh-token/family.js'
import { isExpired } from '../refresh-token/lifetimes.js'
import { loginOf } from '../refresh-token/family-under-marks.js'
import { refreshTokenMark } from '../refresh-token/mark.js'
import type { RefreshTokenMarkEvent } from '../refresh-token/mark.events.js'

export type HistoryEvent = PlacedEvent<FamilyEvent | RefreshTokenMarkEvent>

/** A refresh token's life, whether it is over or not. Personal values are sealed. Times are ISO strings. */
export interface RefreshTokenHistory {
  readonly familyId: string
  /** Undefined where its code came back before it began. */
  readonly userId: string | undefined
  readonly clientId: string | undefined
  readonly sessionId: string | null
  readonly rotating: boolean
  readonly status: 'active' | 'expired' | 'revoked'
  readonly startedAt: string | undefined
  readonly endedAt: string | null
  readonly reason: RevocationReason | null
  /** On a change between tokens that rotate and those that do not (spec/refresh-tokens.md §13). */
  readonly predecessorId: string | null
  readonly successorId: string | null
  /** A page, oldest first. The mark that ended it comes after its own events. */
  readonly events: readonly HistoryEvent[]
  /** `after` of the next page; null on the last one. */
  readonly next: number | null
}

/** The life of a refresh token from its events after a version; undefined for an id that no event knows. */
export class FindRefreshTokenHistory extends Query<RefreshTokenHistory | undefined> {
  constructor(
    readonly familyId: string,
    readonly page: { readonly after: number; readonly take: number },
  ) {
    super()
  }
}

@QueryHandler(FindRefreshTokenHistory)
export class FindRefreshTokenHistoryHandler implements IQueryHandler<FindRefreshTokenHistory> {
  constructor(
    @Inject(pg.Pool) private readonly pool: pg.Pool,
    private readonly store: EventStore,
  ) {}

  async execute({ familyId, page: { after, take } }: FindRefreshTokenHistory): Promise<RefreshTokenHistory | undefined> {
    const { state, now } = await this.store.read(family, familyId)
    if (state.status === 'none') return undefined
    const [first] = await readStreamPage(this.pool, family, familyId, 0, 1)
    const found = state.status === 'active' ? await this.#mark(state) : undefined
    // What had expired before was not ended by it.
    const mark = found && state.status === 'active' && !isExpired(state, new Date(found.metadata.at)) ? found : undefined
    const own = await readStreamPage(this.pool, family, familyId, after, take + 1)
    // A family under a mark has no further events, so the mark is the last.
    const events: HistoryEvent[] = own.length <= take && mark ? [...own, mark] : own
    const started = first?.type === 'FamilyStarted' ? first : undefined
    return {
      familyId,
      userId: started?.data.userId,
      clientId: started?.data.clientId,
      sessionId: started?.data.sessionId ?? null,
      rotating: started?.data.rotating ?? true,
      startedAt: started?.metadata.at,
      ...endOf(state, mark, now),
      predecessorId: started?.data.predecessor?.familyId ?? null,
      successorId: state.status === 'revoked' ? state.successorId : null,
      events: events.slice(0, take),
      next: events.length > take ? (own[take - 1]?.version ?? after) : null,
    }
  }

  /** The first mark that came after the family's login, if any, as its own event. */
  async #mark(state: ActiveFamily): Promise<PlacedEvent<RefreshTokenMarkEvent> | undefined> {
    const { userId, clientId, audience, sessionId, organizationId } = state
    const { rows } = await this.pool.query<{ key: string; before: Date }>({
      name: 'mark-of-family',
      text: MARK,
      values: [userId, clientId, audience, sessionId, organizationId, loginOf(state)],
    })
    const [found] = rows
    if (!found) return undefined
    for (let after = 0; ; after += PAGE) {
      const page = await readStreamPage(this.pool, refreshTokenMark, found.key, after, PAGE)
      const event = page.find(({ data }) => Date.parse(data.before) === found.before.getTime())
      if (event || page.length < PAGE) return event
    }
  }
}

const PAGE = 100

const MARK = `
  select m.key, m.before from refresh_token_marks m
  where m.key = any(refresh_token_mark_keys($1, $2, $3, $4, $5)) and m.before >= $6::timestamptz
  order by m.before limit 1`

function endOf(
  state: Exclude<Family, { status: 'none' }>,
  mark: PlacedEvent<RefreshTokenMarkEvent> | undefined,
  now: Date,
): Pick<RefreshTokenHistory, 'status' | 'endedAt' | 'reason'> {
  if (state.status === 'barred') return { status: 'revoked', endedAt: null, reason: 'code-replayed' }
  if (state.status === 'revoked') return { status: 'revoked', endedAt: state.revokedAt, reason: state.reason }
  const ends = [state.expiresAt, state.idleExpiresAt].filter((end) => end !== null).sort()
  if (mark) return { status: 'revoked', endedAt: mark.metadata.at, reason: mark.data.reason }
  if (isExpired(state, now)) return { status: 'expired', endedAt: ends[0]!, reason: null }
  return { status: 'active', endedAt: null, reason: null }
}
