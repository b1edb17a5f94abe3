/** What `q` asks for (spec/management-api.md §2.7, spec/logs.md §3.2). A term without a field is one that several fields may match. */
export type SearchQuery =
  | { readonly kind: 'all' }
  | { readonly kind: 'and' | 'or'; readonly parts: readonly SearchQuery[] }
  | { readonly kind: 'not'; readonly part: SearchQuery }
  | { readonly kind: 'exists'; readonly field: string }
  | { readonly kind: 'term'; readonly field: string | undefined; readonly text: string }
  | WildcardQuery
  | RangeQuery

/** The texts between the asterisks, at least two: `a*` is ['a', ''], `*a` is ['', 'a']. */
export interface WildcardQuery {
  readonly kind: 'wildcard'
  readonly field: string | undefined
  readonly texts: readonly [string, string, ...string[]]
}

/** A side that is undefined is open. */
export interface RangeQuery {
  readonly kind: 'range'
  readonly field: string
  readonly from: Bound | undefined
  readonly to: Bound | undefined
}

export interface Bound {
  readonly text: string
  readonly inclusive: boolean
}

/** The query is not in the part of Lucene's syntax that is understood. The message is for the caller. */
export class SearchSyntaxError extends Error {}

/** Whether a text matches, as a whole. */
export function matchesWildcard(texts: WildcardQuery['texts'], text: string): boolean {
  const [first, last] = [texts[0], texts.at(-1)!]
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false
  let from = first.length
  const end = text.length - last.length
  for (const inner of texts.slice(1, -1)) {
    const at = text.indexOf(inner, from)
    if (at < 0 || at + inner.length > end) return false
    from = at + inner.length
  }
  return true
}
