import type { TablePage } from '../../database/table-page.js'
import { flag, integer, type QueryParameters, text } from '../validation/query.js'
import type { Cursors } from './cursors.js'

/** What part of a list was asked for, and how the answer is shaped (spec/management-api.md §1.7). */
type PageRequest = OffsetRequest | CheckpointRequest

export interface OffsetRequest {
  readonly style: 'offset'
  readonly offset: number
  readonly limit: number
  readonly totals: boolean
}

export interface CheckpointRequest {
  readonly style: 'checkpoint'
  /** The list goes on after this; undefined at its beginning. */
  readonly after: string | undefined
  readonly limit: number
  readonly totals: boolean
}

/** Rows of a page with the number of all rows, of one snapshot. A checkpoint page is read with one row more than `limit`, to know whether it is the last. */
export interface Rows<R> {
  readonly rows: readonly R[]
  readonly total: number
}

/** `page`, `per_page` and `include_totals`. Errors: ManagementError 400. */
export function offsetRequest(query: QueryParameters, { perPage = 50, maxPerPage = 100, maxPage = 10_000_000 } = {}): OffsetRequest {
  const limit = integer(query, 'per_page', { min: 0, max: maxPerPage }) ?? perPage
  const page = integer(query, 'page', { min: 0, max: maxPage }) ?? 0
  return { style: 'offset', offset: page * limit, limit, totals: flag(query, 'include_totals') ?? false }
}

/** `from` and `take`; `per_page` counts as `take`. Errors: ManagementError 400. */
export function checkpointRequest(query: QueryParameters, cursors: Cursors, list: string, { maxTake = 100 } = {}): CheckpointRequest {
  const from = text(query, 'from', { max: 2000 })
  const limit = integer(query, 'take', { min: 1, max: maxTake }) ?? integer(query, 'per_page', { min: 1, max: maxTake }) ?? 50
  return { style: 'checkpoint', after: from === undefined ? undefined : cursors.read(list, from), limit, totals: flag(query, 'include_totals') ?? false }
}

/** For lists that know both styles: `from` or `take` asks for checkpoints. Errors: ManagementError 400. */
export function pageRequest(query: QueryParameters, cursors: Cursors, list: string, options: { maxTake?: number; maxPage?: number } = {}): PageRequest {
  const checkpoint = text(query, 'from', { max: 2000 }) !== undefined || text(query, 'take') !== undefined
  return checkpoint ? checkpointRequest(query, cursors, list, options) : offsetRequest(query, options)
}

/** A bare array, or with totals `{start, limit, total, <key>}`. */
export function offsetAnswer(request: OffsetRequest, key: string, items: readonly object[], total: number): object {
  if (!request.totals) return items
  return { start: request.offset, limit: request.limit, total, [key]: items }
}

/** `{<key>, next}`; `next` is absent on the last page. `hasMore`: rows follow after `last`, the place of the last item. */
export function checkpointAnswer(
  request: CheckpointRequest,
  key: string,
  items: readonly object[],
  { next, total }: { next?: string | undefined; total?: number | undefined },
): object {
  return { [key]: items, ...(next !== undefined && { next }), ...(request.totals && total !== undefined && { total }) }
}

/**
 * The answer to either style. `rows` were read with `limit + 1` for checkpoints; `placeOf` is what the list is ordered by, `show` a row as
 * it is answered.
 */
export function pageAnswer<R>(
  request: PageRequest,
  key: string,
  { rows, total }: Rows<R>,
  { cursors, list, placeOf, show }: { cursors: Cursors; list: string; placeOf: (row: R) => string; show: (row: R) => object },
): object {
  const shown = rows.slice(0, request.limit)
  const items = shown.map(show)
  if (request.style === 'offset') return offsetAnswer(request, key, items, total)
  const next = rows.length > request.limit ? cursors.write(list, placeOf(shown.at(-1)!)) : undefined
  return checkpointAnswer(request, key, items, { next, total })
}

/** The part of a table that a request asks for; checkpoint pages bring one row more. Errors: none. */
export function tablePage(request: PageRequest): TablePage {
  if (request.style === 'offset') return { offset: request.offset, limit: request.limit }
  return { limit: request.limit + 1, ...(request.after !== undefined && { after: JSON.parse(request.after) as [string, string] }) }
}

/** A row's place in a table that is ordered by creation. */
export const placeIn = (createdAt: string, id: string): string => JSON.stringify([createdAt, id])
