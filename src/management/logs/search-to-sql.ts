import { likePattern } from '../../database/like-pattern.js'
import { type RangeQuery, type SearchQuery, SearchSyntaxError, type WildcardQuery } from '../search/search-query.js'
import { alternativesOf } from './search-alternatives.js'
import { dateRange } from './search-dates.js'
import { BARE_CLEAR_FIELDS, BARE_FIELDS, type SearchField, searchField, whyUnsearchable } from './search-fields.js'

/** Conditions on the row `l` of which it meets one at most, their values as parameters from $1. */
export interface Condition {
  readonly alternatives: readonly string[]
  readonly values: readonly unknown[]
}

/** The keyed hashes that a personal value is found by: its own, and for a name also those that users are found by. */
export interface Lookups {
  ip(value: string): Promise<Buffer>
  userAgent(value: string): Promise<Buffer>
  userName(value: string): Promise<{ readonly typed: Buffer; readonly email: Buffer; readonly username: Buffer; readonly phoneNumber: Buffer }>
}

/** A search as SQL (spec/logs.md §3.2). A field that the log does not have matches nothing, as in Lucene. Errors: SearchSyntaxError. */
export async function searchToSql(query: SearchQuery, lookups: Lookups): Promise<Condition> {
  const values: unknown[] = []
  const writer = new Writer(lookups, (value) => `$${values.push(value)}`)
  const alternatives: string[] = []
  for (const alternative of alternativesOf(query)) alternatives.push(await writer.write(alternative))
  return { alternatives, values }
}

class Writer {
  constructor(
    private readonly lookups: Lookups,
    private readonly parameter: (value: unknown) => string,
  ) {}

  async write(query: SearchQuery): Promise<string> {
    switch (query.kind) {
      case 'all':
        return 'true'
      case 'and':
      case 'or': {
        const parts: string[] = []
        for (const part of query.parts) parts.push(await this.write(part))
        return `(${parts.join(` ${query.kind} `)})`
      }
      case 'not':
        // A row without the field is a row that does not have the value.
        return `(${await this.write(query.part)}) is not true`
      case 'exists':
        return this.#exists(query.field)
      case 'term':
        return query.field === undefined ? this.#anyOf(BARE_FIELDS.map((name) => this.#term(name, query.text))) : this.#term(query.field, query.text)
      case 'wildcard':
        return query.field === undefined
          ? this.#anyOf(BARE_CLEAR_FIELDS.map((name) => this.#wildcard(name, query.texts)))
          : this.#wildcard(query.field, query.texts)
      case 'range':
        return this.#range(query)
    }
  }

  async #anyOf(conditions: readonly (string | Promise<string>)[]): Promise<string> {
    const parts: string[] = []
    for (const condition of conditions) parts.push(await condition)
    return `(${parts.join(' or ')})`
  }

  #exists(name: string): string {
    const field = searchField(name)
    if (!field) return this.#detail(name, (column) => `${column} is not null`)
    switch (field.kind) {
      case 'text':
        return `${field.column} is not null`
      case 'date':
        return 'true'
      case 'named':
      case 'personal':
        return field.exists
    }
  }

  async #term(name: string, text: string): Promise<string> {
    const field = searchField(name)
    if (!field) return this.#detail(name, (column) => `${column} = ${this.parameter(text)}`)
    switch (field.kind) {
      case 'date':
        return this.#dates({ kind: 'range', field: name, from: { text, inclusive: true }, to: { text, inclusive: true } })
      case 'personal':
        return this.#personal(field, text)
      case 'text':
      case 'named':
        return compare(field, (column) => `${column} = ${this.parameter(text)}`)
    }
  }

  #wildcard(name: string, texts: WildcardQuery['texts']): string {
    const like = (column: string): string => `${column} like ${this.parameter(likePattern(texts))}`
    const field = searchField(name)
    if (!field) return this.#detail(name, like)
    switch (field.kind) {
      case 'date':
        throw new SearchSyntaxError('The field date takes a day, a month, a time or a range such as date:[2026-01-01 TO *], and no wildcard.')
      case 'personal':
        throw wholeValuesOnly(name)
      case 'text':
      case 'named':
        return compare(field, like)
    }
  }

  #range(query: RangeQuery): string {
    const { from, to } = query
    const within = (column: string): string =>
      [from && `${column} >${from.inclusive ? '=' : ''} ${this.parameter(from.text)}`, to && `${column} <${to.inclusive ? '=' : ''} ${this.parameter(to.text)}`]
        .filter((part) => part !== undefined)
        .join(' and ') || `${column} is not null`
    const field = searchField(query.field)
    if (!field) return this.#detail(query.field, within)
    switch (field.kind) {
      case 'date':
        return this.#dates(query)
      case 'personal':
        throw wholeValuesOnly(query.field)
      case 'text':
      case 'named':
        return compare(field, (column) => `(${within(column)})`)
    }
  }

  #dates(query: RangeQuery): string {
    const { from, before } = dateRange(query)
    const parts = [from && `l.date >= ${this.parameter(from)}`, before && `l.date < ${this.parameter(before)}`].filter((part) => part !== undefined)
    return parts.length === 0 ? 'true' : `(${parts.join(' and ')})`
  }

  async #personal({ lookup }: Extract<SearchField, { kind: 'personal' }>, text: string): Promise<string> {
    if (lookup === 'ip') return `l.ip_lookup = ${this.parameter(await this.lookups.ip(text))}`
    if (lookup === 'user_agent') return `l.user_agent_lookup = ${this.parameter(await this.lookups.userAgent(text))}`
    const { typed, email, username, phoneNumber } = await this.lookups.userName(text)
    const users = `email_lookup = ${this.parameter(email)} or username_lookup = ${this.parameter(username)} or phone_lookup = ${this.parameter(phoneNumber)}`
    const same = 'exists (select from users u where u.user_id = l.user_id and u.created_at <= l.date)'
    return `(l.user_name_lookup = ${this.parameter(typed)} or (l.user_id in (select user_id from users where ${users}) and ${same}))`
  }

  #detail(name: string, condition: (column: string) => string): string {
    const refused = whyUnsearchable(name)
    if (refused !== undefined) throw new SearchSyntaxError(refused)
    const [root, ...path] = name.split('.')
    if (root !== 'details' || path.length === 0) return 'false'
    return condition(`(l.details #>> ${this.parameter(path)}) collate "C"`)
  }
}

const compare = (field: Extract<SearchField, { kind: 'text' | 'named' }>, condition: (column: string) => string): string =>
  field.kind === 'text' ? condition(field.column) : field.sql.replace('$', () => condition(`(${field.column}) collate "C"`))

const wholeValuesOnly = (name: string): SearchSyntaxError =>
  new SearchSyntaxError(`The field ${name} identifies people and is stored encrypted: search it by a whole value, such as ${name}:"…".`)
