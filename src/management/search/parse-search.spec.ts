import { parseSearch } from './parse-search.js'
import { matchesWildcard, type SearchQuery, SearchSyntaxError } from './search-query.js'

const term = (field: string | undefined, text: string): SearchQuery => ({ kind: 'term', field, text })
const not = (part: SearchQuery): SearchQuery => ({ kind: 'not', part })
const [a, b, c] = [term('f', 'a'), term('f', 'b'), term('f', 'c')]

describe('a search', () => {
  it.each<[string, SearchQuery]>([
    ['', { kind: 'all' }],
    [' \t ', { kind: 'all' }],
    ['*', { kind: 'all' }],
    ['*:*', { kind: 'all' }],
    ['jane', term(undefined, 'jane')],
    ['email:jane+x@example.com', term('email', 'jane+x@example.com')],
    ['user_id:auth0|64ad', term('user_id', 'auth0|64ad')],
    ['user_id:"auth0\\|64ad"', term('user_id', 'auth0|64ad')],
    ['name:"jane \\"x\\" *doe"', term('name', 'jane "x" *doe')],
    ['name:jane\\ doe', term('name', 'jane doe')],
    ['name:a\\*', term('name', 'a*')],
    ['name:a&b\\&\\&c|d', term('name', 'a&b&&c|d')],
    ['name:"a||b"', term('name', 'a||b')],
    ['date:2026-01-01T10:00:00.000Z', term('date', '2026-01-01T10:00:00.000Z')],
    ['ANDREW', term(undefined, 'ANDREW')],
    ['_exists_:email', { kind: 'exists', field: 'email' }],
    ['email:*', { kind: 'exists', field: 'email' }],
    ['user_metadata.plan:gold', term('user_metadata.plan', 'gold')],
  ])('%s', (text, query) => expect(parseSearch(text)).toEqual(query))

  it.each<[string, SearchQuery]>([
    ['f:a AND f:b OR f:c', { kind: 'or', parts: [{ kind: 'and', parts: [a, b] }, c] }],
    ['f:a AND (f:b OR f:c)', { kind: 'and', parts: [a, { kind: 'or', parts: [b, c] }] }],
    ['f:(a OR b OR c)', { kind: 'or', parts: [a, b, c] }],
    ['f:("a" b)', { kind: 'or', parts: [a, b] }],
    ['f:a f:b', { kind: 'or', parts: [a, b] }],
    ['NOT f:a', not(a)],
    ['-f:a', not(a)],
    ['f:a AND NOT f:b', { kind: 'and', parts: [a, not(b)] }],
    ['f:a NOT f:b', { kind: 'and', parts: [a, not(b)] }],
    ['f:a f:b -f:c', { kind: 'and', parts: [{ kind: 'or', parts: [a, b] }, not(c)] }],
    ['f:a OR NOT f:b', { kind: 'or', parts: [a, not(b)] }],
    ['((f:a))', a],
  ])('joins: %s', (text, query) => expect(parseSearch(text)).toEqual(query))

  it.each<[string, SearchQuery]>([
    ['n:[1 TO 5]', { kind: 'range', field: 'n', from: { text: '1', inclusive: true }, to: { text: '5', inclusive: true } }],
    ['n:{1 TO 5}', { kind: 'range', field: 'n', from: { text: '1', inclusive: false }, to: { text: '5', inclusive: false } }],
    ['n:[1 TO 5}', { kind: 'range', field: 'n', from: { text: '1', inclusive: true }, to: { text: '5', inclusive: false } }],
    ['log_id:[9002 TO *]', { kind: 'range', field: 'log_id', from: { text: '9002', inclusive: true }, to: undefined }],
    ['d:[* TO "2026-01-01"]', { kind: 'range', field: 'd', from: undefined, to: { text: '2026-01-01', inclusive: true } }],
  ])('has ranges: %s', (text, query) => expect(parseSearch(text)).toEqual(query))

  it.each<[string, readonly string[]]>([
    ['name:j*', ['j', '']],
    ['name:j**', ['j', '']],
    ['name:*usa', ['', 'usa']],
    ['name:*usa*', ['', 'usa', '']],
    ['name:a*bc', ['a', 'bc']],
  ])('has wildcards: %s', (text, texts) => expect(parseSearch(text)).toEqual({ kind: 'wildcard', field: 'name', texts }))

  it.each([
    'name:*sa',
    'name:a*b',
    'name:j?ne',
    'name:jane~',
    'name:jane^2',
    'name:/j.*/',
    'name:>5',
    'name:',
    ':x',
    '_exists_:',
    '"open',
    'name:"open',
    'f:a && f:b',
    'f:a||f:b',
    'name:a&&name:b',
    '(f:a',
    'f:a)',
    '()',
    'f:()',
    'AND',
    'f:a AND',
    'OR f:a',
    'NOT',
    'f:(a g:b)',
    'n:[1 5]',
    'n:[1 TO ]',
    'n:[1 TO 5',
    '[1 TO 5]',
    'a\\',
    '('.repeat(60) + 'a' + ')'.repeat(60),
    '-'.repeat(5000) + 'a',
    'a '.repeat(501),
    'a'.repeat(8001),
  ])('refuses what it does not understand: %s', (text) => expect(() => parseSearch(text)).toThrow(SearchSyntaxError))
})

describe('a wildcard', () => {
  it.each<[readonly [string, string, ...string[]], string, boolean]>([
    [['j', ''], 'jane', true],
    [['j', ''], 'Jane', false],
    [['', 'ne'], 'jane', true],
    [['ja', 'ane'], 'jane', false],
    [['', 'an', ''], 'jane', true],
    [['', 'aa', 'aa'], 'xaaa', false],
    [['a', 'b', 'c', 'd'], 'a-b-c-d', true],
    [['a', 'c', 'b', 'd'], 'a-b-c-d', false],
  ])('%j on %s: %s', (texts, text, matches) => expect(matchesWildcard(texts, text)).toBe(matches))
})
