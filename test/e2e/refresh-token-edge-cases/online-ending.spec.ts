import type { ClientDocument } from '../../../src/authorization/index.js'
import { ChangeTenantSettings, ChangeUser } from '../../../src/users/index.js'
import { type Json, startApp, type TestApp } from '../../support/app.js'
import { eventually } from '../../support/eventually.js'
import { anotherWorker } from '../../support/oauth.js'
import { aClient, aPerson, authorizeUrl, CALLBACK, PASSWORD } from '../../support/people.js'
import { answerOf } from '../../support/visitor.js'
import { type Login, OnlineLogins, UNKNOWN } from './online-logins.js'

let service: TestApp
let logins: OnlineLogins
beforeAll(async () => {
  service = await startApp()
  logins = await OnlineLogins.of(service)
})
afterAll(() => service.close())

it('#33 after logout in another app: refused at once, on every worker', async () => {
  const login = await logins.logIn()
  const there = await anotherWorker(service)
  const other = await aClient(service)
  await login.who.get(authorizeUrl(other))
  expect((await logins.exchange(login, {}, there.scene.service.url)).status).toBe(200)
  await login.who.get(`/v2/logout?client_id=${other.client_id}`)
  expect(await logins.exchange(login, {}, there.scene.service.url)).toEqual({ status: 403, body: UNKNOWN })
  await there.close()
  expect(await logins.works(login)).toBe(false)
})

it('#34 an exchange keeps the session alive past its idle end, #35 and never past the absolute one', async () => {
  const login = await logins.logIn()
  const before = (await service.api('GET', `sessions/${login.sessionId}`)).body
  await logins.exchange(login)
  const after = (await service.api('GET', `sessions/${login.sessionId}`)).body
  expect(after.idle_expires_at > before.idle_expires_at).toBe(true)
  expect(after).toMatchObject({ expires_at: before.expires_at, clients: [{ client_id: logins.client.client_id }] })
  await service.commands.execute(new ChangeTenantSettings({ session_lifetime: 0.0003 }, {}))
  const short = await logins.logIn()
  await service.commands.execute(new ChangeTenantSettings({ session_lifetime: undefined }, {}))
  await eventually(async () => !(await logins.works(short)))
})

it('ends for good with the exchange that lower settings leave no time for', async () => {
  const login = await logins.logIn()
  await service.commands.execute(new ChangeTenantSettings({ session_lifetime: 0.00001 }, {}))
  expect(await logins.exchange(login, { scope: 'never:granted' })).toEqual({ status: 403, body: UNKNOWN })
  expect((await service.api('GET', `sessions/${login.sessionId}`)).status).toBe(404)
  await service.commands.execute(new ChangeTenantSettings({ session_lifetime: undefined }, {}))
  expect(await logins.works(login)).toBe(false)
})

describe('ends with its session', () => {
  const user = ({ userId }: Login): string => `users/${encodeURIComponent(userId)}`
  const ends: [what: string, end: (login: Login) => Promise<unknown>][] = [
    ['its deletion', ({ sessionId }) => service.api('DELETE', `sessions/${sessionId}`)],
    ['its revocation', ({ sessionId }) => service.api('POST', `sessions/${sessionId}/revoke`)],
    ['revoke-access that preserves refresh tokens', (login) => service.api('POST', `${user(login)}/revoke-access`, { preserve_refresh_tokens: true })],
    ['all of a user’s', (login) => service.api('DELETE', `${user(login)}/sessions`)],
    ['a new password', (login) => service.api('PATCH', user(login), { password: 'Another-Horse-2' })],
    ['a block', ({ userId }) => service.commands.execute(new ChangeUser(userId, { attributes: { blocked: true } }, {}))],
    ['the user’s deletion', (login) => service.api('DELETE', user(login))],
    [
      'another person’s login',
      async ({ who, app }) => {
        const person = await aPerson(service)
        await who.submit(await who.get(authorizeUrl(app, { prompt: 'login' })), { username: person.email, password: PASSWORD })
      },
    ],
  ]
  it.each(ends)('by %s', async (_, end) => {
    const login = await logins.logIn()
    expect(await logins.works(login)).toBe(true)
    await end(login)
    expect(await logins.works(login)).toBe(false)
  })

  it('and is not revived by a login after a block was lifted', async () => {
    const login = await logins.logIn()
    for (const blocked of [true, false]) await service.commands.execute(new ChangeUser(login.userId, { attributes: { blocked } }, {}))
    expect(await logins.works(login)).toBe(false)
  })
})

