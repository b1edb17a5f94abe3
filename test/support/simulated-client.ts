import { Agent, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { eventually } from './eventually.js'

/** The app, as the token endpoint knows it. */
export interface App {
  readonly port: number
  readonly clientId: string
  readonly clientSecret: string
}

/** How often a client meets what. */
export interface Weather {
  /** Of all answers: they never arrive. */
  readonly lostAnswers: number
  /** Of all exchanges: the token is sent twice at once, as by two tabs. */
  readonly doubleSubmits: number
}

export const FAIR: Weather = { lostAnswers: 0, doubleSubmits: 0 }

/** What the service said instead of giving tokens. */
export interface Refusal {
  readonly status: number
  readonly body: string
}

/**
 * An installation of an app that keeps to the protocol: it has one token, and asks with the same one again when no answer comes. Chance is its
 * own, so that a run follows from its seed, whatever the order in which clients have their turns.
 */
export class SimulatedClient {
  /** That its login is over, as far as it knows. */
  refusal: Refusal | undefined

  constructor(
    private readonly app: App,
    public token: string,
    private readonly chance: () => number,
  ) {}

  /** Exchanges its token for the next; after a refusal it does nothing any more. */
  async exchange(lane: Lane, weather: Weather): Promise<void> {
    if (this.refusal) return
    const copies = this.chance() < weather.doubleSubmits ? 2 : 1
    const answers = await Promise.all(Array.from({ length: copies }, () => this.#untilAnswered(lane, weather)))
    const [first, second = first] = answers
    this.refusal = answers.find((answer) => typeof answer !== 'string')
    if (first !== second) this.refusal ??= { status: 200, body: 'two successors of one token' }
    else if (typeof first === 'string') this.token = first
  }

  async #untilAnswered(lane: Lane, { lostAnswers }: Weather): Promise<string | Refusal> {
    for (;;) {
      const isLost = this.chance() < lostAnswers
      const answer = await refresh(this.app, this.token, lane).catch(() => undefined)
      // Lost on its way: the service has done its work.
      if (isLost) lane.lose()
      if (isLost || !answer || answer.status === 503) continue
      return answer.status === 200 ? (JSON.parse(answer.body) as { refresh_token: string }).refresh_token : answer
    }
  }
}

/** Where clients have their turns, one after the other. */
export class Lane {
  #agent = newAgent()
  /** Those of the service, the lost ones too. */
  answers = 0
  lost = 0

  get agent(): Agent {
    return this.#agent
  }

  /** The connection is cut in the place of an answer. */
  lose(): void {
    this.lost++
    this.close()
  }

  close(): void {
    this.#agent.destroy()
    this.#agent = newAgent()
  }
}

const newAgent = (): Agent => new Agent({ keepAlive: true, maxSockets: 2 })

/** One request. Errors: when the connection breaks; a service that takes none is waited for. */
export async function refresh({ port, clientId, clientSecret }: App, token: string, lane: Lane): Promise<Refusal> {
  const body = new URLSearchParams({ grant_type: 'refresh_token', client_id: clientId, client_secret: clientSecret, refresh_token: token }).toString()
  const headers = { 'content-type': 'application/x-www-form-urlencoded', 'content-length': body.length }
  const once = (): Promise<Refusal> =>
    new Promise((resolve, reject) => {
      const asked = request({ host: '127.0.0.1', port, path: '/oauth/token', method: 'POST', headers, agent: lane.agent }, (response) => {
        text(response).then((content) => resolve({ status: response.statusCode!, body: content }), reject)
      })
      asked.once('error', reject).end(body)
    })
  try {
    const answer = await once()
    lane.answers++
    return answer
  } catch (error) {
    if ((error as { code?: string }).code === 'ECONNREFUSED') await eventually(() => accepts(port))
    throw error
  }
}

const accepts = (port: number): Promise<boolean> =>
  new Promise((done) => {
    request({ host: '127.0.0.1', port, path: '/health/live', agent: false }, (response) => done(response.resume().statusCode === 200))
      .once('error', () => done(false))
      .end()
  })

/** Numbers from 0 to 1 that follow from a seed (mulberry32). */
export function chanceOf(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
