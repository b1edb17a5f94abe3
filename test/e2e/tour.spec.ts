import { createOwnerClient } from '../../src/database/pool.js'
import { type Answer, Caller } from '../../src/tour/caller.js'
import { readLog } from '../../src/tour/chapter-log.js'
import { logIn } from '../../src/tour/chapter-login.js'
import { clearUp, setUp } from '../../src/tour/chapter-set-up.js'
import { useTokens } from '../../src/tour/chapter-tokens.js'
import { Narrator } from '../../src/tour/narrator.js'
import { MANAGEMENT_CLIENT, startApp, type TestApp } from '../support/app.js'
import { dumpTables, formsOf } from '../support/dump.js'

let service: TestApp
beforeAll(async () => {
  service = await startApp()
})
afterAll(() => service.close())

/** Remembers every secret that went over the wire. */
class Eavesdropper extends Caller {
  readonly secrets = new Set<string>()

  override async call<T = unknown>(call: Parameters<Caller['call']>[0]): Promise<Answer<T>> {
    const answer = await super.call<T>(call)
    this.#collect(call.body?.members)
    this.#collect(answer.json)
    const code = /[?&]code=([^&]+)/.exec(answer.headers.get('location') ?? '')?.[1]
    if (code) this.secrets.add(code)
    for (const cookie of answer.headers.getSetCookie()) this.secrets.add(/=([^;]*)/.exec(cookie)![1]!)
    return answer
  }

  #collect(value: unknown): void {
    if (typeof value !== 'object' || value === null) return
    for (const [name, member] of Object.entries(value)) {
      if (typeof member === 'string' && /^(password|code|code_verifier|client_secret|transaction|token|(access|refresh|id)_token)$/.test(name))
        this.secrets.add(member)
      else this.#collect(member)
    }
  }
}

test('a life leaves no secret anywhere at rest, and no name of somebody who was erased', async () => {
  const narrator = new Narrator(() => undefined)
  const caller = new Eavesdropper(service.url, narrator)
  const scene = await setUp(narrator, caller, MANAGEMENT_CLIENT, 'e2e')
  const login = await logIn(narrator, caller, scene)
  await useTokens(narrator, caller, scene, login)
  await readLog(narrator, caller, scene)
  await clearUp(narrator, caller, scene)

  const owner = createOwnerClient(service.config.databaseUrl)
  await owner.connect()
  const rest = (await dumpTables(owner)).map(({ row }) => row).join('\n')
  await owner.end()
  const secrets = [...caller.secrets].filter((secret) => secret.length > 8 && !/^\*+.{0,3}$/.test(secret))
  expect(secrets.length).toBeGreaterThan(15)
  expect(secrets.filter((secret) => formsOf(secret).some((form) => rest.includes(form)))).toEqual([])
  expect(rest).toContain(scene.userId)
  expect(formsOf(scene.email).filter((form) => rest.includes(form))).toEqual([])
})