describe('POST /oauth/revoke', () => {
  const revoke = async (app: ClientDocument, text: string): Promise<number> =>
    (await fetch(`${service.url}oauth/revoke`, { method: 'POST', body: new URLSearchParams({ client_id: app.client_id, token: text }) })).status

  it('ends the session, with all its online tokens and single sign-on', async () => {
    const login = await logins.logIn()
    const other = await logins.logIn({ who: login.who, app: await aClient(service) })
    expect(await revoke(other.app, login.tokens.refresh_token)).toBe(200)
    expect(await logins.works(login)).toBe(true)
    expect(await revoke(logins.client, login.tokens.refresh_token)).toBe(200)
    expect([await logins.works(login), await logins.works(other)]).toEqual([false, false])
    expect(answerOf(await login.who.get(authorizeUrl(logins.client, { prompt: 'none' })))['error']).toBe('login_required')
    expect(await revoke(logins.client, login.tokens.refresh_token)).toBe(200)
  })
})

describe('alone, without its session', () => {
  it('goes with its grant, and a new login brings another', async () => {
    const [login, other] = [await logins.logIn(), await logins.logIn()]
    const { body } = await service.api('GET', `grants?user_id=${encodeURIComponent(login.userId)}`)
    const grant = body.find(({ audience: of }: Json) => of === logins.audience)
    expect((await service.api('DELETE', `grants/${grant.id}`)).status).toBe(204)
    expect(await logins.works(login)).toBe(false)
    expect(await logins.works(other)).toBe(true)
    const again = await logins.logIn({ who: login.who })
    expect(again.sessionId).toBe(login.sessionId)
    expect(await logins.works(again)).toBe(true)
    expect(await logins.works(login)).toBe(false)
    expect((await service.api('DELETE', `grants?user_id=${encodeURIComponent(login.userId)}`)).status).toBe(204)
    expect(await logins.works(again)).toBe(false)
  })

  it('goes when its code comes back', async () => {
    const login = await logins.logIn()
    const { location } = await login.who.get(authorizeUrl(logins.client, { scope: 'openid online_access read:plants', audience: logins.audience }))
    const redeem = { grant_type: 'authorization_code', code: new URL(location!).searchParams.get('code')!, redirect_uri: CALLBACK }
    const { body } = await logins.token(logins.client, redeem)
    expect(await logins.works({ ...login, tokens: body })).toBe(true)
    expect((await logins.token(logins.client, redeem)).body.error).toBe('invalid_grant')
    expect(await logins.works({ ...login, tokens: body })).toBe(false)
    expect((await service.api('GET', `sessions/${login.sessionId}`)).status).toBe(200)
  })

  it('is worth nothing where its code was sent twice at once', async () => {
    const login = await logins.logIn()
    for (let n = 0; n < 8; n++) {
      const { location } = await login.who.get(authorizeUrl(logins.client, { scope: 'openid online_access read:plants', audience: logins.audience }))
      const redeem = { grant_type: 'authorization_code', code: new URL(location!).searchParams.get('code')!, redirect_uri: CALLBACK }
      const answers = await Promise.all([logins.token(logins.client, redeem), logins.token(logins.client, redeem)])
      const [winner] = answers.filter(({ status }) => status === 200)
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 403])
      if (winner!.body.refresh_token !== undefined) expect(await logins.works({ ...login, tokens: winner!.body })).toBe(false)
    }
  })
})
