import { Inject } from '@nestjs/common'
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs'
import pg from 'pg'
import { CatchUp } from '../../event-store/catch-up.js'
import type { ActiveSession } from '../session/session.js'
import { type SessionRow, sessionsProjection } from '../session/sessions.projection.js'

/** A page of a user's living sessions in the order of their ids; `current` is false when the read model could not catch up in time. */
export interface SessionPage {
  readonly sessions: readonly { readonly sessionId: string; readonly session: ActiveSession }[]
  readonly next: string | null
  /** Of all pages; there only when it was asked for. */
  readonly total: number | undefined
  readonly current: boolean
}

/** A user's living sessions after an id. `take` is 1–100. */
export class FindSessions extends Query<SessionPage> {
  constructor(
    readonly userId: string,
    readonly options: { readonly after?: string; readonly take: number; readonly total?: boolean },
  ) {
    super()
  }
}

@QueryHandler(FindSessions)
export class FindSessionsHandler implements IQueryHandler<FindSessions> {
  constructor(
    @Inject(pg.Pool) private readonly pool: pg.Pool,
    private readonly catchUp: CatchUp,
  ) {}

  async execute({ userId, options: { after = '', take, total = false } }: FindSessions): Promise<SessionPage> {
    const current = await this.catchUp.caughtUp(sessionsProjection.name)
    const { rows } = await this.pool.query<SessionRow>({ name: 'find-sessions', text: FIND, values: [userId, after, take + 1] })
    const sessions = rows.slice(0, take).map(({ id, state }) => ({ sessionId: id, session: state }))
    const next = rows.length > take ? sessions.at(-1)!.sessionId : null
    return { sessions, next, total: total ? await this.#count(userId) : undefined, current }
  }

  async #count(userId: string): Promise<number> {
    const { rows } = await this.pool.query<{ count: number }>({ name: 'count-sessions', text: COUNT, values: [userId] })
    return rows[0]!.count
  }
}

const FIND = `select id, state from sessions where user_id = $1 and id > $2 and ends_at > now() order by id limit $3`
const COUNT = `select count(*)::int as count from sessions where user_id = $1 and ends_at > now()`
