import { Inject } from '@nestjs/common'
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs'
import pg from 'pg'
import type { PersonalData } from '../../event-store/event.js'
import { LookupKey } from '../../keys/lookup-key.js'
import { PersonKeys } from '../../keys/person-keys.js'
import { searchLookup } from '../user/lookups.js'
import type { UserRow } from '../user/user-table.js'
import type { FoundUser } from './find-user.js'
import { type Atom, atomsOf, FilterSql, looksAt, type PlainSort, type UserFilter, type UserSort } from './user-filter.js'
import { scanUsers, type Scanned } from './user-scan.js'

/** A user with what their logins left; personal values are still encrypted. */
export interface ListedUser extends FoundUser {
  readonly logins_count: number | null
  readonly last_login: Date | null
  readonly last_origin: PersonalData | null
}

/** 'too-many': personal values of more users than MAX_SCANNED would have to be opened. */
type FoundUsers = { readonly users: readonly ListedUser[]; readonly total: number } | 'too-many'

/** A page of the users that a filter means, and how many there are of them, both at one moment. */
export class FindUsers extends Query<FoundUsers> {
  constructor(
    readonly filter: UserFilter,
    readonly page: { readonly offset: number; readonly limit: number; readonly sort?: UserSort | undefined },
  ) {
    super()
  }
}

@QueryHandler(FindUsers)
export class FindUsersHandler implements IQueryHandler<FindUsers> {
  constructor(
    @Inject(pg.Pool) private readonly pool: pg.Pool,
    private readonly lookupKey: LookupKey,
    private readonly personKeys: PersonKeys,
  ) {}

  async execute({ filter, page }: FindUsers): Promise<FoundUsers> {
    const lookups = await this.#lookups(filter)
    const { offset, limit, sort } = page
    const order = orderOf(sort)
    if (order !== undefined && !looksAt(filter)) return this.#page(filter, lookups, order, page)
    const scanned = await scanUsers(this.pool, this.personKeys, { filter, lookups, order, sort })
    if (scanned === 'too-many') return scanned
    return { users: await this.#rows(scanned.slice(offset, offset + limit)), total: scanned.length }
  }

  /** Rows and their number by one statement, so that they agree. */
  async #page(filter: UserFilter, lookups: ReadonlyMap<Atom, Buffer>, order: string, { offset, limit }: FindUsers['page']): Promise<FoundUsers> {
    const sql = new FilterSql(lookups)
    const where = sql.candidates(filter)
    const { rows } = await this.pool.query<{ total: number; users: ListedUser[] }>(
      `with asked as (select ${COLUMNS} from ${TABLES} where ${where} order by ${order} limit ${limit} offset ${offset})
       select (select count(*) from ${TABLES} where ${where})::int as total, (select coalesce(json_agg(asked), '[]') from asked) as users`,
      sql.values,
    )
    const { total, users } = rows[0]!
    return { total, users: users.map(withDates) }
  }

  async #rows(scanned: readonly Scanned[]): Promise<ListedUser[]> {
    const ids = scanned.map(({ userId }) => userId)
    const { rows } = await this.pool.query<ListedUser>(`select ${COLUMNS} from ${TABLES} where u.user_id = any($1)`, [ids])
    const byId = new Map(rows.map((row) => [row.user_id, row]))
    return ids.map((id) => byId.get(id)).filter((row) => row !== undefined)
  }

  async #lookups(filter: UserFilter): Promise<Map<Atom, Buffer>> {
    const lookups = new Map<Atom, Buffer>()
    for (const atom of atomsOf(filter)) if (atom.kind === 'has') lookups.set(atom, await searchLookup(this.lookupKey, atom.path, atom.value))
    return lookups
  }
}

const TABLES = 'users u left join user_logins l using (user_id)'
const COLUMNS =
  'u.user_id, u.document, u.administrator, u.password_changed_at, u.created_at, u.updated_at, l.logins_count, l.last_login, l.last_origin' satisfies string

const ORDER: Readonly<Record<PlainSort, string>> = {
  created_at: 'u.created_at',
  updated_at: 'u.updated_at',
  last_login: 'l.last_login',
  logins_count: 'coalesce(l.logins_count, 0)',
  user_id: 'u.user_id',
  email_verified: `u.document->>'email_verified'`,
  blocked: `u.document->>'blocked'`,
  last_password_reset: 'u.password_changed_at',
}

/** Undefined for an order by personal values, which SQL does not know. Equal ones stand in the order of their creation. */
function orderOf(sort: UserSort | undefined): string | undefined {
  const column = sort ? (ORDER as Record<string, string>)[sort.by] : ORDER.created_at
  return column && `${column} ${sort?.descending ? 'desc nulls last' : 'asc nulls last'}, u.created_at, u.user_id`
}

/** JSON has dates as texts. */
const withDates = (user: ListedUser): ListedUser => ({ ...user, ...Object.fromEntries(DATES.map((name) => [name, dateOf(user[name])])) })
const DATES = ['created_at', 'updated_at', 'password_changed_at', 'last_login'] as const satisfies readonly (keyof UserRow | keyof ListedUser)[]
const dateOf = (value: Date | null): Date | null => value && new Date(value)
