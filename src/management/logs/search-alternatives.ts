import type { SearchQuery } from '../search/search-query.js'
import { searchField } from './search-fields.js'

/** Each is planned for itself; beyond these, planning would take longer than reading saves. */
const MOST = 12

/**
 * A search as searches of which no event meets two, together the same: `a AND type:(f OR fp)` as `a AND type:f` and `a AND type:fp`. An index holds
 * the events of one value in the order of time, those of several values it does not.
 */
export function alternativesOf(query: SearchQuery): readonly SearchQuery[] {
  if (query.kind === 'or') return isOneField(query.parts) ? query.parts : [query]
  if (query.kind !== 'and') return [query]
  const { parts } = query
  const at = parts.findIndex((part) => alternativesOf(part).length > 1)
  if (at < 0) return [query]
  return alternativesOf(parts[at]!).map((alternative) => ({ kind: 'and', parts: parts.map((part, n) => (n === at ? alternative : part)) }))
}

/** Whether these are different values of a field that has one value. */
function isOneField(parts: readonly SearchQuery[]): boolean {
  const [first] = parts
  if (first?.kind !== 'term' || first.field === undefined || searchField(first.field)?.kind !== 'text' || parts.length > MOST) return false
  const texts = parts.map((part) => (part.kind === 'term' && part.field === first.field ? part.text : undefined))
  return !texts.includes(undefined) && new Set(texts).size === texts.length
}
