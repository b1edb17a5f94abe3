import { parseScim } from './parse-scim.js'
import { type SearchQuery, SearchSyntaxError } from './search-query.js'

const term = (field: string, text: string): SearchQuery => ({ kind: 'term', field, text })
const [a, b, c] = [term('f', 'a'), term('f', 'b'), term('f', 'c')]

describe('a SCIM filter', () => {
  it.each<[string, SearchQuery]>([
    ['', { kind: 'all' }],
    ['name eq "Auth0"', term('name', 'Auth0')],
    ['name EQ "say \\"hi\\" \\u0041"', term('name', 'say "hi" A')],
    ['token_lifetime eq 3600', term('token_lifetime', '3600')],
    ['name ne "a"', { kind: 'not', part: term('name', 'a') }],
    ['display_name sw "auth"', { kind: 'wildcard', field: 'display_name', texts: ['auth', ''] }],
    ['name ew "th*"', { kind: 'wildcard', field: 'name', texts: ['', 'th*'] }],
    ['name co "ut"', { kind: 'wildcard', field: 'name', texts: ['', 'ut', ''] }],
    ['metadata.plan pr', { kind: 'exists', field: 'metadata.plan' }],
    ['created_at gt "2024-01-01"', { kind: 'range', field: 'created_at', from: { text: '2024-01-01', inclusive: false }, to: undefined }],
    ['created_at le "2024-01-01"', { kind: 'range', field: 'created_at', from: undefined, to: { text: '2024-01-01', inclusive: true } }],
    [
      'f eq "a" or f eq "b" and f eq "c"',
      {
        kind: 'or',
        parts: [a, { kind: 'and', parts: [b, c] }],
      },
    ],
    [
      '(f eq "a" OR f eq "b")and not (f eq "c")',
      {
        kind: 'and',
        parts: [
          { kind: 'or', parts: [a, b] },
          { kind: 'not', part: c },
        ],
      },
    ],
  ])('%s', (text, query) => expect(parseScim(text)).toEqual(query))

  it.each([
    'name',
    'name eq',
    'name eq Auth0',
    'name eq "a',
    'name is "a"',
    '"name" eq "a"',
    'not name eq "a"',
    '(name eq "a"',
    'name eq "a")',
    'name eq "a" name eq "b"',
    'name eq "a" and',
    'name eq "\\u0000"',
    'name eq "\\ud800"',
    'name eq "\\x"',
  ])('%s is refused', (text) => expect(() => parseScim(text)).toThrow(SearchSyntaxError))

  it('has limits', () => {
    for (const text of ['('.repeat(60), 'x'.repeat(8001), Array.from({ length: 501 }, () => 'a pr').join(' or ')])
      expect(() => parseScim(text)).toThrow(SearchSyntaxError)
  })
})
