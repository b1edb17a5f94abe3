import type { TablePage } from '../../database/table-page.js'
import type { Cursors } from '../paging/cursors.js'
import { checkpointAnswer, type CheckpointRequest, checkpointRequest, placeIn } from '../paging/page.js'
import { invalidQuery, oneOf, type QueryParameters, text } from '../validation/query.js'
import { matchesDocument } from './match-document.js'
import { parseSearch } from './parse-search.js'
import { type SearchQuery, SearchSyntaxError } from './search-query.js'

/** Rows read at once; a search that finds little reads on, and holds no more than these. */
const ROWS_AT_ONCE = 200

/** Parameters of the searches for clients and APIs, beside those of pages and fields (spec/management-api.md §2.3, §2.4). */
export const SEARCH = ['q', 'parser', 'sort', 'from', 'take'] as const

export interface Searched<R> {
  /** Names the list in cursors and in the answer. */
  readonly key: string
  /** Members that a term without a field is looked for in. */
  readonly bare: readonly string[]
  readonly read: (page: TablePage) => Promise<{ readonly rows: readonly R[] }>
  /** Creation and id, which order the list. */
  readonly placeOf: (row: R) => readonly [string, string]
  /** What may be searched of a row: what the caller is shown, without secrets. */
  readonly searchable: (row: R) => object
  readonly show: (row: R) => object
}

/** A page of what matches `q`, in the order of creation. Errors: ManagementError 400. */
export async function searchList<R>(query: QueryParameters, cursors: Cursors, searched: Searched<R>): Promise<object> {
  const q = text(query, 'q', { max: 8000 }) ?? ''
  oneOf(query, 'parser', ['lucene'])
  oneOf(query, 'sort', ['created_at:1'])
  const list = `search ${searched.key} ${q}`
  const request = checkpointRequest(query, cursors, list)
  const found = await matching(parsed(q), request, searched)
  const shown = found.slice(0, request.limit)
  const next = found.length > shown.length ? cursors.write(list, placeIn(...searched.placeOf(shown.at(-1)!))) : undefined
  return checkpointAnswer(request, searched.key, shown.map(searched.show), { next })
}

/** One more than a page, where there is one. */
async function matching<R>(query: SearchQuery, request: CheckpointRequest, { read, placeOf, searchable, bare }: Searched<R>): Promise<R[]> {
  const found: R[] = []
  let after = request.after === undefined ? undefined : (JSON.parse(request.after) as [string, string])
  for (;;) {
    const { rows } = await read({ limit: ROWS_AT_ONCE, ...(after && { after }) })
    for (const row of rows) {
      if (matchesDocument(query, searchable(row), bare)) found.push(row)
      if (found.length > request.limit) return found
    }
    if (rows.length < ROWS_AT_ONCE) return found
    after = [...placeOf(rows.at(-1)!)]
  }
}

function parsed(q: string): SearchQuery {
  try {
    return parseSearch(q)
  } catch (error) {
    if (error instanceof SearchSyntaxError) throw invalidQuery(error.message, 'q')
    throw error
  }
}
