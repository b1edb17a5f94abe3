import { likePattern } from '../../database/like-pattern.js'
import { dateRange } from '../logs/search-dates.js'
import { parseQuery } from '../search/search-list.js'
import { type SearchQuery, SearchSyntaxError } from '../search/search-query.js'

/** What `GET /organizations/search` takes at most, as Auth0 has it. */
const MAX_FILTERS = 5

/** A condition on the row `o` of organizations, its values as parameters from $1. */
export interface OrganizationCondition {
  readonly sql: string
  readonly values: readonly unknown[]
}

/**
 * A search as SQL: `id`, `name`, `display_name`, `created_at` and `metadata.<key>` in either syntax that the other searches know; a
 * word without a field is looked for in both names. Names are found in any case. Errors: SearchSyntaxError.
 */
export function organizationCondition(q: string | undefined, parser: 'lucene' | 'scim'): OrganizationCondition {
  const values: unknown[] = []
  const writer = new Writer((value) => `$${values.push(value)}`)
  const sql = writer.write(q === undefined ? { kind: 'all' } : parseQuery(q, parser))
  return { sql, values }
}

class Writer {
  #filters = 0

  constructor(private readonly parameter: (value: unknown) => string) {}

  write(query: SearchQuery): string {
    switch (query.kind) {
      case 'all':
        return 'true'
      case 'and':
      case 'or':
        return `(${query.parts.map((part) => this.write(part)).join(` ${query.kind} `)})`
      case 'not':
        return `(${this.write(query.part)}) is not true`
      case 'exists':
        return this.#filter(() => `${this.#column(query.field).sql} is not null`)
      case 'term':
        return this.#compare(query.field, ({ sql, fold }) => `${sql} = ${this.parameter(fold(query.text))}`)
      case 'wildcard':
        return this.#compare(query.field, ({ sql, fold }) => `${sql} like ${this.parameter(likePattern(query.texts.map(fold)))}`)
      case 'range':
        return this.#filter(() => this.#created(query))
    }
  }

  #compare(field: string | undefined, condition: (column: Column) => string): string {
    if (field === 'created_at') throw new SearchSyntaxError('The field created_at takes a range such as created_at:[2026-01-01 TO *].')
    const columns = (field === undefined ? ['name', 'display_name'] : [field]).map((name) => this.#column(name))
    return this.#filter(() => `(${columns.map(condition).join(' or ')})`)
  }

  #created(query: Extract<SearchQuery, { kind: 'range' }>): string {
    if (query.field !== 'created_at') throw new SearchSyntaxError(`The field ${query.field.slice(0, 100)} takes no range.`)
    const { from, before } = dateRange(query)
    const parts = [from && `o.created_at >= ${this.parameter(from)}`, before && `o.created_at < ${this.parameter(before)}`]
    return parts.filter((part) => part !== undefined).join(' and ') || 'true'
  }

  #column(name: string): Column {
    if (name === 'id') return { sql: 'o.id', fold: (text) => text }
    if (name === 'name' || name === 'display_name') return { sql: `lower(o.document->>'${name}')`, fold: (text) => text.toLowerCase() }
    if (name === 'created_at') return { sql: 'o.created_at', fold: (text) => text }
    if (name.startsWith('metadata.')) return { sql: `(o.document->'metadata'->>${this.parameter(name.slice('metadata.'.length))})`, fold: (text) => text }
    throw new SearchSyntaxError(`The field ${name.slice(0, 100)} is not searchable.`)
  }

  #filter(write: () => string): string {
    if (++this.#filters > MAX_FILTERS) throw new SearchSyntaxError(`The query has more than ${MAX_FILTERS} filters.`)
    return write()
  }
}

interface Column {
  readonly sql: string
  /** A text as the column has it. */
  fold(text: string): string
}
