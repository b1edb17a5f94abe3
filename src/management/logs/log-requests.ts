import { ManagementError } from '../../http/management-error.js'
import { offsetRequest, type OffsetRequest } from '../paging/page.js'
import { parseSearch } from '../search/parse-search.js'
import { type SearchQuery, SearchSyntaxError } from '../search/search-query.js'
import { integer, invalidQuery, type QueryParameters, text } from '../validation/query.js'
import { SORTABLE } from './search-fields.js'
import type { Order } from './tenant-log-rows.js'

/** What can be reached by pages; who needs more takes checkpoints (spec/logs.md §3.1). */
const MAX_ROWS = 1000
/** Before the first event. */
const START = '900'.padEnd(56, '0')
/** Characters of a search. */
const MAX_SEARCH = 8000

export interface CheckpointRead {
  readonly from: string
  readonly take: number
}

interface SearchRead {
  readonly query: SearchQuery
  readonly order: Order
  /** As asked; the rows beyond those that can be reached are not read. */
  readonly page: OffsetRequest
  readonly limit: number
}

/**
 * `from` and `take`: undefined when neither was given, which asks for a search. Collectors make up a `from` that stands for a time, so any
 * number will do. Errors: ManagementError 400.
 */
export function checkpointRead(query: QueryParameters): CheckpointRead | undefined {
  const from = text(query, 'from', { max: 200 })
  if (from === undefined && text(query, 'take') === undefined) return undefined
  if (from !== undefined && !/^\d{1,100}$/.test(from)) {
    throw new ManagementError(
      400,
      `The checkpoint ID provided in the 'from' parameter has expired or is invalid, please remove the checkpoint ID and try again`,
      'invalid_query_string',
    )
  }
  return { from: from ?? START, take: integer(query, 'take', { min: 1, max: 100 }) ?? 50 }
}

/** `q` and `search`, `sort`, `page`, `per_page`, `include_totals`. Errors: ManagementError 400, and 414 for a search that is too long. */
export function searchRead(query: QueryParameters): SearchRead {
  const page = offsetRequest(query)
  if (page.offset > MAX_ROWS) {
    throw new ManagementError(
      400,
      `You can only page through the first ${MAX_ROWS} records; use the parameters from and take for more.`,
      'invalid_query_string',
    )
  }
  return {
    query: { kind: 'and', parts: [parsed(searchText(query, 'q')), parsed(searchText(query, 'search'))] },
    order: orderOf(query),
    page,
    limit: Math.min(page.limit, MAX_ROWS - page.offset),
  }
}

/** Runs what a search may refuse only when its fields are known. Errors: ManagementError 400, and 503 for a search that takes too long. */
export async function searching<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof SearchSyntaxError) throw refused(error)
    if ((error as { code?: unknown }).code === '57014') throw tooSlow()
    throw error
  }
}

/** spec/logs.md §3.2 has an answer of its own for one that is too long. */
function searchText(query: QueryParameters, name: 'q' | 'search'): string {
  const asked = text(query, name, { max: Infinity })
  if (asked !== undefined && [...asked].length > MAX_SEARCH) throw new ManagementError(414, 'Request-URI Too Large')
  return asked ?? ''
}

function parsed(q: string): SearchQuery {
  try {
    return parseSearch(q)
  } catch (error) {
    throw error instanceof SearchSyntaxError ? refused(error) : error
  }
}

function orderOf(query: QueryParameters): Order {
  const sort = text(query, 'sort', { max: 100 }) ?? 'date:-1'
  const [, field = '', direction] = /^(\w+):(-?1)$/.exec(sort) ?? []
  const column = Object.hasOwn(SORTABLE, field) ? SORTABLE[field] : undefined
  if (column === undefined) throw invalidQuery(`String does not match pattern ^(${Object.keys(SORTABLE).join('|')}):(1|-1)$`, 'sort')
  return { column, direction: direction === '1' ? 'asc' : 'desc' }
}

const refused = (error: SearchSyntaxError): ManagementError => new ManagementError(400, error.message, 'invalid_query_string')

const tooSlow = (): ManagementError =>
  new ManagementError(
    503,
    'The query exceeded the timeout. Please try refining your search criteria. See https://auth0.com/docs/best-practices/search-best-practices.',
  )
