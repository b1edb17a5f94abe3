import { type Narrator, told } from './narrator.js'

/** `json` is what the step expects the service to say; the step checks what it relies on. */
export interface Answer<T = unknown> {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly json: T
}

interface Call {
  readonly method: string
  /** Relative to the issuer. */
  readonly path: string
  readonly headers?: Record<string, string>
  readonly body?: { readonly type: 'form' | 'json'; readonly members: object }
  readonly expected: number
  /** The members of the answer to show; all if there are few. */
  readonly show?: readonly string[]
}

const PATIENCE_MS = 20_000

/** Sends requests with plain fetch, tells of each, and ends the tour when an answer is another than expected. */
export class Caller {
  constructor(
    readonly issuer: string,
    private readonly narrator: Narrator,
  ) {}

  /** Errors: NotAsTold. */
  async call<T = unknown>({ method, path, headers = {}, body, expected, show }: Call): Promise<Answer<T>> {
    this.narrator.request(method, `/${readable(path)}`, body?.members)
    const res = await fetch(new URL(path, this.issuer), {
      method,
      redirect: 'manual',
      headers: { ...headers, ...(body && { 'content-type': body.type === 'json' ? 'application/json' : 'application/x-www-form-urlencoded' }) },
      ...(body && { body: body.type === 'json' ? JSON.stringify(body.members) : new URLSearchParams(Object.entries(body.members)).toString() }),
      signal: AbortSignal.timeout(PATIENCE_MS),
    })
    const text = await res.text()
    const answer = { status: res.status, headers: res.headers, text, json: parsed(res, text) as T }
    this.narrator.answer(res.status, summary(answer, show))
    told(res.status === expected, `${method} /${path} answered ${res.status} instead of ${expected}: ${text.slice(0, 500)}`)
    return answer
  }
}

/** An address as people read it: without its escapes. */
const readable = (path: string): string => decodeURIComponent(path.replaceAll('+', ' '))

function parsed(res: Response, text: string): unknown {
  if (!(res.headers.get('content-type') ?? '').includes('json') || text === '') return undefined
  return JSON.parse(text)
}

function summary({ headers, json }: Answer, show: readonly string[] | undefined): unknown {
  const location = headers.get('location')
  if (location !== null) return `Location: ${location.replace(/(code=|state=)[^&]*([^&]{4})/g, '$1…$2')}`
  if (json === undefined) return (headers.get('content-type') ?? '').includes('html') ? 'a page' : ''
  if (!show) return json
  return Object.fromEntries(show.map((name) => [name, (json as Record<string, unknown>)[name]]))
}
