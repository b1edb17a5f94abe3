import { connect } from 'node:net'
import type { TestApp } from './app.js'
import { type Answered, flawOf, send, type Sent } from './hostile.js'

/** Requests under way, twice as many as the busiest deploy tool has. */
const AT_ONCE = 16

interface Outcome {
  readonly answer: Answered
  readonly flaw: string | undefined
}

/** Sends requests to one service, and tells what is wrong with what came of them; its `token` is shown to nobody. */
export class Attacks {
  constructor(private readonly target: () => { readonly service: TestApp; readonly token: string }) {}

  /** All of them, so that one run tells every flaw. */
  async expectClean(all: readonly Sent[], statuses?: readonly number[]): Promise<Answered[]> {
    const outcomes = await this.#attackAll(all)
    const flaws = outcomes.flatMap(({ answer, flaw }, n) => {
      const wrong = flaw ?? (statuses && !statuses.includes(answer.status) ? `status ${answer.status}` : undefined)
      return wrong ? [`${wrong}: ${this.#shown(all[n]!)} → ${answer.text.slice(0, 300)}`] : []
    })
    expect(flaws).toEqual([])
    return outcomes.map(({ answer }) => answer)
  }

  /** Several at once. Where one of them wrote, those that were refused are sent again one by one, which tells whether it was one of those. */
  async #attackAll(all: readonly Sent[]): Promise<Outcome[]> {
    const outcomes: Outcome[] = []
    for (let n = 0; n < all.length; n += AT_ONCE) {
      const batch = all.slice(n, n + AT_ONCE)
      const before = await this.#written()
      const first = await Promise.all(batch.map((sent) => this.#outcomeOf(sent)))
      const wrote = (await this.#written()) !== before
      for (const [m, outcome] of first.entries()) outcomes.push(wrote && outcome.answer.status >= 400 ? await this.#attack(batch[m]!) : outcome)
    }
    return outcomes
  }

  /** Sends it, and answers what is wrong with what came of it. */
  async #attack(sent: Sent): Promise<Outcome> {
    const before = await this.#written()
    const { answer, flaw } = await this.#outcomeOf(sent)
    const changed = answer.status >= 400 && (await this.#written()) !== before
    return { answer, flaw: flaw ?? (changed ? 'refused, and something was written' : undefined) }
  }

  async #outcomeOf(sent: Sent): Promise<Outcome> {
    const answer = await send(this.target().service, sent)
    return { answer, flaw: flawOf(sent.path.split('?')[0]!, answer) }
  }

  /** What must be the same after a refusal: all but the facts about requests, and keys for the addresses in them. */
  async #written(): Promise<string> {
    const { rows } = await this.target().service.pool.query<{ count: string }>(
      `select count(*) from events where stream_id not like 'audit-%' and stream_id not like 'person-visitor-%'`,
    )
    return rows[0]!.count
  }

  #shown({ method, path, headers, body }: Sent): string {
    return JSON.stringify({ method, path, headers, body: body?.slice(0, 500) })
      .replaceAll(this.target().token, '…')
      .slice(0, 2500)
  }
}

export const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
export const JSON_TYPE = { 'content-type': 'application/json' }

export const form = (path: string, parameters: Record<string, string> | string, headers: Record<string, string> = {}): Sent => ({
  method: 'POST',
  path,
  headers: { ...FORM, ...headers },
  body: typeof parameters === 'string' ? parameters : new URLSearchParams(parameters).toString(),
})
export const json = (method: string, path: string, body: unknown, headers: Record<string, string> = {}): Sent => ({
  method,
  path,
  headers: { ...JSON_TYPE, ...headers },
  body: typeof body === 'string' ? body : JSON.stringify(body),
})

export const encode = (text: string): string => encodeURIComponent(text.replace(/\p{Surrogate}/gu, '\ufffd'))

/** What the n-th of many places meets, where one in so many is enough for each value: all places meet all of them. */
export const share = <T>(values: readonly T[], n: number, of: number): T[] => values.filter((_, m) => (n + m) % of === 0)

export const head = (path: string, more: string): string =>
  `POST ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\n${more}\r\n`

/** A request of bytes; the answer's first line, '' where the connection just ended. */
export const sendBytes = ({ config }: TestApp, bytes: string, { abort = false } = {}): Promise<string> =>
  new Promise((resolve) => {
    const socket = connect(config.port, 'localhost')
    let text = ''
    socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
    socket.once('error', () => undefined).once('close', () => resolve(text.split('\r\n')[0]!))
    socket.write(bytes, () => abort && socket.destroy())
  })
