import { type ClientDocument, WithdrawConsent } from '../../src/authorization/index.js'
import { DeleteUser, FindConnection } from '../../src/users/index.js'
import { type Json, startApp, type TestApp } from '../support/app.js'
import { eventually } from '../support/eventually.js'
import { authorize, logIn, PKCE, redeemCode } from '../support/logins.js'
import { ENCODED } from '../support/hostile-values.js'
import { anotherWorker, OAuthScene } from '../support/oauth.js'
import { aClient, anApi, aPerson, authorizeUrl, DIRECTORY, PASSWORD } from '../support/people.js'
import { recorded } from '../support/recorded.js'
import { stalled } from '../support/stalled.js'
import { answerOf, type Page, Visitor } from '../support/visitor.js'

let service: TestApp
let scene: OAuthScene
let audience: string
let own: ClientDocument
let foreign: ClientDocument
beforeAll(async () => {
  service = await startApp()
  scene = new OAuthScene(service)
  audience = await anApi(service)
  own = await aClient(service)
  foreign = await aClient(service, { is_first_party: false })
  const directory = await service.queries.execute(new FindConnection(DIRECTORY))
  await service.api('PATCH', `connections/${directory!.id}`, { is_domain_connection: true })
})
afterAll(() => service.close())

const grantsOf = async (userId: string, query = ''): Promise<Json> => (await service.api('GET', `grants?user_id=${encodeURIComponent(userId)}${query}`)).body
const asks = ({ html }: Page): boolean => html.includes('value="accept"')

describe("consent to somebody else's client", () => {
  let who: Visitor
  let userId: string
  const wanting = (scope: string, more: Record<string, string> = {}): Promise<Page> => who.get(authorizeUrl(foreign, { scope, audience, ...PKCE, ...more }))
  beforeAll(async () => {
    const person = await aPerson(service)
    userId = person.userId
    who = new Visitor(service.url)
    const asked = await who.submit(await wanting('openid read:plants'), { username: person.email, password: PASSWORD })
    expect(asks(asked)).toBe(true)
    expect(answerOf(await who.submit(asked, { action: 'deny' }))).toMatchObject({ error: 'access_denied', state: 'some state' })
    expect(await grantsOf(userId)).toEqual([])
    expect(answerOf(await who.submit(await wanting('openid read:plants'), { action: 'accept' }))).toMatchObject({ code: expect.any(String) })
  })

  it('is remembered for what was accepted', async () => {
    for (const scope of ['openid read:plants', 'openid']) expect(answerOf(await wanting(scope, { prompt: 'none' }))).toMatchObject({ code: expect.any(String) })
  })

  it('is nothing that whoever bears the id next has given, also while it is not yet withdrawn', async () => {
    const person = await aPerson(service)
    const enter = async (email: string, visitor = new Visitor(service.url)): Promise<{ visitor: Visitor; page: Page }> => {
      const form = await visitor.get(authorizeUrl(foreign, { scope: 'openid read:plants', audience, ...PKCE }))
      return { visitor, page: await visitor.submit(form, { username: email, password: PASSWORD }) }
    }
    const first = await enter(person.email)
    expect(answerOf(await first.visitor.submit(first.page, { action: 'accept' }))).toMatchObject({ code: expect.any(String) })
    const next = `next-${person.email}`
    const second = await stalled(service, async () => {
      await service.commands.execute(new DeleteUser(person.userId, {}))
      await aPerson(service, { userId: person.userId, email: next })
      const entered = await enter(next)
      expect(asks(entered.page)).toBe(true)
      expect(answerOf(await entered.visitor.submit(entered.page, { action: 'accept' }))).toMatchObject({ code: expect.any(String) })
      return entered
    })
    await eventually(async () => (await recorded(service, 'SessionEnded')).some(({ data }) => data['userId'] === person.userId))
    expect(await grantsOf(person.userId)).toMatchObject([{ scope: ['openid', 'read:plants'] }])
    const again = await second.visitor.get(authorizeUrl(foreign, { scope: 'openid read:plants', audience, ...PKCE, prompt: 'none' }))
    expect(answerOf(again)).toMatchObject({ code: expect.any(String) })
  })

  it('is asked again for anything new, at another API, and when the client wants that', async () => {
    const CONSENT = { error: 'consent_required', error_description: 'Consent required' }
    expect(answerOf(await wanting('openid water:plants', { prompt: 'none' }))).toMatchObject(CONSENT)
    expect(answerOf(await wanting('openid read:plants', { prompt: 'none', audience: await anApi(service) }))).toMatchObject(CONSENT)
    expect(asks(await wanting('openid read:plants', { prompt: 'consent' }))).toBe(true)
    expect(answerOf(await who.submit(await wanting('openid water:plants'), { action: 'accept' }))).toMatchObject({ code: expect.any(String) })
    expect(await grantsOf(userId)).toEqual([
      { id: expect.stringMatching(/^[0-9a-f]{24}$/), clientID: foreign.client_id, user_id: userId, audience, scope: ['openid', 'read:plants', 'water:plants'] },
    ])
  })

  it('is gone with its grant', async () => {
    const [{ id }] = await grantsOf(userId)
    expect((await service.api('DELETE', `grants/${id}`)).status).toBe(204)
    expect(asks(await wanting('openid'))).toBe(true)
  })
})

