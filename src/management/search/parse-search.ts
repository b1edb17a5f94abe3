import { type Bound, type SearchQuery, SearchSyntaxError, type WildcardQuery } from './search-query.js'
import { Cursor, type Letter, textOf } from './search-words.js'

const MAX_LENGTH = 8_000
const MAX_CLAUSES = 500
const MAX_DEPTH = 50
/** An asterisk before a text can use no index, so Auth0 asks for this much to go by. */
const MIN_LITERALS = 3
const UNSUPPORTED = new Map([
  ['?', 'The wildcard ? is not supported; use *.'],
  ['~', 'Fuzzy searches (~) are not supported.'],
  ['^', 'Boosts (^) are not supported.'],
])

/**
 * Reads the part of Lucene's query syntax that Auth0's searches know: `field:value`, quoted phrases, `*`, ranges, `_exists_:field`,
 * AND, OR, NOT (also `-`), parentheses, `field:(a OR b)`. What stands side by side is joined by OR, as in Lucene. A blank text asks for all.
 * Errors: SearchSyntaxError, with a message for the caller.
 */
export function parseSearch(text: string): SearchQuery {
  if (text.length > MAX_LENGTH) throw new SearchSyntaxError(`The query is longer than ${MAX_LENGTH} characters.`)
  return new Parser(text).parse()
}

class Parser {
  readonly #cursor: Cursor
  #clauses = 0
  #depth = 0

  constructor(text: string) {
    this.#cursor = new Cursor(text)
  }

