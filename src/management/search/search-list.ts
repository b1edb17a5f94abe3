import type { TablePage } from '../../database/table-page.js'
import type { Cursors } from '../paging/cursors.js'
import { checkpointAnswer, type CheckpointRequest, checkpointRequest } from '../paging/page.js'
import { invalidQuery, oneOf, type QueryParameters, text } from '../validation/query.js'
import { matchesDocument } from './match-document.js'
import { parseScim } from './parse-scim.js'
import { parseSearch } from './parse-search.js'
import { type SearchQuery, SearchSyntaxError } from './search-query.js'

/** Rows read at once; a search that finds little reads on, and holds no more than these. */
const ROWS_AT_ONCE = 200

/** Parameters of the searches for clients and APIs, beside those of pages and fields (spec/management-api.md §2.3, §2.4). */
export const SEARCH = ['q', 'parser', 'sort', 'from', 'take'] as const

interface Searched<R> {
  /** Names the list in cursors and in the answer. */
  readonly key: string
  /** Members that a term without a field is looked for in. */
  readonly bare: readonly string[]
  /** What `sort` may name, with the text that it means of a row; without it rows come in the order of their creation. */
  readonly sorts: Readonly<Record<string, (row: R) => string>>
  readonly read: (page: TablePage) => Promise<{ readonly rows: readonly R[] }>
  /** Creation and id, which order the list. */
  readonly placeOf: (row: R) => readonly [string, string]
  /** What may be searched of a row: what the caller is shown, without secrets. */
  readonly searchable: (row: R) => object
  readonly show: (row: R) => object
}

/** A page of what matches `q`, in the order of creation or by `sort`. Errors: ManagementError 400. */
export async function searchList<R>(query: QueryParameters, cursors: Cursors, searched: Searched<R>): Promise<object> {
  const q = text(query, 'q', { max: 8000 }) ?? ''
  const parser = parserOf(query)
  const sort = oneOf(query, 'sort', ['created_at', 'created_at:1', ...Object.keys(searched.sorts)]) ?? 'created_at'
  const order = searched.sorts[sort]
  const list = `search ${searched.key} ${sort} ${parser} ${q}`
  const request = checkpointRequest(query, cursors, list)
  const wanted = parsed(q, parser)
  const found = order ? await sorted(wanted, request, searched, order) : await matching(wanted, request, searched)
  const shown = found.slice(0, request.limit)
  const last = found.length > shown.length ? shown.at(-1) : undefined
  const next = last && cursors.write(list, JSON.stringify(order ? [order(last), searched.placeOf(last)[1]] : searched.placeOf(last)))
  return checkpointAnswer(request, searched.key, shown.map(searched.show), { next })
}

/** One more than a page, where there is one. */
async function matching<R>(query: SearchQuery, request: CheckpointRequest, searched: Searched<R>): Promise<R[]> {
  const found: R[] = []
  for await (const row of matches(query, searched, placeOf(request))) {
    found.push(row)
    if (found.length > request.limit) break
  }
  return found
}

/** As `matching`, in an order for which there is no index: all rows are read, and those of one page kept. */
async function sorted<R>(query: SearchQuery, request: CheckpointRequest, searched: Searched<R>, order: (row: R) => string): Promise<R[]> {
  const after = placeOf(request)
  const place = (row: R): readonly [string, string] => [order(row), searched.placeOf(row)[1]]
  let kept: R[] = []
  for await (const row of matches(query, searched)) {
    if (after && compare(place(row), after) <= 0) continue
    kept.push(row)
    if (kept.length > ROWS_AT_ONCE) kept = first(kept)
  }
  return first(kept)

  function first(rows: readonly R[]): R[] {
    return [...rows].sort((a, b) => compare(place(a), place(b))).slice(0, request.limit + 1)
  }
}

/** Rows that match, in the order of their creation. */
async function* matches<R>(query: SearchQuery, { read, placeOf: creation, searchable, bare }: Searched<R>, from?: [string, string]): AsyncGenerator<R> {
  let after = from
  for (;;) {
    const { rows } = await read({ limit: ROWS_AT_ONCE, ...(after && { after }) })
    for (const row of rows) if (matchesDocument(query, searchable(row), bare)) yield row
    if (rows.length < ROWS_AT_ONCE) return
    after = [...creation(rows.at(-1)!)]
  }
}

const placeOf = ({ after }: CheckpointRequest): [string, string] | undefined => (after === undefined ? undefined : (JSON.parse(after) as [string, string]))

function compare(a: readonly [string, string], b: readonly [string, string]): number {
  const n = a[0] === b[0] ? 1 : 0
  return a[n] < b[n] ? -1 : a[n] === b[n] ? 0 : 1
}

/** The language of `q`. */
export const parserOf = (query: QueryParameters): 'lucene' | 'scim' => oneOf(query, 'parser', ['lucene', 'scim']) ?? 'lucene'

/** What `q` asks for in either language. Errors: SearchSyntaxError. */
export const parseQuery = (q: string, parser: 'lucene' | 'scim'): SearchQuery => (parser === 'scim' ? parseScim(q) : parseSearch(q))

function parsed(q: string, parser: 'lucene' | 'scim'): SearchQuery {
  try {
    return parseQuery(q, parser)
  } catch (error) {
    if (error instanceof SearchSyntaxError) throw invalidQuery(error.message, 'q')
    throw error
  }
}
