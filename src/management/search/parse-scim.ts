import { type SearchQuery, SearchSyntaxError } from './search-query.js'

const MAX_LENGTH = 8_000
const MAX_FILTERS = 500
const MAX_DEPTH = 50

/** A parenthesis, a text in quotes, or a word. */
const TOKEN = /\s*(?:([()])|("(?:[^"\\]|\\.)*")|([^\s()"]+))/y
const ATTRIBUTE = /^[A-Za-z_$][\w.$-]*$/
const LITERAL = /^(true|false|-?\d+(\.\d+)?)$/

/**
 * Reads a SCIM filter (RFC 7644 §3.4.2.2): `name eq "a" and (not (b pr) or c.d sw "x")`, with the operators eq ne co sw ew pr gt ge lt le. A blank
 * text asks for all. Errors: SearchSyntaxError, with a message for the caller.
 */
export function parseScim(text: string): SearchQuery {
  if (text.length > MAX_LENGTH) throw new SearchSyntaxError(`The query is longer than ${MAX_LENGTH} characters.`)
  return new Parser(tokensOf(text.trim())).parse()
}

function tokensOf(text: string): string[] {
  const tokens: string[] = []
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < text.length) {
    const [, parenthesis, quoted, word] = TOKEN.exec(text) ?? []
    const token = parenthesis ?? quoted ?? word
    if (token === undefined) throw new SearchSyntaxError('A text in quotes is not closed.')
    tokens.push(token)
  }
  return tokens
}

class Parser {
  #at = 0
  #filters = 0
  #depth = 0

  constructor(private readonly tokens: readonly string[]) {}

  parse(): SearchQuery {
    if (this.tokens.length === 0) return { kind: 'all' }
    const query = this.#or()
    if (this.#at < this.tokens.length) throw new SearchSyntaxError(`There is an unexpected ${this.tokens[this.#at]!.slice(0, 100)} in the query.`)
    return query
  }

  #or(): SearchQuery {
    const parts = [this.#and()]
    while (this.#take('or')) parts.push(this.#and())
    return parts.length === 1 ? parts[0]! : { kind: 'or', parts }
  }

  #and(): SearchQuery {
    const parts = [this.#part()]
    while (this.#take('and')) parts.push(this.#part())
    return parts.length === 1 ? parts[0]! : { kind: 'and', parts }
  }

  #part(): SearchQuery {
    const negated = this.#take('not')
    if (!negated && !this.#take('(')) return this.#filter()
    if (negated && !this.#take('(')) throw new SearchSyntaxError('not is followed by a parenthesis.')
    if (++this.#depth > MAX_DEPTH) throw new SearchSyntaxError(`The query is nested more than ${MAX_DEPTH} deep.`)
    const part = this.#or()
    if (!this.#take(')')) throw new SearchSyntaxError('A parenthesis is not closed.')
    this.#depth--
    return negated ? { kind: 'not', part } : part
  }

  #filter(): SearchQuery {
    if (++this.#filters > MAX_FILTERS) throw new SearchSyntaxError(`The query has more than ${MAX_FILTERS} clauses.`)
    const [field, operator] = [this.#next(), this.#next().toLowerCase()]
    if (!ATTRIBUTE.test(field)) throw new SearchSyntaxError(`${field.slice(0, 100)} is no name of a field.`)
    if (operator === 'pr') return { kind: 'exists', field }
    const text = valueOf(this.#next())
    switch (operator) {
      case 'eq':
        return { kind: 'term', field, text }
      case 'ne':
        return { kind: 'not', part: { kind: 'term', field, text } }
      case 'co':
        return { kind: 'wildcard', field, texts: ['', text, ''] }
      case 'sw':
        return { kind: 'wildcard', field, texts: [text, ''] }
      case 'ew':
        return { kind: 'wildcard', field, texts: ['', text] }
      case 'gt':
      case 'ge':
        return { kind: 'range', field, from: { text, inclusive: operator === 'ge' }, to: undefined }
      case 'lt':
      case 'le':
        return { kind: 'range', field, from: undefined, to: { text, inclusive: operator === 'le' } }
    }
    throw new SearchSyntaxError(`${operator.slice(0, 100)} is no operator.`)
  }

  #next(): string {
    const token = this.tokens[this.#at++]
    if (token === undefined || token === '(' || token === ')') throw new SearchSyntaxError('A filter lacks its field, its operator or its value.')
    return token
  }

  /** Words are taken in any case. */
  #take(token: string): boolean {
    if (this.tokens[this.#at]?.toLowerCase() !== token) return false
    this.#at++
    return true
  }
}

/** A JSON text, number or flag. */
function valueOf(token: string): string {
  if (!token.startsWith('"')) {
    if (!LITERAL.test(token)) throw new SearchSyntaxError(`The value ${token.slice(0, 100)} stands without quotes.`)
    return token
  }
  let text: string
  try {
    text = JSON.parse(token) as string
  } catch {
    throw new SearchSyntaxError('A text in quotes has an unknown escape.')
  }
  // An escape may stand for what the database cannot hold.
  if (/\0|\p{Cs}/u.test(text)) throw new SearchSyntaxError('A text in quotes has unreadable characters.')
  return text
}
