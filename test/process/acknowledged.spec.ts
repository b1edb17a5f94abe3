import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { parseRefreshToken } from '../../src/tokens/refresh-token/token-value.js'
import { MANAGEMENT_ENVIRONMENT, NoAnswer, Outside, type Reply } from '../support/outside.js'
import { cleanUp, freePort, preparedFolder, ROOT, Service } from '../support/service.js'

const ROUNDS = 3
/** Families that live through all rounds, exchanged and given metadata at the same time. */
const LASTING = 6
/** Apps that log in, exchange and revoke, again and again, each in a way of its own. */
const REVOKERS = 3
/** In the midst of the clients' work, each time at another place. */
const answersBeforeKill = (round: number): number => 150 + 67 * round
/** Longer than a round: what was committed without an answer may be asked for again. */
const LEEWAY_SECONDS = 60

/** What a client knows: nothing but answers. */
interface Family {
  readonly id: string
  /** Of the newest answer. */
  token: string
  /** The last revision of its metadata that was answered, and the last that was sent. */
  readonly metadata: { answered: number; sent: number }
  revocation: 'none' | 'sent' | 'answered'
}

/** The clients, who work until the service is gone, and the model of what it has promised them. */
class Clients {
  readonly #outside: Outside
  readonly #families: Family[] = []
  readonly trouble: string[] = []
  #heard = 0
  #awaited: { readonly count: number; readonly reached: () => void } | undefined

  constructor(port: number) {
    this.#outside = new Outside(port)
  }

  async begin(): Promise<void> {
    await this.#outside.setUp(LEEWAY_SECONDS)
    for (let n = 0; n < LASTING; n++) await this.#logIn()
  }

  /** Ends when every client has met a service that does not answer. */
  async work(): Promise<void> {
    const lasting = this.#families.slice(0, LASTING)
    const revokers = Array.from({ length: REVOKERS }, (_, way) => () => this.#logInAndRevoke(way))
    const clients = [...lasting.flatMap((family) => [() => this.#exchange(family), () => this.#setMetadata(family)]), ...revokers]
    await Promise.all(clients.map(untilNoAnswer))
  }

  /** Resolves when the clients have got this many more answers. */
  answers(count: number): Promise<void> {
    return new Promise((reached) => (this.#awaited = { count: this.#heard + count, reached }))
  }

  /** Everything that was answered holds; what was sent without an answer may have happened or not, and is known from here on. */
  async compare(): Promise<void> {
    const listed = new Set(await this.#listed())
    await Promise.all(this.#families.map((family) => this.#compare(family, listed.has(family.id))))
  }

  async #compare(family: Family, listed: boolean): Promise<void> {
    const { id, token, metadata, revocation } = family
    const shown = await this.#outside.api('GET', `refresh-tokens/${id}`)
    const exchanged = await this.#outside.refresh(token)
    const revoked = revocation === 'answered' || (revocation === 'sent' && exchanged.status !== 200)
    const found = { shown: shown.status, exchanged: exchanged.status, error: exchanged.body.error as unknown, listed }
    expect({ id, ...found }).toEqual({ id, ...(revoked ? REVOKED : ALIVE) })
    family.revocation = revoked ? 'answered' : 'none'
    if (revoked) return
    const revision = Number(shown.body.refresh_token_metadata.revision ?? 0)
    expect(revision).toBeGreaterThanOrEqual(metadata.answered)
    expect(revision).toBeLessThanOrEqual(metadata.sent)
    metadata.answered = revision
    family.token = exchanged.body.refresh_token
  }

  async #logIn(): Promise<Family> {
    const token = await this.#outside.logInAgain()
    const family: Family = { id: parseRefreshToken(token)!.familyId, token, metadata: { answered: 0, sent: 0 }, revocation: 'none' }
    this.#families.push(family)
    this.#answered()
    return family
  }

  async #exchange(family: Family): Promise<void> {
    const { body } = this.#expect(200, await this.#outside.refresh(family.token))
    family.token = body.refresh_token
  }

  async #setMetadata({ id, metadata }: Family): Promise<void> {
    const revision = ++metadata.sent
    this.#expect(200, await this.#outside.api('PATCH', `refresh-tokens/${id}`, { refresh_token_metadata: { revision: String(revision) } }))
    metadata.answered = revision
  }

  /** After the answer nobody gets anything for the token, whichever process is asked. */
  async #logInAndRevoke(way: number): Promise<void> {
    const family = await this.#logIn()
    await this.#exchange(family)
    family.revocation = 'sent'
    if (way === 0) this.#expect(200, await this.#outside.revoke(family.token))
    else if (way === 1) this.#expect(202, await this.#outside.api('DELETE', `refresh-tokens/${family.id}`))
    else this.#expect(202, await this.#outside.api('POST', 'refresh-tokens/revoke', { ids: [family.id] }))
    family.revocation = 'answered'
    this.#expect(403, await this.#outside.refresh(family.token))
  }

  /** The person's refresh tokens, from the read model. */
  async #listed(): Promise<string[]> {
    const ids: string[] = []
    const path = `users/${encodeURIComponent(this.#outside.userId)}/refresh-tokens?take=100`
    for (let from: string | undefined = ''; from !== undefined;) {
      const { body }: Reply = await this.#outside.api('GET', from === '' ? path : `${path}&from=${encodeURIComponent(from)}`)
      ids.push(...(body.tokens as Family[]).map(({ id }) => id))
      from = (body.next as string | null) ?? undefined
    }
    return ids
  }

  #expect(status: number, reply: Reply): Reply {
    if (reply.status !== status) this.trouble.push(`${reply.status} instead of ${status}: ${JSON.stringify(reply.body)}`)
    this.#answered()
    return reply
  }

  #answered(): void {
    if (++this.#heard >= (this.#awaited?.count ?? Infinity)) this.#awaited!.reached()
  }
}

const ALIVE = { shown: 200, exchanged: 200, error: undefined, listed: true }
const REVOKED = { shown: 404, exchanged: 403, error: 'invalid_grant', listed: false }

async function untilNoAnswer(work: () => Promise<void>): Promise<void> {
  try {
    for (;;) await work()
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error
  }
}

const dataDir = preparedFolder()
afterAll(() => cleanUp(dataDir))

test('what was answered before kill -9 of everything holds after the restart', async () => {
  const port = await freePort()
  const start = (): Promise<Service> => new Service(port, dataDir, { ...MANAGEMENT_ENVIRONMENT, WORKERS: '2' }).ready()
  let service = await start()
  const clients = new Clients(port)
  await clients.begin()
  for (let round = 0; round < ROUNDS; round++) {
    const working = clients.work()
    await Promise.race([clients.answers(answersBeforeKill(round)), working])
    await service.killAll({ postgres: true })
    await working
    service = await start()
    await clients.compare()
    expect(clients.trouble).toEqual([])
  }
  // The log itself is whole, and every state follows from it.
  for (const command of ['verify', 'fold']) await evergrant(command, { PORT: String(port), DATA_DIR: dataDir })
  expect(await service.stop()).toBe(0)
})

/** Errors: what the command found. */
async function evergrant(command: string, env: Record<string, string>): Promise<void> {
  await promisify(execFile)(process.execPath, [path.join(ROOT, 'dist/src/cli/main.js'), command], { env: { PATH: process.env['PATH']!, ...env } })
}
