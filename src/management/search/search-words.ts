import { SearchSyntaxError } from './search-query.js'

/** A character of the query; `literal` when a backslash or quotes take its meaning away. */
export interface Letter {
  readonly char: string
  readonly literal: boolean
}

const BLANK = /\s/
/** End a word that is not escaped. */
const PUNCTUATION = new Set(['(', ')', '[', ']', '{', '}', '"'])

/** Walks over the text of a query. */
export class Cursor {
  #at = 0

  constructor(private readonly text: string) {}

  get peek(): string {
    return this.text.charAt(this.#at)
  }

  get done(): boolean {
    return this.#at >= this.text.length
  }

  skipBlanks(): void {
    while (!this.done && BLANK.test(this.peek)) this.#at++
  }

  /** Whether the text goes on with this; then behind it. */
  take(expected: string): boolean {
    if (!this.text.startsWith(expected, this.#at)) return false
    this.#at += expected.length
    return true
  }

  /** Whether AND, OR, NOT or TO comes next, as a word of its own. */
  isAtOperator(operator: string): boolean {
    const behind = this.text.charAt(this.#at + operator.length)
    return this.text.startsWith(operator, this.#at) && (behind === '' || BLANK.test(behind) || PUNCTUATION.has(behind))
  }

  takeOperator(operator: string): boolean {
    return this.isAtOperator(operator) && this.take(operator)
  }

  /** Up to a blank, punctuation or one of `ends`; empty if there is none. */
  word(ends = ''): Letter[] {
    const letters: Letter[] = []
    while (!this.done && !BLANK.test(this.peek) && !PUNCTUATION.has(this.peek) && !ends.includes(this.peek)) letters.push(this.#letter())
    return letters
  }

  /** After an opening quote, up to the closing one. */
  quoted(): string {
    let text = ''
    for (;;) {
      if (this.done) throw new SearchSyntaxError('A quoted phrase is not closed.')
      if (this.take('"')) return text
      text += this.#letter().char
    }
  }

  #letter(): Letter {
    if (!this.take('\\')) return { char: this.text[this.#at++]!, literal: false }
    if (this.done) throw new SearchSyntaxError('The query ends with a backslash.')
    return { char: this.text[this.#at++]!, literal: true }
  }
}

export const textOf = (letters: readonly Letter[]): string => letters.map(({ char }) => char).join('')
