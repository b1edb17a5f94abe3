import type { ClientDocument } from '../../src/authorization/index.js'
import { EndSession, FindOnlineToken } from '../../src/sessions/index.js'
import { ChangeTenantSettings } from '../../src/users/index.js'
import { startApp, type TestApp } from '../support/app.js'
import { eventually } from '../support/eventually.js'
import { PKCE, redeemCode } from '../support/logins.js'
import { type Answer, OAuthScene, ROTATING, UNKNOWN } from '../support/oauth.js'
import { aClient, anApi, aPerson, authorizeUrl, PASSWORD } from '../support/people.js'
import { stalled } from '../support/stalled.js'
import { answerOf, Visitor } from '../support/visitor.js'

/* A grant that goes with one of its refresh tokens (`revoke_refresh_token_grant`), while the list of sessions is behind that says where the online ones are. */
let service: TestApp
let scene: OAuthScene
let client: ClientDocument
let audience: string
beforeAll(async () => {
  service = await startApp()
  scene = new OAuthScene(service)
  client = await aClient(service, { refresh_token: ROTATING })
  audience = await anApi(service, { allow_online_access: true })
  await service.commands.execute(new ChangeTenantSettings({ flags: { revoke_refresh_token_grant: true } }, {}))
})
afterAll(() => service.close())

interface Owner {
  readonly offline: string
  /** Of two sessions. */
  readonly online: readonly [string, string]
}
async function owner(): Promise<Owner> {
  const { email } = await aPerson(service)
  const browsers = [new Visitor(service.url), new Visitor(service.url)] as const
  async function token(who: Visitor, access: string): Promise<string> {
    const first = await who.get(authorizeUrl(client, { scope: `openid ${access} read:plants`, audience, ...PKCE }))
    const page = first.location ? first : await who.submit(first, { username: email, password: PASSWORD })
    return (await redeemCode(service, client, answerOf(page)['code']!)).body.refresh_token
  }
  return { offline: await token(browsers[0], 'offline_access'), online: [await token(browsers[0], 'online_access'), await token(browsers[1], 'online_access')] }
}
const revoke = async (token: string): Promise<number> => (await scene.form('oauth/revoke', { client_id: client.client_id, token })).status
const exchange = (token: string): Promise<Answer> => scene.refresh(client, token)
const works = async (token: string): Promise<boolean> => (await exchange(token)).status === 200

it('a revocation that could not be finished is finished by whoever repeats it, and not acknowledged before', async () => {
  const { offline, online } = await owner()
  await stalled(service, async () => {
    expect([await revoke(offline), await revoke(offline)]).toEqual([503, 503])
    expect([await works(offline), await works(online[0])]).toEqual([false, true])
  })
  expect(await eventually(async () => (await revoke(offline)) === 200)).toBe(true)
  expect(await Promise.all(online.map(works))).toEqual([false, false])
})

it('a session ends with its online token before its grant can, which whoever repeats the revocation finishes', async () => {
  const { offline, online } = await owner()
  const [own, other] = online
  await stalled(service, async () => {
    expect(await revoke(own)).toBe(503)
    expect([await works(own), await works(offline), await works(other)]).toEqual([false, false, true])
    expect(await revoke(own)).toBe(503)
  })
  expect(await eventually(async () => (await revoke(own)) === 200)).toBe(true)
  expect(await works(other)).toBe(false)
})

it('an online token whose revocation a process began that died takes its grant along all the same', async () => {
  const { offline, online } = await owner()
  const found = await service.queries.execute(new FindOnlineToken(online[0]))
  const { sessionId, number, session } = found!
  const cause = { userId: session.userId, clientId: client.client_id, audience }
  await service.commands.execute(new EndSession(sessionId, 'revoked', cause, { revokedOnline: number }))
  await eventually(async () => !(await works(online[1])))
  expect(await works(offline)).toBe(false)
})

it('reuse is refused as ever while the online tokens of the grant cannot be found, which the background ends', async () => {
  const { offline, online } = await owner()
  const { refresh_token: next } = (await exchange(offline)).body
  await stalled(service, async () => {
    expect(await exchange(offline)).toMatchObject(UNKNOWN)
    expect([await works(next), await works(online[0])]).toEqual([false, true])
  })
  await eventually(async () => !(await works(online[0])) && !(await works(online[1])))
})

it('a revocation that is repeated later ends nothing of what began since', async () => {
  const { email } = await aPerson(service)
  const who = new Visitor(service.url)
  const logIn = async (): Promise<string> => {
    const first = await who.get(authorizeUrl(client, { scope: 'openid offline_access', audience, ...PKCE }))
    const page = first.location ? first : await who.submit(first, { username: email, password: PASSWORD })
    return (await redeemCode(service, client, answerOf(page)['code']!)).body.refresh_token
  }
  const before = await logIn()
  expect(await revoke(before)).toBe(200)
  const since = await logIn()
  expect(await revoke(before)).toBe(200)
  expect(await works(since)).toBe(true)
})
