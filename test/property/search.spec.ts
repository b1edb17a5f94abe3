import fc from 'fast-check'
import { parseSearch } from '../../src/management/search/parse-search.js'
import { type Bound, matchesWildcard, type SearchQuery, SearchSyntaxError, type WildcardQuery } from '../../src/management/search/search-query.js'

const word = fc.string({ unit: fc.constantFrom(...'abcXYZ019 :"\\*?()[]{}~^-+/|@.é😀'.split('')), minLength: 1, maxLength: 8 })
const field = fc.constantFrom('email', 'name', 'user_metadata.plan', 'identities.connection')
const bound = fc.option(
  word.map((text): Bound => ({ text, inclusive: true })),
  { nil: undefined },
)
const leaf: fc.Arbitrary<SearchQuery> = fc.oneof(
  fc.record({ kind: fc.constant('term' as const), field: fc.option(field, { nil: undefined }), text: word }),
  fc.record({ kind: fc.constant('exists' as const), field }),
  fc.record({ kind: fc.constant('wildcard' as const), field, texts: fc.tuple(word, fc.constant('')) }),
  fc.record({ kind: fc.constant('range' as const), field, from: bound, to: bound }),
)
const { query } = fc.letrec<{ query: SearchQuery }>((tie) => ({
  query: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'query' },
    leaf,
    fc.record({
      kind: fc.constantFrom('and' as const, 'or' as const),
      parts: fc.array(tie('query'), { minLength: 2, maxLength: 3, depthIdentifier: 'query' }),
    }),
    fc.record({ kind: fc.constant('not' as const), part: tie('query') }),
  ),
}))

const quoted = (text: string): string => `"${text.replaceAll(/["\\]/g, '\\$&')}"`
const escaped = (text: string): string => text.replaceAll(/[^a-z]/gu, '\\$&')

function print(asked: SearchQuery): string {
  switch (asked.kind) {
    case 'all':
      return '*'
    case 'and':
    case 'or':
      return `(${asked.parts.map(print).join(` ${asked.kind.toUpperCase()} `)})`
    case 'not':
      return `NOT ${print(asked.part)}`
    case 'exists':
      return `_exists_:${asked.field}`
    case 'term':
      return asked.field === undefined ? quoted(asked.text) : `${asked.field}:${quoted(asked.text)}`
    case 'wildcard':
      return `${asked.field}:${asked.texts.map(escaped).join('*')}`
    case 'range':
      return `${asked.field}:[${asked.from ? quoted(asked.from.text) : '*'} TO ${asked.to ? quoted(asked.to.text) : '*'}]`
  }
}

/** As the parser joins nested parts of one kind. */
function flat(asked: SearchQuery): SearchQuery {
  if (asked.kind === 'not') return { kind: 'not', part: flat(asked.part) }
  if (asked.kind !== 'and' && asked.kind !== 'or') return asked
  return { kind: asked.kind, parts: asked.parts.map(flat).flatMap((part) => (part.kind === asked.kind ? part.parts : [part])) }
}

describe('the search parser', () => {
  it('reads back whatever query was written down', () => {
    fc.assert(
      fc.property(query, (asked) => {
        expect(parseSearch(print(asked))).toEqual(flat(asked))
      }),
      { numRuns: 1000 },
    )
  })

  it('answers or refuses any text, and does nothing else', () => {
    const piece = fc.constantFrom(
      'a',
      ':',
      ' ',
      '(',
      ')',
      '[',
      ']',
      '{',
      '}',
      '"',
      '\\',
      '*',
      '?',
      '-',
      ' AND ',
      ' OR ',
      ' NOT ',
      ' TO ',
      '_exists_',
      '\0',
      '\ud800',
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join('')),
        ),
        (text) => {
          try {
            parseSearch(text)
          } catch (error) {
            expect(error).toBeInstanceOf(SearchSyntaxError)
          }
        },
      ),
      { numRuns: 3000 },
    )
  })

  it('matches wildcards as a regular expression would', () => {
    const texts = fc.array(fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 3 }), { minLength: 2, maxLength: 5 })
    fc.assert(
      fc.property(texts, fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 8 }), (parts, text) => {
        expect(matchesWildcard(parts as unknown as WildcardQuery['texts'], text)).toBe(new RegExp(`^${parts.join('[ab]*')}$`).test(text))
      }),
      { numRuns: 2000 },
    )
  })
})
