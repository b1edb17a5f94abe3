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
    const { rows } = await this.pool.query<Row>({ ...(loggingIn ? FIND_UNDER_WAY : FIND), values: [userId, connection] })
    const { facts, tail } = rows[0]!
    return loginFacts({ ...facts, logins: facts.logins + tail })
  }
}

/** What `loginFactsSql` answers. */
export interface LoginFactsRow {
  readonly connection: LoginFacts['connection'] | null
  readonly roles: readonly string[]
  readonly logins: number
}

export const loginFacts = ({ connection, roles, logins }: LoginFactsRow): LoginFacts => ({ connection: connection ?? undefined, roles, loginsCount: logins })

interface Row {
  readonly facts: LoginFactsRow
  readonly tail: number
}

/**
 * FindLoginFacts without `loggingIn` as a jsonb value, for a statement that reads more of the same moment. `userId` and `connection` are
 * expressions of SQL, with the tables' names of that statement: `assigned` and `role` would mean those in here.
 */
export const loginFactsSql = (userId: string, connection: string): string => `jsonb_build_object(
    'connection', (select document from connections where name = ${connection}),
    'roles', (select coalesce(jsonb_agg(role.document->>'name' order by assigned.created_at, role.id), '[]')
              from user_roles assigned join roles role on role.id = assigned.role_id where assigned.user_id = ${userId}),
    'logins', coalesce((select logins_count from user_logins where user_id = ${userId}), 0))`

/** Beyond so many events that a stopped background process has left undone the count is behind, rather than slow. */
const MAX_TAIL = 5000

const FIND = { name: 'find-login-facts', text: `select ${loginFactsSql('$1', '$2')} as facts, 0 as tail` }

/**
 * The read model counts logins up to its checkpoint; those after it are in the log's tail, which the same snapshot shows: so a first login
 * counts 1 although the read model has not seen it. A statement of its own: with a parameter that says whether to look there, PostgreSQL would
 * plan it anew each time, which takes longer than all else.
 */
const FIND_UNDER_WAY = {
  name: 'find-login-facts-under-way',
  text: `
  select ${loginFactsSql('$1', '$2')} as facts,
    (select count(*) from (
       select type, data from events
       where (epoch, xid, sequence) > (
         (select epoch from checkpoints where name = 'user_logins'),
         (select xid from checkpoints where name = 'user_logins'),
         (select sequence from checkpoints where name = 'user_logins'))
       order by epoch, xid, sequence limit ${MAX_TAIL}) as tail
     where case when type in ('SessionStarted', 'SessionReauthenticated', 'LoggedInWithoutSession') then data->>'userId' = $1 end)::int as tail`,
}
