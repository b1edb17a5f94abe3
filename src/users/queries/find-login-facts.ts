import { Inject } from '@nestjs/common'
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs'
import pg from 'pg'
import type { ConnectionDocument } from '../connection/connection.events.js'

/** What Actions are told of a person beside their profile. */
export interface LoginFacts {
  /** Undefined for one that was deleted a moment ago. */
  readonly connection: Pick<ConnectionDocument, 'id' | 'name' | 'strategy' | 'metadata'> | undefined
  /** Names, in the order of their assignment. */
  readonly roles: readonly string[]
  /** Logins so far (spec/actions.md §2.2). */
  readonly loginsCount: number
}

/**
 * By one statement: it stands in the way of logins and exchanges. With `loggingIn` every login that is committed counts, the one under way included;
 * without, those that the read model has seen. Errors: the database's.
 */
export class FindLoginFacts extends Query<LoginFacts> {
  constructor(
    readonly userId: string,
    readonly connection: string,
    readonly loggingIn: boolean,
  ) {
    super()
  }
}

@QueryHandler(FindLoginFacts)
export class FindLoginFactsHandler implements IQueryHandler<FindLoginFacts> {
  constructor(@Inject(pg.Pool) private readonly pool: pg.Pool) {}

  async execute({ userId, connection, loggingIn }: FindLoginFacts): Promise<LoginFacts> {
    const { rows } = await this.pool.query<FactsRow>({ name: 'find-login-facts', text: FIND, values: [userId, connection, loggingIn] })
    const { connection: document, roles, logins } = rows[0]!
    return { connection: document ?? undefined, roles, loginsCount: logins }
  }
}

interface FactsRow {
  readonly connection: LoginFacts['connection'] | null
  readonly roles: readonly string[]
  readonly logins: number
}

/** Beyond so many events that a stopped background process has left undone the count is behind, rather than slow. */
const MAX_TAIL = 5000

/**
 * The read model counts logins up to its checkpoint; those after it are in the log's tail, which the same snapshot shows: so a first login
 * counts 1 although the read model has not seen it.
 */
const FIND = `
  select
    (select document from connections where name = $2) as connection,
    (select coalesce(json_agg(r.document->>'name' order by u.created_at, r.id), '[]')
     from user_roles u join roles r on r.id = u.role_id where u.user_id = $1) as roles,
    (select coalesce((select logins_count from user_logins where user_id = $1), 0)
       + (select count(*) from (
            select type, data from events
            where $3 and (epoch, xid, sequence) > (
              (select epoch from checkpoints where name = 'user_logins'),
              (select xid from checkpoints where name = 'user_logins'),
              (select sequence from checkpoints where name = 'user_logins'))
            order by epoch, xid, sequence limit ${MAX_TAIL}) as tail
          where case when type in ('SessionStarted', 'SessionReauthenticated') then data->>'userId' = $1 end))::int as logins`