describe('GET /api/v2/grants', () => {
  it('shows what clients of the tenant’s own were let have without asking, too', async () => {
    const person = await aPerson(service)
    await logIn(service, own, person, audience)
    await logIn(service, own, person, undefined)
    const scope = ['openid', 'email', 'offline_access', 'read:plants']
    expect(await grantsOf(person.userId)).toEqual([
      { id: expect.any(String), clientID: own.client_id, user_id: person.userId, audience, scope },
      { id: expect.any(String), clientID: own.client_id, user_id: person.userId, audience: `${service.url}userinfo`, scope: scope.slice(0, 3) },
    ])
    const given = (await recorded(service, 'ConsentGiven')).filter(({ data }) => data['userId'] === person.userId)
    expect(given.map(({ data }) => data['asked'])).toEqual([false, false])
  })

  it('pages and filters', async () => {
    const [person, another] = [await aPerson(service), await aPerson(service)]
    const second = await aClient(service)
    for (const client of [own, second]) await logIn(service, client, person, audience)
    await logIn(service, own, person, undefined)
    await logIn(service, second, another, audience)
    const clients = (grants: Json): string[] => grants.map(({ clientID }: Json) => clientID)
    expect(clients(await grantsOf(person.userId))).toEqual([own.client_id, second.client_id, own.client_id])
    expect(await grantsOf(person.userId, '&per_page=2&page=1&include_totals=true')).toEqual({ start: 2, limit: 2, total: 3, grants: [expect.anything()] })
    expect(clients(await grantsOf(person.userId, '&per_page=2&page=5'))).toEqual([])
    expect(clients(await grantsOf(person.userId, `&client_id=${second.client_id}`))).toEqual([second.client_id])
    expect(await grantsOf(person.userId, `&audience=${encodeURIComponent(`${service.url}userinfo`)}`)).toHaveLength(1)
    expect(await grantsOf(person.userId, `&audience=${encodeURIComponent(audience)}`)).toHaveLength(2)
    const { body } = await service.api('GET', `grants?client_id=${second.client_id}`)
    expect(body.map(({ user_id }: Json) => user_id)).toEqual([person.userId, another.userId])
  })

  it('shows nothing of clients and people that are gone, and whoever has the id next is asked', async () => {
    const person = await aPerson(service)
    const client = await aClient(service, { is_first_party: false })
    await logIn(service, client, person, audience)
    await logIn(service, own, person, audience)
    await service.api('DELETE', `clients/${client.client_id}`)
    expect((await service.api('GET', `grants?client_id=${client.client_id}`)).body).toEqual([])
    expect((await grantsOf(person.userId)).map(({ clientID }: Json) => clientID)).toEqual([own.client_id])
    await service.api('DELETE', `users/${encodeURIComponent(person.userId)}`)
    expect(await grantsOf(person.userId)).toEqual([])
    const left = async (): Promise<number> =>
      (await service.pool.query('select from consents where user_id = $1 or client_id = $2', [person.userId, client.client_id])).rowCount!
    await eventually(async () => (await left()) === 0)
  })

  it('is left with its people when they are deleted with their connection', async () => {
    const { body: connection } = await service.api('POST', 'connections', { name: 'short-lived', strategy: 'auth0', enabled_clients: [own.client_id] })
    const { body: user } = await service.api('POST', 'users', { connection: 'short-lived', email: 'x@example.com', password: PASSWORD })
    const who = new Visitor(service.url)
    await who.submit(await who.get(authorizeUrl(own, { connection: 'short-lived' })), { username: 'x@example.com', password: PASSWORD })
    expect(await grantsOf(user.user_id)).toHaveLength(1)
    expect((await service.api('DELETE', `connections/${connection.id}`)).status).toBe(202)
    await eventually(async () => (await grantsOf(user.user_id)).length === 0)
  })
})

