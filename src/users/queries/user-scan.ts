import type pg from 'pg'
import type { PersonKeys } from '../../keys/person-keys.js'
import { openProfiles, PERSONAL } from '../user/attributes.js'
import type { Attributes } from '../user/attributes.js'
import { comparable } from '../user/lookups.js'
import type { UserProfile } from '../user/user.events.js'
import { type Atom, atomsOf, FilterSql, lookedAt, type PersonalText, type UserFilter, type UserSort } from './user-filter.js'

/** A search that has to open personal values looks at this many users at most: some 100 ms of a core. */
export const MAX_SCANNED = 10_000
const AT_ONCE = 500

export interface Scanned {
  readonly userId: string
  readonly person: Attributes
}

export interface Scan {
  readonly filter: UserFilter
  readonly lookups: ReadonlyMap<Atom, Buffer>
  /** SQL; undefined when `sort` is by a personal value. */
  readonly order: string | undefined
  readonly sort: UserSort | undefined
}

/** Everybody whom the filter means, in order, by opening what SQL cannot see; 'too-many' when it would have to open more than MAX_SCANNED. */
export async function scanUsers(pool: pg.Pool, keys: PersonKeys, { filter, lookups, order, sort }: Scan): Promise<readonly Scanned[] | 'too-many'> {
  const atoms = atomsOf(filter)
  const sql = new FilterSql(lookups)
  const { rows } = await pool.query<Candidate>(
    `select u.user_id, u.document - '{user_metadata,app_metadata}'::text[] as document, array[${atoms.map((atom) => sql.atom(atom)).join(', ')}]::boolean[] as known
     from users u left join user_logins l using (user_id)
     where ${sql.candidates(filter)} order by ${order ?? 'u.created_at, u.user_id'} limit ${MAX_SCANNED + 1}`,
    sql.values,
  )
  if (rows.length > MAX_SCANNED) return 'too-many'
  const members = PERSONAL.filter((member) => member === sort?.by || lookedAt(filter).includes(member))
  const found: Scanned[] = []
  for (let at = 0; at < rows.length; at += AT_ONCE) {
    const batch = rows.slice(at, at + AT_ONCE)
    const people = await openProfiles(
      keys,
      batch.map(({ document }) => document),
      members,
    )
    batch.forEach(({ user_id, known }, n) => {
      const person = people[n]!
      if (holds(filter, new Map(atoms.map((atom, at) => [atom, known[at]!])), person)) found.push({ userId: user_id, person })
    })
  }
  return order === undefined && sort ? found.sort(byPersonal(sort.by as PersonalText, sort.descending)) : found
}

interface Candidate {
  readonly user_id: string
  readonly document: UserProfile
  readonly known: readonly boolean[]
}

function holds(filter: UserFilter, known: ReadonlyMap<Atom, boolean>, person: Attributes): boolean {
  switch (filter.kind) {
    case 'all':
      return true
    case 'none':
      return false
    case 'and':
      return filter.parts.every((part) => holds(part, known, person))
    case 'or':
      return filter.parts.some((part) => holds(part, known, person))
    case 'not':
      return !holds(filter.part, known, person)
    case 'looks': {
      const text = person[filter.member]
      return text !== undefined && filter.fits(comparable(filter.member, text))
    }
    case 'has':
    case 'is':
    case 'matches':
    case 'exists':
    case 'during':
    case 'counts':
      return known.get(filter)!
  }
}

/** Those without a value come last. */
function byPersonal(member: PersonalText, descending: boolean): (a: Scanned, b: Scanned) => number {
  const key = ({ person }: Scanned): string | undefined => person[member] && comparable(member, person[member])
  return (a, b) => {
    const [x, y] = [key(a), key(b)]
    if (x === y) return 0
    if (x === undefined) return 1
    if (y === undefined) return -1
    return x < y === descending ? 1 : -1
  }
}
