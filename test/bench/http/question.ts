/**
 * What one caller asks of a server, again and again, each time with one of its own values in the place of `VALUE` in the path, a header or the body.
 * `follow`: the refresh token of an answer takes the place of the one that was sent. `once`: values are not used again.
 */
export interface Question {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  readonly values: readonly string[]
  readonly use: 'again' | 'follow' | 'once'
  /** Of a good answer; absent: 200. */
  readonly status?: number
}

export const VALUE = '{value}'

/** A form, ready to be sent; `VALUE` in it stays as it is. */
export const formQuestion = (path: string, parameters: Readonly<Record<string, string>>, values: readonly string[], use: Question['use']): Question => ({
  method: 'POST',
  path,
  headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
  body: new URLSearchParams(parameters).toString().replace(encodeURIComponent(VALUE), VALUE),
  values,
  use,
})

/** Each caller's own question: the values dealt out among them. */
export const shares = (question: Question, callers: number): Question[] =>
  Array.from({ length: callers }, (_, caller) => ({ ...question, values: question.values.filter((__, n) => n % callers === caller) }))

const CROWD = 32

/** The callers of a row, and those who warm the server for them with as many other values. */
export function afterCrowd(question: Question, callers: number): { readonly questions: Question[]; readonly crowd: Question[] } {
  const half = Math.ceil(question.values.length / 2)
  const [mine, others] = [question.values.slice(0, half), question.values.slice(half)]
  return { questions: shares({ ...question, values: mine }, callers), crowd: shares({ ...question, values: others }, CROWD) }
}