describe('DELETE /api/v2/grants', () => {
  it('of a user ends everything of theirs, on another worker as well', async () => {
    const [person, another] = [await aPerson(service), await aPerson(service)]
    const logins = [await logIn(service, own, person, audience), await logIn(service, own, person, undefined)]
    const kept = await logIn(service, own, another, audience)
    const other = await anotherWorker(service)
    try {
      expect((await service.api('DELETE', `grants?user_id=${encodeURIComponent(person.userId)}`)).status).toBe(204)
      for (const { refreshToken } of logins) expect((await other.scene.refresh(own, refreshToken)).status).toBe(403)
      expect((await other.scene.refresh(own, kept.refreshToken)).status).toBe(200)
    } finally {
      await other.close()
    }
    expect([await grantsOf(person.userId), (await grantsOf(another.userId)).length]).toEqual([[], 1])
  })

  it('answers 204 for what is not there, and writes nothing', async () => {
    const marks = async (): Promise<number> => (await recorded(service, 'RefreshTokensRevoked')).length
    const before = await marks()
    for (const path of ['0123456789abcdef01234567', 'x', 'a'.repeat(3000)]) expect((await service.api('DELETE', `grants/${path}`)).status).toBe(204)
    expect((await service.api('DELETE', 'grants?user_id=auth0%7Cnobody')).status).toBe(204)
    expect(await service.api('DELETE', 'grants')).toMatchObject({ status: 400 })
    expect(await marks()).toBe(before)
  })

  it.each(ENCODED)('refuses or ignores %s', async (text) => {
    for (const [method, path] of [
      ['GET', `grants?user_id=${text}&audience=${text}`],
      ['DELETE', `grants?user_id=${text}`],
      ['DELETE', `grants/${text}`],
    ] as const) {
      expect((await service.api(method, path)).status).toBeLessThan(500)
    }
  })

  it('ends a login that is under way: its code still brings tokens, but no refresh token that works', async () => {
    const person = await aPerson(service)
    const code = await authorize(service, own, person, audience)
    const [{ id }] = await grantsOf(person.userId)
    expect((await service.api('DELETE', `grants/${id}`)).status).toBe(204)
    const { status, body } = await redeemCode(service, own, code)
    expect(status).toBe(200)
    expect((await scene.refresh(own, body.refresh_token)).status).toBe(403)
    const again = await logIn(service, own, person, audience)
    expect((await scene.refresh(own, again.refreshToken)).status).toBe(200)
  })

  it('that was stopped halfway is finished by the background, which leaves alone what began since', async () => {
    const person = await aPerson(service)
    const { refreshToken } = await logIn(service, own, person, audience)
    const [{ id }] = await grantsOf(person.userId)
    await service.commands.execute(new WithdrawConsent(id, 'deleted', {}))
    await eventually(async () => (await scene.refresh(own, refreshToken)).status === 403)
    const again = await logIn(service, own, person, audience)
    expect((await scene.refresh(own, again.refreshToken)).status).toBe(200)
    expect(await grantsOf(person.userId)).toHaveLength(1)
  })
})
