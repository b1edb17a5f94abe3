import { comparable, type IdentityField, type PersonalText, type TextField, type TimeField, type UserFilter } from '../../users/index.js'
import { dateRange } from '../logs/search-dates.js'
import { matchesWildcard, type RangeQuery, type SearchQuery, SearchSyntaxError, type WildcardQuery } from '../search/search-query.js'

const PERSONAL: readonly PersonalText[] = ['email', 'name', 'nickname', 'given_name', 'family_name', 'username', 'phone_number', 'picture']
/** What a term without a field may be. */
const BARE: readonly PersonalText[] = ['email', 'name', 'nickname', 'given_name', 'family_name', 'username', 'phone_number']
const IDENTITIES: readonly IdentityField[] = ['identities.connection', 'identities.provider', 'identities.user_id', 'identities.isSocial']
const FLAGS: readonly TextField[] = ['email_verified', 'phone_verified', 'blocked']
const TIMES: readonly TimeField[] = ['created_at', 'updated_at', 'last_login', 'last_password_reset']

const NOBODY: UserFilter = { kind: 'none' }
const DOMAIN = 'email.domain'
const METADATA = /^(user|app)_metadata(\.|$)/

/**
 * What a search means for users (spec/management-api.md §2.7). A field that users do not have is found in nobody.
 * Errors: SearchSyntaxError where a field cannot be searched in that way.
 */
export function userFilter(query: SearchQuery): UserFilter {
  switch (query.kind) {
    case 'all':
      return { kind: 'all' }
    case 'and':
    case 'or':
      return { kind: query.kind, parts: query.parts.map(userFilter) }
    case 'not':
      return { kind: 'not', part: userFilter(query.part) }
    case 'exists':
      return exists(query.field)
    case 'term':
      return query.field === undefined ? any(BARE.map((field) => term(field, query.text)).concat(term('user_id', query.text))) : term(query.field, query.text)
    case 'wildcard':
      if (query.field !== undefined) return wildcard(query.field, query.texts)
      return any(BARE.map((field) => wildcard(field, query.texts)).concat(wildcard('user_id', query.texts)))
    case 'range':
      return range(query)
  }
}

const any = (parts: readonly UserFilter[]): UserFilter => ({ kind: 'or', parts })

function exists(field: string): UserFilter {
  if (is(PERSONAL, field) || field === DOMAIN || METADATA.test(field)) return { kind: 'has', path: field }
  if (field === 'user_id' || field === 'identities') return { kind: 'all' }
  if (is(IDENTITIES, field) || is(FLAGS, field) || is(TIMES, field) || field === 'logins_count') return { kind: 'exists', field }
  return NOBODY
}

function term(field: string, text: string): UserFilter {
  if (is(PERSONAL, field) || field === DOMAIN || METADATA.test(field)) return { kind: 'has', path: field, value: text }
  if (field === 'user_id' || is(FLAGS, field) || is(IDENTITIES, field)) return { kind: 'is', field, value: text }
  const whole = { text, inclusive: true }
  if (is(TIMES, field) || field === 'logins_count') return range({ kind: 'range', field, from: whole, to: whole })
  return NOBODY
}

function wildcard(field: string, texts: WildcardQuery['texts']): UserFilter {
  if (field === 'user_id' || is(IDENTITIES, field)) return { kind: 'matches', field, texts }
  if (METADATA.test(field) || is(TIMES, field) || field === 'logins_count') throw new SearchSyntaxError(`Wildcards are not supported on ${field}.`)
  const comparables = texts.map((text) => comparable(field, text)) as unknown as WildcardQuery['texts']
  if (is(PERSONAL, field)) return { kind: 'looks', member: field, fits: (text) => matchesWildcard(comparables, text) }
  if (field === DOMAIN) return { kind: 'looks', member: 'email', fits: (text) => matchesWildcard(comparables, text.slice(text.lastIndexOf('@') + 1)) }
  return NOBODY
}

function range(query: RangeQuery): UserFilter {
  const { field } = query
  if (is(TIMES, field)) return { kind: 'during', field, ...dateRange(query) }
  if (field === 'logins_count') return counts(query)
  throw new SearchSyntaxError(`Ranges are not supported on ${field.slice(0, 100)}.`)
}

function counts({ from, to }: RangeQuery): UserFilter {
  const [first, last] = [from, to].map((bound) => {
    if (bound === undefined) return undefined
    if (!/^\d{1,9}$/.test(bound.text)) throw new SearchSyntaxError(`${bound.text.slice(0, 40)} is no number of logins.`)
    return Number(bound.text)
  })
  return {
    kind: 'counts',
    from: first === undefined || from!.inclusive ? first : first + 1,
    to: last === undefined || to!.inclusive ? last : last - 1,
  }
}

const is = <T extends string>(fields: readonly T[], field: string): field is T => (fields as readonly string[]).includes(field)
