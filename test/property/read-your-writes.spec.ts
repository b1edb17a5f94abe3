import { jest } from '@jest/globals'
import { CommandBus } from '@nestjs/cqrs'
import type { ClientDocument } from '../../src/authorization/index.js'
import { StartSession } from '../../src/sessions/index.js'
import { type Json, startApp, type TestApp } from '../support/app.js'
import { current } from '../support/eventually.js'
import { anotherWorker, OAuthScene, ROTATING } from '../support/oauth.js'

/** Operations altogether; docs/management-api.md tells how to run the large number. */
const OPERATIONS = Number(process.env['READ_YOUR_WRITES_OPERATIONS'] ?? 300)
/** People who do something all the time, each with things of their own, all at once. */
const LANES = Number(process.env['READ_YOUR_WRITES_LANES'] ?? 6)

jest.setTimeout(300_000 + OPERATIONS * 200)

let service: TestApp
let workers: OAuthScene[]
let closeOther: () => Promise<void>
let client: ClientDocument
let role: string
beforeAll(async () => {
  service = await startApp()
  const other = await anotherWorker(service)
  // Commands too go through the worker that is asked.
  const second = other.scene.service
  workers = [new OAuthScene(service), new OAuthScene({ ...second, commands: second.app.get(CommandBus) })]
  closeOther = () => other.close()
  await workers[0]!.api()
  client = await workers[0]!.client({ refresh_token: ROTATING })
  role = (await service.api('POST', 'roles', { name: 'Clerk' })).body.id
})
afterAll(async () => {
  await closeOther()
  await service.close()
})

/** As the seed of a failed run says, so that it can be run again. */
const SEED = Number(process.env['READ_YOUR_WRITES_SEED'] ?? Math.floor(Math.random() * 2 ** 31))

/** Numbers below `n`, the same for the same seed (mulberry32). */
function randomOf(seed: number): (n: number) => number {
  let state = seed
  return (n) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % n
  }
}

interface Token {
  readonly id: string
  value: string
  metadata: Record<string, string>
}

/** What one person has, as the answers so far say it; each operation is followed by a look at it through any of the workers. */
class Lane {
  readonly #tokens = new Map<string, Token>()
  readonly #clients = new Set<string>()
  readonly #sessions = new Set<string>()
  #hasRole = false
  #exchanges = 0
  #plan = 0

  constructor(
    private readonly userId: string,
    private readonly random: (n: number) => number,
  ) {}

  async step(): Promise<void> {
    const operations = [
      () => this.#issue(),
      () => this.#exchange(),
      () => this.#revoke(),
      () => this.#setMetadata(),
      () => this.#createClient(),
      () => this.#deleteClient(),
      () => this.#changeRole(),
      () => this.#changeUser(),
      () => this.#startSession(),
      () => this.#endSession(),
    ]
    await operations[this.random(operations.length)]!()
  }

  async #issue(): Promise<void> {
    if (this.#tokens.size > 8) return this.#revoke()
    const { familyId: id, refreshToken: value } = await this.#any().refreshToken(client, this.userId)
    this.#tokens.set(id, { id, value, metadata: {} })
    await this.#seeTokens()
  }

  async #exchange(): Promise<void> {
    const token = this.#one(this.#tokens.values())
    if (!token) return
    const { status, body } = await this.#any().refresh(client, token.value)
    expect({ status, error: body.error, why: (body as Json).error_description }).toEqual({ status: 200 })
    token.value = body.refresh_token
    this.#exchanges++
    await this.#seeTokens()
    const q = encodeURIComponent(`type:sertft AND user_id:"${this.userId}"`)
    expect((await this.#api('GET', `logs?per_page=100&q=${q}`)) as unknown[]).toHaveLength(Math.min(this.#exchanges, 100))
  }

  async #revoke(): Promise<void> {
    const token = this.#one(this.#tokens.values())
    if (!token) return
    await this.#api('DELETE', `refresh-tokens/${token.id}`)
    this.#tokens.delete(token.id)
    expect((await this.#any().refresh(client, token.value)).status).toBe(403)
    await this.#seeTokens()
  }

  async #setMetadata(): Promise<void> {
    const token = this.#one(this.#tokens.values())
    if (!token) return
    token.metadata = { step: String(this.random(1_000_000)) }
    await this.#api('PATCH', `refresh-tokens/${token.id}`, { refresh_token_metadata: token.metadata })
    await this.#seeTokens()
  }

  async #createClient(): Promise<void> {
    if (this.#clients.size > 3) return this.#deleteClient()
    const name = `Of ${this.userId.slice(6)}`
    this.#clients.add(((await this.#api('POST', 'clients', { name })) as { client_id: string }).client_id)
    await this.#seeClients()
  }

  async #deleteClient(): Promise<void> {
    const id = this.#one(this.#clients)
    if (id === undefined) return
    await this.#api('DELETE', `clients/${id}`)
    this.#clients.delete(id)
    await this.#seeClients()
  }

