import { createHash } from 'node:crypto'
import type { ClientDocument } from '../../src/authorization/index.js'
import { DeleteUser } from '../../src/users/index.js'
import { startApp, type TestApp } from '../support/app.js'
import { databaseWithClock } from '../support/clock.js'
import { type Answer, OAuthScene, SECRET } from '../support/oauth.js'
import { aClient, anApi, aPerson, authorizeUrl, CALLBACK, DIRECTORY, PASSWORD } from '../support/people.js'
import { answerOf, type Page, Visitor } from '../support/visitor.js'

const OFFLINE = 'openid email offline_access read:plants'
const ONLINE = 'openid email online_access read:plants'
const VERIFIER = 'v'.repeat(43)
const PKCE = { code_challenge: createHash('sha256').update(VERIFIER).digest('base64url'), code_challenge_method: 'S256' }
const GRANTS = ['authorization_code', 'refresh_token', 'password']

let service: TestApp
let scene: OAuthScene
let audience: string
/** Not the tenant's own, so that people are asked what it may have. */
let client: ClientDocument
/** The tenant's own, which may pass passwords on. */
let trusted: ClientDocument
let setBack: (seconds: number) => Promise<void>
beforeAll(async () => {
  const { databaseUrl, clock } = await databaseWithClock()
  setBack = (seconds) => clock.move(-seconds)
  service = await startApp({}, undefined, databaseUrl)
  scene = new OAuthScene(service)
  audience = await anApi(service, { allow_online_access: true })
  client = await aClient(service, { is_first_party: false })
  trusted = await aClient(service, { grant_types: GRANTS, token_endpoint_auth_method: 'client_secret_post' }, SECRET)
  await service.api('PATCH', 'tenants/settings', { default_directory: DIRECTORY })
  const { id } = (await service.api('GET', `connections?name=${DIRECTORY}`)).body[0]
  await service.api('PATCH', `connections/${id}`, { is_domain_connection: true })
})
afterAll(() => service.close())

const url = (scope: string, more: Record<string, string> = {}): string => authorizeUrl(client, { audience, scope, ...PKCE, ...more })
const redeem = (page: Page): Promise<Answer> =>
  scene.token(client, { grant_type: 'authorization_code', code: answerOf(page)['code'] ?? '', redirect_uri: CALLBACK, code_verifier: VERIFIER })
const userinfo = async ({ access_token }: Answer['body']): Promise<number> =>
  (await scene.send('GET', 'userinfo', undefined, { authorization: `Bearer ${access_token}` })).status
const isActive = async (token: string): Promise<boolean> =>
  (await scene.form('oauth/introspect', { token, client_id: trusted.client_id, client_secret: SECRET })).body.active

/** Logs in and is asked for consent, as somebody is whose first login it is. */
async function logIn(email: string): Promise<{ who: Visitor; page: Page }> {
  const who = new Visitor(service.url)
  const asked = await who.submit(await who.get(url(OFFLINE)), { username: email, password: PASSWORD, action: 'default' })
  expect(asked.html).toContain('value="accept"')
  return { who, page: await who.submit(asked, { action: 'accept' }) }
}

/** All that a login gives. */
async function given(email: string) {
  const { who, page } = await logIn(email)
  const offline = (await redeem(page)).body
  const online = (await redeem(await who.get(url(ONLINE, { prompt: 'consent' })).then((asked) => who.submit(asked, { action: 'accept' })))).body
  const byPassword = { grant_type: 'password', username: email, password: PASSWORD, audience, scope: OFFLINE }
  const passedOn = (await scene.token(trusted, byPassword)).body
  return { who, offline, online, passedOn }
}

describe('with the clock of the database set back to before somebody was made', () => {
  it('they are given what works', async () => {
    const { email } = await aPerson(service)
    await setBack(3600)
    const { who, offline, online, passedOn } = await given(email)
    for (const tokens of [offline, online, passedOn]) expect(await userinfo(tokens)).toBe(200)
    expect(await isActive(passedOn.refresh_token)).toBe(true)
    for (const { refresh_token } of [offline, online]) expect((await scene.refresh(client, refresh_token)).status).toBe(200)
    expect((await scene.refresh(trusted, passedOn.refresh_token)).status).toBe(200)
    expect((await redeem(await who.get(url(OFFLINE, { prompt: 'none' })))).status).toBe(200)
  })

  it('nothing of theirs serves who bears their id after them', async () => {
    const person = await aPerson(service)
    await setBack(3600)
    const { who, offline, online, passedOn } = await given(person.email)
    const code = await who.get(url(OFFLINE, { prompt: 'none' }))
    await service.commands.execute(new DeleteUser(person.userId, {}))
    await aPerson(service, person)
    for (const tokens of [offline, online]) expect(await userinfo(tokens)).toBe(401)
    expect(await isActive(passedOn.refresh_token)).toBe(false)
    for (const { refresh_token } of [offline, online]) expect((await scene.refresh(client, refresh_token)).status).toBe(403)
    expect((await scene.refresh(trusted, passedOn.refresh_token)).status).toBe(403)
    expect((await redeem(code)).status).toBe(403)
    expect(answerOf(await who.get(url(OFFLINE, { prompt: 'none' })))).toMatchObject({ error: 'login_required' })
    await logIn(person.email)
  })
})
