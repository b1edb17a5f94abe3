import { likePattern } from '../../database/like-pattern.js'
import type { PersonalMember } from '../user/attributes.js'

/** Columns and open members of a user that can be compared. */
export type TextField = 'user_id' | 'email_verified' | 'phone_verified' | 'blocked' | IdentityField
export type IdentityField = 'identities.connection' | 'identities.provider' | 'identities.user_id' | 'identities.isSocial'
export type TimeField = 'created_at' | 'updated_at' | 'last_login' | 'last_password_reset'
export type PersonalText = Exclude<PersonalMember, 'user_metadata' | 'app_metadata'>

/** Which users are asked for. */
export type UserFilter =
  | { readonly kind: 'all' | 'none' }
  | { readonly kind: 'and' | 'or'; readonly parts: readonly UserFilter[] }
  | { readonly kind: 'not'; readonly part: UserFilter }
  /** An attribute that is found by keyed hashes (user/lookups.ts) has this value; without one: is there. */
  | { readonly kind: 'has'; readonly path: string; readonly value?: string | undefined }
  | { readonly kind: 'is'; readonly field: TextField; readonly value: string }
  | { readonly kind: 'matches'; readonly field: 'user_id' | IdentityField; readonly texts: readonly string[] }
  | { readonly kind: 'exists'; readonly field: TextField | TimeField | 'logins_count' }
  /** Times from `from` on and before `before`. */
  | { readonly kind: 'during'; readonly field: TimeField; readonly from?: Date | undefined; readonly before?: Date | undefined }
  | { readonly kind: 'counts'; readonly from?: number | undefined; readonly to?: number | undefined }
  /** Parts of a personal value, which no index knows: everybody who may be meant is opened and looked at. */
  | { readonly kind: 'looks'; readonly member: PersonalText; readonly fits: (text: string) => boolean }

export type PlainSort = 'created_at' | 'updated_at' | 'last_login' | 'logins_count' | 'user_id' | 'email_verified' | 'blocked' | 'last_password_reset'

export interface UserSort {
  readonly by: PlainSort | PersonalText
  readonly descending: boolean
}

/** Conditions that SQL alone can answer. */
export type Atom = Exclude<UserFilter, { readonly kind: 'all' | 'none' | 'and' | 'or' | 'not' | 'looks' }>

/** Writes a filter as SQL over `users u left join user_logins l`; values become parameters. */
export class FilterSql {
  readonly values: unknown[] = []

  constructor(private readonly lookups: ReadonlyMap<Atom, Buffer>) {}

  /** True of everybody whom the filter means, and of more only where personal values have to be looked at. */
  candidates(filter: UserFilter): string {
    switch (filter.kind) {
      case 'all':
      case 'looks':
        return 'true'
      case 'none':
        return 'false'
      case 'and':
      case 'or':
        return filter.parts.length === 0 ? String(filter.kind === 'and') : `(${filter.parts.map((part) => this.candidates(part)).join(` ${filter.kind} `)})`
      case 'not':
        return looksAt(filter.part) ? 'true' : `not ${this.candidates(filter.part)}`
      case 'has':
      case 'is':
      case 'matches':
      case 'exists':
      case 'during':
      case 'counts':
        return this.atom(filter)
    }
  }

  /** Never null, so that it can be negated. */
  atom(atom: Atom): string {
    switch (atom.kind) {
      case 'has':
        return `u.search_lookups @> array[${this.#value(this.lookups.get(atom))}::bytea]`
      case 'is':
        if (isIdentity(atom.field)) return `u.document->'identities' @> ${this.#value(identityWith(atom.field, atom.value))}::jsonb`
        return atom.field === 'user_id'
          ? `u.user_id = ${this.#value(atom.value)}`
          : `coalesce(u.document->>'${atom.field}' = ${this.#value(atom.value)}, false)`
      case 'matches': {
        const pattern = this.#value(likePattern(atom.texts))
        if (!isIdentity(atom.field)) return `u.user_id like ${pattern}`
        return `exists (select from jsonb_array_elements(u.document->'identities') as i where i->>'${memberOf(atom.field)}' like ${pattern})`
      }
      case 'exists':
        return `(${COLUMN[atom.field] ?? `u.document->>'${atom.field}'`} is not null)`
      case 'during': {
        const bounds = [atom.from && `${COLUMN[atom.field]} >= ${this.#value(atom.from)}`, atom.before && `${COLUMN[atom.field]} < ${this.#value(atom.before)}`]
        return `coalesce(${bounds.filter(Boolean).join(' and ') || `${COLUMN[atom.field]} is not null`}, false)`
      }
      case 'counts': {
        const { from = 0, to = Number.MAX_SAFE_INTEGER } = atom
        return `coalesce(l.logins_count between ${this.#value(from)}::bigint and ${this.#value(to)}::bigint, false)`
      }
    }
  }

  #value(value: unknown): string {
    return `$${this.values.push(value)}`
  }
}

/** The personal values that have to be opened to tell. */
export function lookedAt(filter: UserFilter): string[] {
  if (filter.kind === 'looks') return [filter.member]
  if (filter.kind === 'not') return lookedAt(filter.part)
  return filter.kind === 'and' || filter.kind === 'or' ? filter.parts.flatMap(lookedAt) : []
}

export const looksAt = (filter: UserFilter): boolean => lookedAt(filter).length > 0

/** All conditions that are neither joined from others nor looked at. */
export function atomsOf(filter: UserFilter): Atom[] {
  switch (filter.kind) {
    case 'all':
    case 'none':
    case 'looks':
      return []
    case 'and':
    case 'or':
      return filter.parts.flatMap(atomsOf)
    case 'not':
      return atomsOf(filter.part)
    case 'has':
    case 'is':
    case 'matches':
    case 'exists':
    case 'during':
    case 'counts':
      return [filter]
  }
}

const COLUMN: Readonly<Record<string, string>> = {
  user_id: 'u.user_id',
  created_at: 'u.created_at',
  updated_at: 'u.updated_at',
  last_login: 'l.last_login',
  last_password_reset: 'u.password_changed_at',
  logins_count: 'l.logins_count',
  'identities.connection': 'u.user_id',
  'identities.provider': 'u.user_id',
  'identities.user_id': 'u.user_id',
  'identities.isSocial': 'u.user_id',
}

const isIdentity = (field: string): field is IdentityField => field.startsWith('identities.')
const memberOf = (field: IdentityField): string => field.slice('identities.'.length)

function identityWith(field: IdentityField, value: string): string {
  const member = memberOf(field)
  return JSON.stringify([{ [member]: member === 'isSocial' ? value === 'true' : value }])
}