  async #changeRole(): Promise<void> {
    await this.#api(this.#hasRole ? 'DELETE' : 'POST', `users/${this.userId}/roles`, { roles: [role] })
    this.#hasRole = !this.#hasRole
    expect((await this.#api('GET', `users/${this.userId}/roles`)) as unknown[]).toHaveLength(this.#hasRole ? 1 : 0)
    const { users } = (await this.#api('GET', `roles/${role}/users?take=100`)) as { users: { user_id: string }[] }
    expect(users.some(({ user_id }) => user_id === this.userId)).toBe(this.#hasRole)
  }

  async #changeUser(): Promise<void> {
    const plan = `plan-${++this.#plan}`
    await this.#api('PATCH', `users/${this.userId}`, { app_metadata: { plan } })
    const found = (await this.#api('GET', `users?q=${encodeURIComponent(`user_id:"${this.userId}"`)}`)) as Json[]
    expect(found.map(({ app_metadata }) => app_metadata)).toEqual([{ plan }])
  }

  async #startSession(): Promise<void> {
    if (this.#sessions.size > 4) return this.#endSession()
    const login = { userId: this.userId, clientId: client.client_id, connection: 'Username-Password-Authentication', method: 'pwd' as const }
    const { sessionId } = (await this.#any().service.commands.execute(new StartSession(login, {})))!
    this.#sessions.add(sessionId)
    await this.#seeSessions()
  }

  async #endSession(): Promise<void> {
    const id = this.#one(this.#sessions)
    if (id === undefined) return
    await this.#api('DELETE', `sessions/${id}`)
    this.#sessions.delete(id)
    await this.#seeSessions()
  }

  async #seeTokens(): Promise<void> {
    const expected = [...this.#tokens.values()].map(({ id, metadata }) => ({ id, refresh_token_metadata: metadata })).sort((a, b) => (a.id < b.id ? -1 : 1))
    const fields = 'fields=id,refresh_token_metadata&take=100'
    const { refresh_tokens } = (await this.#api('GET', `refresh-tokens?user_id=${this.userId}&${fields}`)) as { refresh_tokens: unknown[] }
    expect(refresh_tokens).toEqual(expected)
    const { tokens } = (await this.#api('GET', `users/${this.userId}/refresh-tokens?take=100`)) as { tokens: { id: string }[] }
    expect(tokens.map(({ id }) => id).sort()).toEqual(expected.map(({ id }) => id))
    const credentials = (await this.#api('GET', `device-credentials?user_id=${this.userId}&type=rotating_refresh_token`)) as unknown[]
    expect(credentials).toHaveLength(expected.length)
  }

  async #seeClients(): Promise<void> {
    const mine: string[] = []
    for (let page = 0, more = true; more; page++) {
      const found = (await this.#api('GET', `clients?per_page=100&page=${page}`)) as { client_id: string; name: string }[]
      mine.push(...found.filter(({ name }) => name === `Of ${this.userId.slice(6)}`).map(({ client_id }) => client_id))
      more = found.length === 100
    }
    expect(mine.sort()).toEqual([...this.#clients].sort())
  }

  async #seeSessions(): Promise<void> {
    const { sessions } = (await this.#api('GET', `users/${this.userId}/sessions?take=100`)) as { sessions: { id: string }[] }
    expect(sessions.map(({ id }) => id).sort()).toEqual([...this.#sessions].sort())
  }

  #any(): OAuthScene {
    return workers[this.random(workers.length)]!
  }

  #one<T>(items: Iterable<T>): T | undefined {
    const all = [...items]
    return all.length === 0 ? undefined : all[this.random(all.length)]
  }

  /** Through either worker. A list that says that it could not wait for its read model is asked again: it is late, and not stale. */
  async #api(method: string, at: string, body?: object): Promise<unknown> {
    const worker = this.#any()
    const headers = { authorization: `Bearer ${await token()}`, ...(body && { 'content-type': 'application/json' }) }
    const answer = await current(() => worker.send(method, `api/v2/${at}`, body && JSON.stringify(body), headers))
    expect({ method, at, ok: answer.status < 300, body: answer.status < 300 || answer.body }).toEqual({ method, at, ok: true, body: true })
    return answer.body
  }
}

let held: Promise<string> | undefined
const token = (): Promise<string> => (held ??= service.managementToken())

it('every list shows what was written just before, whichever worker wrote it and whichever is asked', async () => {
  const lanes: Lane[] = []
  for (let n = 0; n < LANES; n++) lanes.push(new Lane(await workers[0]!.user(), randomOf(SEED + n)))
  try {
    await Promise.all(
      lanes.map(async (lane) => {
        for (let n = 0; n < OPERATIONS / LANES; n++) await lane.step()
      }),
    )
  } catch (error) {
    throw new Error(`READ_YOUR_WRITES_SEED=${SEED}`, { cause: error })
  }
})
