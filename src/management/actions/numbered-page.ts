import { integer, invalidQuery, type QueryParameters } from '../validation/query.js'

/** The lists of Actions have pages by number alone (spec/management-api.md §1.7). */
interface NumberedRequest {
  readonly page: number
  readonly offset: number
  readonly limit: number
}

const PER_PAGE = 20
const MAX_PER_PAGE = 100

/** Errors: ManagementError 400, also for `include_totals`, which these lists do not know. */
export function numberedRequest(query: QueryParameters): NumberedRequest {
  if (Object.hasOwn(query, 'include_totals')) throw invalidQuery('Additional properties not allowed: include_totals', 'include_totals')
  const limit = integer(query, 'per_page', { min: 1, max: MAX_PER_PAGE }) ?? PER_PAGE
  const page = integer(query, 'page', { min: 0, max: 10_000_000 }) ?? 0
  return { page, limit, offset: page * limit }
}

export const numberedAnswer = ({ page, limit }: NumberedRequest, key: string, items: readonly object[], total: number): object => ({
  [key]: items,
  total,
  page,
  per_page: limit,
})