  parse(): SearchQuery {
    this.#cursor.skipBlanks()
    if (this.#cursor.done) return { kind: 'all' }
    const query = this.#or(undefined)
    if (!this.#cursor.done) throw new SearchSyntaxError(`There is an unexpected ${this.#cursor.peek} in the query.`)
    return query
  }

  #or(field: string | undefined): SearchQuery {
    const parts: { query: SearchQuery; besideOr: boolean }[] = [{ query: this.#and(field), besideOr: false }]
    for (;;) {
      this.#cursor.skipBlanks()
      const besideOr = this.#cursor.takeOperator('OR')
      if (!besideOr && this.#atEnd()) return without(parts)
      parts.at(-1)!.besideOr ||= besideOr
      parts.push({ query: this.#and(field), besideOr })
    }
  }

  #and(field: string | undefined): SearchQuery {
    const parts = [this.#not(field)]
    for (;;) {
      this.#cursor.skipBlanks()
      if (!this.#cursor.takeOperator('AND')) return join('and', parts)
      parts.push(this.#not(field))
    }
  }

  #not(field: string | undefined): SearchQuery {
    this.#cursor.skipBlanks()
    if (!this.#cursor.takeOperator('NOT') && !this.#cursor.take('-')) return this.#clause(field)
    return this.#deeper(() => ({ kind: 'not', part: this.#not(field) }))
  }

  #clause(field: string | undefined): SearchQuery {
    if (++this.#clauses > MAX_CLAUSES) throw new SearchSyntaxError(`The query has more than ${MAX_CLAUSES} clauses.`)
    if (this.#atEnd() || this.#atOperator()) throw new SearchSyntaxError('The query lacks a term before or after an operator or a parenthesis.')
    if (this.#cursor.take('(')) return this.#group(field)
    if (this.#cursor.take('"')) return { kind: 'term', field, text: this.#cursor.quoted() }
    const word = this.#cursor.word(':')
    if (!this.#cursor.take(':')) return value(field, word.concat(this.#cursor.word()), this.#cursor)
    if (field !== undefined) throw new SearchSyntaxError(`Inside ${field}:(…) no other field can be named.`)
    const [first] = word
    if (first && !first.literal && '+!'.includes(first.char)) throw new SearchSyntaxError(`${first.char} is not supported; use AND and NOT.`)
    const name = textOf(word)
    if (name === '') throw new SearchSyntaxError('A colon stands without the name of a field before it.')
    return this.#fieldClause(name)
  }

  #fieldClause(name: string): SearchQuery {
    const cursor = this.#cursor
    if (name === '_exists_') return { kind: 'exists', field: existing(cursor) }
    if (cursor.take('(')) return this.#group(name)
    if (cursor.take('"')) return { kind: 'term', field: name, text: cursor.quoted() }
    if (cursor.peek === '[' || cursor.peek === '{') return range(name, cursor)
    const word = cursor.word()
    if (word.length === 0) throw new SearchSyntaxError(`The field ${name} is given no value.`)
    return name === '*' && textOf(word) === '*' ? { kind: 'all' } : value(name, word, cursor)
  }

  #group(field: string | undefined): SearchQuery {
    const query = this.#deeper(() => this.#or(field))
    if (!this.#cursor.take(')')) throw new SearchSyntaxError('A parenthesis is not closed.')
    return query
  }

  #deeper<T>(work: () => T): T {
    if (++this.#depth > MAX_DEPTH) throw new SearchSyntaxError(`The query is nested more than ${MAX_DEPTH} deep.`)
    const result = work()
    this.#depth--
    return result
  }

  #atEnd(): boolean {
    return this.#cursor.done || this.#cursor.peek === ')'
  }

  #atOperator(): boolean {
    return this.#cursor.isAtOperator('AND') || this.#cursor.isAtOperator('OR')
  }
}

const join = (kind: 'and' | 'or', parts: readonly SearchQuery[]): SearchQuery =>
  parts.length === 1 ? parts[0]! : { kind, parts: parts.flatMap((part) => (part.kind === kind ? part.parts : [part])) }

/** Lucene: `a b` is either, but `a NOT b` is a without b. */
function without(parts: readonly { readonly query: SearchQuery; readonly besideOr: boolean }[]): SearchQuery {
  const excluded = parts.filter(({ query, besideOr }) => query.kind === 'not' && !besideOr)
  const wanted = parts.filter((part) => !excluded.includes(part))
  return join('and', [
    ...(wanted.length > 0
      ? [
          join(
            'or',
            wanted.map(({ query }) => query),
          ),
        ]
      : []),
    ...excluded.map(({ query }) => query),
  ])
}

function existing(cursor: Cursor): string {
  const name = cursor.take('"') ? cursor.quoted() : textOf(cursor.word())
  if (name === '') throw new SearchSyntaxError('_exists_ is given no field.')
  return name
}

/** A word that is not in quotes: asterisks are wildcards, and what else Lucene gives a meaning to is refused rather than taken literally. */
function value(field: string | undefined, word: readonly Letter[], cursor: Cursor): SearchQuery {
  if (word.length === 0) throw new SearchSyntaxError(`There is an unexpected ${cursor.peek} in the query.`)
  const [first] = word
  if (!first!.literal && '/<>+!'.includes(first!.char))
    throw new SearchSyntaxError(`A value cannot begin with ${first!.char}; put it in quotes, or use a range such as [a TO b].`)
  const operator = /&&|\|\|/.exec(word.map(({ char, literal }) => (literal ? ' ' : char)).join(''))?.[0]
  if (operator) throw new SearchSyntaxError(`${operator} is not supported; use AND and OR, or put the value in quotes.`)
  const texts: [string, ...string[]] = ['']
  for (const { char, literal } of word) {
    const unsupported = literal ? undefined : UNSUPPORTED.get(char)
    if (unsupported) throw new SearchSyntaxError(`${unsupported} Escape the character with a backslash or put the value in quotes to search for it.`)
    if (char === '*' && !literal) texts.push('')
    else texts[texts.length - 1] += char
  }
  return texts.length === 1 ? { kind: 'term', field, text: texts[0] } : wildcard(field, texts as unknown as WildcardQuery['texts'])
}

function wildcard(field: string | undefined, texts: WildcardQuery['texts']): SearchQuery {
  const literals = texts.join('').length
  if (literals === 0) return field === undefined ? { kind: 'all' } : { kind: 'exists', field }
  const isPrefix = texts[0] !== '' && texts.slice(1).every((text) => text === '')
  if (!isPrefix && literals < MIN_LITERALS)
    throw new SearchSyntaxError(`A wildcard that is not at the end needs at least ${MIN_LITERALS} other characters beside it.`)
  // Asterisks in a row say no more than one.
  return { kind: 'wildcard', field, texts: texts.filter((text, n) => text !== '' || n === 0 || n === texts.length - 1) as unknown as WildcardQuery['texts'] }
}

function range(field: string, cursor: Cursor): SearchQuery {
  const from = bound(cursor, cursor.take('[') || !cursor.take('{'))
  cursor.skipBlanks()
  if (!cursor.takeOperator('TO')) throw new SearchSyntaxError(`The range of ${field} lacks its TO.`)
  const to = bound(cursor, true)
  cursor.skipBlanks()
  if (cursor.take(']')) return { kind: 'range', field, from, to }
  if (cursor.take('}')) return { kind: 'range', field, from, to: to && { ...to, inclusive: false } }
  throw new SearchSyntaxError(`The range of ${field} is not closed.`)
}

function bound(cursor: Cursor, inclusive: boolean): Bound | undefined {
  cursor.skipBlanks()
  if (cursor.take('"')) return { text: cursor.quoted(), inclusive }
  const text = textOf(cursor.word())
  if (text === '') throw new SearchSyntaxError('A range lacks one of its ends.')
  return text === '*' ? undefined : { text, inclusive }
}
