import type pg from 'pg'
import { createOwnerClient } from '../../../src/database/pool.js'
import { RootKeys } from '../../../src/keys/root-key.js'
import { type Answers, answersOverHttp } from '../http/generator.js'
import { Instance, MANAGEMENT } from '../http/instance.js'
import { formQuestion, type Question, shares, VALUE } from '../http/question.js'
import type { Pace } from '../row.js'
import { cpuOfTree } from '../process-cpu.js'
import type { ScaleCluster } from './cluster.js'
import { ENCRYPTION_KEY, ISSUER_URL } from './prepare.js'
import { FAMILIES_PER_PERSON, userIdOf } from './plan.js'
import { managementToken, type ScaleScene } from './scene.js'
import { newestTokens } from './tokens.js'

/** Each measured alone, one after the other. */
export const QUESTIONS = ['exchange', 'list'] as const
export type What = (typeof QUESTIONS)[number]
export const CALLERS = [1, 8] as const

/** By `key`: the answers of one round. */
export type Round = ReadonlyMap<string, Answers>
export const key = (what: What | `first ${What}`, callers: number): string => `${what}, ${callers}`

/** Connections are new at each question, the service is not. */
const WARM = { warmUpSeconds: 0.3 }

/**
 * As many as there are in the smallest size, with some of their families: those who use their apps just now, whatever the number of all the
 * others who do not.
 */
const ACTIVE_PEOPLE = 500
const ACTIVE_OF_EACH = 4

/** A size's server and service at work. */
export interface Running {
  readonly families: number
  /** What nobody has touched since they started: so many first answers at most, of each family and person one. */
  first(answers: number): Promise<Round>
  /** One question for a while. `warm`: this service has compiled what it runs through. */
  ask(what: What, callers: number, pace: Pace, warm: boolean): Promise<Answers>
}

/** Starts the size's server and service for `work`. */
export const running = <T>(cluster: ScaleCluster, scene: ScaleScene, work: (size: Running) => Promise<T>): Promise<T> =>
  cluster.measuring(async (server) => {
    const url = server.url('postgres')
    const db = createOwnerClient(url)
    await db.connect()
    const instance = await Instance.start(url, cluster.scratch)
    const { port } = instance
    const people = activePeople(cluster.families, 0)
    const meters = { service: instance.cpu, background: instance.backgroundCpu, database: () => cpuOfTree(server.pid) }
    try {
      return await work({
        families: cluster.families,
        first: async (answers) =>
          new Map([
            [key('first exchange', 1), await firstAnswers(port, await exchange(db, scene, people), answers)],
            [key('first list', 1), await firstAnswers(port, await list(port, activePeople(cluster.families, 0.5)), answers)],
          ]),
        ask: async (what, callers, pace, warm) => {
          const question = what === 'exchange' ? await exchange(db, scene, people) : await list(port, people)
          return answersOverHttp({ ...pace, ...(warm && WARM), quick: warm }, meters, { port, questions: shares(question, callers) })
        },
      })
    } finally {
      await instance.stop()
      await db.end()
    }
  })

/** Evenly spread over all; `share` of the way to the next one. */
function activePeople(families: number, share: number): string[] {
  const people = families / FAMILIES_PER_PERSON
  return Array.from({ length: ACTIVE_PEOPLE }, (_, n) => userIdOf(Math.floor(((n + share) * people) / ACTIVE_PEOPLE)))
}

async function exchange(db: pg.Client, { clientId, clientSecret }: ScaleScene, people: readonly string[]): Promise<Question> {
  const tokens = await newestTokens(db, new RootKeys([Buffer.from(ENCRYPTION_KEY, 'base64')]), people, ACTIVE_OF_EACH)
  const parameters = { grant_type: 'refresh_token', client_id: clientId, client_secret: clientSecret, refresh_token: VALUE }
  return formQuestion(
    '/oauth/token',
    parameters,
    tokens.map(({ token }) => token),
    'follow',
  )
}

async function list(port: number, people: readonly string[]): Promise<Question> {
  const headers = { Authorization: `Bearer ${await managementToken(`http://localhost:${port}/`, MANAGEMENT, ISSUER_URL)}` }
  return { method: 'GET', path: `/api/v2/users/${VALUE}/refresh-tokens`, headers, values: people.map(encodeURIComponent), use: 'again' }
}

/** One after the other, each family or person once: what nobody has touched since the server started. */
async function firstAnswers(port: number, { method, path, body, headers, values }: Question, answers: number): Promise<Answers> {
  const took: number[] = []
  const step = Math.max(1, values.length / answers)
  for (let n = 0; n < values.length; n += step) {
    const value = values[Math.floor(n)]!
    const began = performance.now()
    const asked = { method, headers, ...(body !== undefined && { body: body.replace(VALUE, value) }) }
    const res = await fetch(`http://127.0.0.1:${port}${path.replace(VALUE, value)}`, asked)
    const answer = await res.text()
    took.push(performance.now() - began)
    if (res.status !== 200) throw new Error(`a first answer was ${res.status}: ${answer}`)
  }
  return { took, ms: took.reduce((sum, ms) => sum + ms, 0), spent: {} }
}
