import { matchesWildcard, type RangeQuery, type SearchQuery } from './search-query.js'

/** Whether a JSON document is what a search asks for. Texts compare as they are; a list matches by any of its items. A term without a field may stand in any of `bare`. */
export function matchesDocument(query: SearchQuery, document: object, bare: readonly string[]): boolean {
  switch (query.kind) {
    case 'all':
      return true
    case 'and':
      return query.parts.every((part) => matchesDocument(part, document, bare))
    case 'or':
      return query.parts.some((part) => matchesDocument(part, document, bare))
    case 'not':
      return !matchesDocument(query.part, document, bare)
    case 'exists':
      return valuesAt(document, query.field).length > 0
    case 'term':
      return anywhere(document, query.field, bare, (value) => String(value) === query.text)
    case 'wildcard':
      return anywhere(document, query.field, bare, (value) => matchesWildcard(query.texts, String(value)))
    case 'range':
      return valuesAt(document, query.field).some((value) => within(value, query))
  }
}

type Value = string | number | boolean

const anywhere = (document: object, field: string | undefined, bare: readonly string[], matches: (value: Value) => boolean): boolean =>
  (field === undefined ? bare : [field]).some((name) => valuesAt(document, name).some(matches))

/** The texts, numbers and flags at a path such as `scopes.value`. */
function valuesAt(document: unknown, path: string): Value[] {
  let found: unknown[] = [document]
  for (const name of path.split('.')) {
    found = found.flat().flatMap((at) => (typeof at === 'object' && at !== null && Object.hasOwn(at, name) ? [(at as Record<string, unknown>)[name]] : []))
  }
  return found.flat().filter((value): value is Value => ['string', 'number', 'boolean'].includes(typeof value))
}

function within(value: Value, { from, to }: RangeQuery): boolean {
  const compare = (bound: string): number => {
    const [left, right] = typeof value === 'number' ? [value, Number(bound)] : [String(value), bound]
    return left < right ? -1 : left > right ? 1 : 0
  }
  const above = from === undefined || compare(from.text) > 0 || (from.inclusive && compare(from.text) === 0)
  return above && (to === undefined || compare(to.text) < 0 || (to.inclusive && compare(to.text) === 0))
}
