import { Injectable } from '@nestjs/common'
import { QueryBus } from '@nestjs/cqrs'
import { CatchUp } from '../../event-store/catch-up.js'
import { ManagementError } from '../../http/management-error.js'
import { PersonKeys } from '../../keys/person-keys.js'
import { FindUsers, type ListedUser, MAX_SCANNED, type PersonalText, type PlainSort, type UserFilter, type UserSort } from '../../users/index.js'
import { pick, readFields } from '../paging/fields.js'
import { offsetRequest } from '../paging/page.js'
import { parseSearch } from '../search/parse-search.js'
import { SearchSyntaxError } from '../search/search-query.js'
import { invalidQuery, oneOf, type QueryParameters, text } from '../validation/query.js'
import { absentUser } from './user-access.js'
import { userFilter } from './user-search.js'
import { showUsers } from './users.dto.js'

const SORTS: readonly (PlainSort | PersonalText)[] = [
  'created_at',
  'updated_at',
  'last_login',
  'logins_count',
  'user_id',
  'email_verified',
  'blocked',
  'last_password_reset',
  'email',
  'name',
  'nickname',
  'given_name',
  'family_name',
  'username',
  'phone_number',
]
const MAX_DEPTH = 1000
/** One address in this many connections is more than there are. */
const MAX_BY_EMAIL = 500
const LOGINS_WAIT_MS = 1000
/** SQLSTATE: the statement's time was over. */
const TIMED_OUT = '57014'

/** Reads users for the Management API: searches, and one by id. */
@Injectable()
export class ListUsers {
  constructor(
    private readonly queries: QueryBus,
    private readonly keys: PersonKeys,
    private readonly catchUp: CatchUp,
  ) {}

  /** Errors: ManagementError 400 for what cannot be searched for, 503 when it takes too long. */
  async search(query: QueryParameters): Promise<object> {
    const request = offsetRequest(query)
    if (request.offset > MAX_DEPTH) {
      const message = 'You can only page through the first 1000 records. See https://auth0.com/docs/users/search/v3/view-search-results-by-page#limitation.'
      throw new ManagementError(400, message, 'invalid_query_string')
    }
    oneOf(query, 'search_engine', ['v1', 'v2', 'v3'])
    const fields = readFields(query)
    const { offset, limit } = request
    const { users, total } = await this.#find(filterOf(query), { offset, limit, sort: sortOf(query) })
    const shown = (await showUsers(this.keys, users)).map((user) => pick(user, fields))
    return request.totals ? { start: offset, limit, length: shown.length, users: shown, total } : shown
  }

  async byEmail(email: string, query: QueryParameters): Promise<object[]> {
    const fields = readFields(query)
    const { users } = await this.#find({ kind: 'has', path: 'email', value: email.trim() }, { offset: 0, limit: MAX_BY_EMAIL })
    return (await showUsers(this.keys, users)).map((user) => pick(user, fields))
  }

  /** With the logins up to now. Errors: ManagementError 404. */
  async byId(id: string): Promise<ListedUser> {
    await this.catchUp.caughtUp('user_logins', LOGINS_WAIT_MS)
    const { users } = await this.#find({ kind: 'is', field: 'user_id', value: id }, { offset: 0, limit: 1 })
    const [user] = users
    if (!user) throw absentUser()
    return user
  }

  async #find(filter: UserFilter, page: FindUsers['page']): Promise<{ users: readonly ListedUser[]; total: number }> {
    const found = await this.queries.execute(new FindUsers(filter, page)).catch((error: { code?: unknown }) => {
      if (error.code !== TIMED_OUT) throw error
      const message =
        'The query exceeded the timeout. Please try refining your search criteria. See https://auth0.com/docs/best-practices/search-best-practices.'
      throw new ManagementError(503, message)
    })
    if (found !== 'too-many') return found
    throw invalidQuery(
      `Wildcards and orders of personal attributes look at ${MAX_SCANNED} users at most: narrow the search, for example to a connection or an exact value`,
      'q',
    )
  }
}

function filterOf(query: QueryParameters): UserFilter {
  const q = text(query, 'q', { max: 8000 })
  const connection = text(query, 'connection')
  const filters: UserFilter[] = connection === undefined ? [] : [{ kind: 'is', field: 'identities.connection', value: connection }]
  try {
    return { kind: 'and', parts: q === undefined ? filters : [...filters, userFilter(parseSearch(q))] }
  } catch (error) {
    if (error instanceof SearchSyntaxError) throw invalidQuery(error.message, 'q')
    throw error
  }
}

function sortOf(query: QueryParameters): UserSort | undefined {
  const sort = text(query, 'sort', { pattern: /^[\w.]+:(1|-1)$/ })
  if (sort === undefined) return undefined
  const [by, direction] = sort.split(':') as [string, string]
  const known = SORTS.find((name) => name === by)
  if (known === undefined) throw invalidQuery(`No enum match for: ${by.slice(0, 100)}`, 'sort')
  return { by: known, descending: direction === '-1' }
}
