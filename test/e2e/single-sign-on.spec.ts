import type { ClientDocument } from '../../src/authorization/index.js'
import { ApplyToSession } from '../../src/sessions/index.js'
import { ChangePassword, ChangeTenantSettings, DeleteUser } from '../../src/users/index.js'
import { startApp, type TestApp } from '../support/app.js'
import { type Recorded, recorded } from '../support/recorded.js'
import { aClient, aPerson, authorizeUrl, PASSWORD } from '../support/people.js'
import { stalled } from '../support/stalled.js'
import { answerOf, Visitor } from '../support/visitor.js'

let service: TestApp
beforeAll(async () => {
  service = await startApp()
})
afterAll(() => service.close())

const visitor = (): Visitor => new Visitor(service.url)
const events = (type: string): Promise<Recorded[]> => recorded(service, type)

describe('single sign-on', () => {
  let client: ClientDocument
  beforeAll(async () => {
    client = await aClient(service)
  })

  const loggedIn = async (): Promise<{ who: Visitor; userId: string; email: string }> => {
    const person = await aPerson(service)
    const who = visitor()
    await who.submit(await who.get(authorizeUrl(client)), { username: person.email, password: PASSWORD })
    return { who, ...person }
  }
  const silently = async (who: Visitor, parameters: Record<string, string> = {}, app = client): Promise<Record<string, string>> =>
    answerOf(await who.get(authorizeUrl(app, { prompt: 'none', ...parameters })))
  const LOGIN_REQUIRED = { error: 'login_required', error_description: 'Login required', state: 'some state' }

  it('answers other applications from the session, shown or not', async () => {
    const { who } = await loggedIn()
    const other = await aClient(service)
    expect(answerOf(await who.get(authorizeUrl(other)))).toMatchObject({ code: expect.any(String) })
    expect(await silently(who, {}, other)).toMatchObject({ code: expect.any(String) })
    const sessionId = who.cookies.get('auth0')!.split('.')[0]
    const touched = (await events('SessionTouched')).filter(({ metadata }) => metadata['sessionId'] === sessionId)
    expect(touched.map(({ data }) => [data['clientId'], data['silent']])).toEqual([
      [other.client_id, false],
      [other.client_id, true],
    ])
  })

  it('has no session without a cookie, or with one that proves nothing', async () => {
    expect(await silently(visitor())).toEqual(LOGIN_REQUIRED)
    const { who } = await loggedIn()
    const [id, generation, key, mac] = who.cookies.get('auth0')!.split('.')
    const forged = [
      id,
      `${id}.1.${key}.`,
      `${id}.2.${key}.${mac}`,
      `${id}.${key}.${mac}`,
      `${id}.${generation}.${key}.${mac!.slice(0, -2)}AA`,
      `${id}.1.00000000.${mac}`,
      `${'x'.repeat(32)}.1.${key}.${mac}`,
      '...',
      'x',
    ]
    for (const cookie of forged) {
      const thief = visitor()
      thief.cookies.set('auth0', cookie!)
      expect(await silently(thief)).toEqual(LOGIN_REQUIRED)
      expect(thief.cookies.has('auth0')).toBe(false)
    }
  })

  it('takes away a cookie that proves nothing, whether the session is asked or not', async () => {
    const asking = [authorizeUrl(client), authorizeUrl(client, { prompt: 'login' }), authorizeUrl(await aClient(service, { sso_disabled: true }))]
    const { who } = await loggedIn()
    for (const url of asking) {
      const stranger = visitor()
      stranger.cookies.set('auth0', 'x')
      expect((await stranger.get(url)).html).toContain('name="username"')
      expect(stranger.cookies.has('auth0')).toBe(false)
      await who.get(url)
      expect(who.cookies.has('auth0')).toBe(true)
    }
  })

  it('asks anew when the login is older than max_age, when told to, and for clients that want no sharing', async () => {
    const { who } = await loggedIn()
    expect(await silently(who, { max_age: '0' })).toEqual(LOGIN_REQUIRED)
    expect(await silently(who, { max_age: '100' })).toMatchObject({ code: expect.any(String) })
    expect((await who.get(authorizeUrl(client, { prompt: 'login' }))).html).toContain('name="username"')
    expect(await silently(who, {}, await aClient(service, { sso_disabled: true }))).toEqual(LOGIN_REQUIRED)
    await service.commands.execute(new ChangeTenantSettings({ flags: { enable_sso: false } }, {}))
    expect(await silently(who)).toMatchObject({ error: 'interaction_required', error_description: 'Interaction required' })
    expect((await who.get(authorizeUrl(client))).html).toContain('Continue as ')
    await service.commands.execute(new ChangeTenantSettings({ flags: undefined }, {}))
  })

  it('refuses a client that wants a second factor, unless the session has seen one', async () => {
    const acr_values = 'other http://schemas.openid.net/pape/policies/2007/06/multi-factor'
    const { who, email } = await loggedIn()
    const TEXT = 'Multifactor authentication required'
    expect(await silently(visitor(), { acr_values })).toEqual(LOGIN_REQUIRED)
    expect(await silently(who, { acr_values })).toEqual({ ...LOGIN_REQUIRED, error_description: TEXT })
    const refused = { error: 'access_denied', error_description: TEXT, state: 'some state' }
    expect(answerOf(await who.get(authorizeUrl(client, { acr_values })))).toEqual(refused)
    const another = visitor()
    expect(answerOf(await another.submit(await another.get(authorizeUrl(client, { acr_values })), { username: email, password: PASSWORD }))).toEqual(refused)
    expect(another.cookies.has('auth0')).toBe(false)
    await service.commands.execute(new ApplyToSession(who.cookies.get('auth0')!.split('.')[0]!, { methods: ['mfa'] }, {}))
    expect(await silently(who, { acr_values })).toMatchObject({ code: expect.any(String) })
    const again = await who.get(authorizeUrl(client, { acr_values, prompt: 'login' }))
    expect(answerOf(await who.submit(again, { username: email, password: PASSWORD }))).toMatchObject({ code: expect.any(String) })
  })

  it('lets the person choose the account, and trusts no choice of another browser', async () => {
    const { who, email } = await loggedIn()
    const choice = await who.get(authorizeUrl(client, { prompt: 'select_account' }))
    expect(choice.html).toContain(`Continue as ${email}`)
    expect(answerOf(await who.submit(choice, { action: 'accept' }))).toMatchObject({ code: expect.any(String) })
    expect((await who.submit(choice, { action: 'other' })).html).toContain('name="username"')
    const { who: another } = await loggedIn()
    expect((await another.submit(choice, { action: 'accept' })).status).toBe(400)
    who.cookies.set('auth0', another.cookies.get('auth0')!)
    expect((await who.submit(choice, { action: 'accept' })).html).toContain('Continue as ')
  })

  it('tells the window that asked, if its origin may hear it, by a page that it may frame', async () => {
    const { who } = await loggedIn()
    const app = await aClient(service, { web_origins: ['https://app.example'] })
    const ask = (parameters: Record<string, string> = {}, to = app) =>
      who.get(authorizeUrl(to, { response_mode: 'web_message', prompt: 'none', state: '</script>\u2028', ...parameters }))
    const page = await ask()
    expect(page.status).toBe(200)
    expect(page.headers.get('x-frame-options')).toBeNull()
    expect(page.headers.get('content-security-policy')).toMatch(/script-src 'nonce-[^']+'; base-uri 'none'; frame-ancestors https:\/\/app\.example$/)
    expect(page.html).toMatch(
      /postMessage\(\{"type":"authorization_response","response":\{"code":"[\w-]+","state":"\\u003c\/script\\u003e\\u2028"\}\}, "https:\/\/app\.example"\)/,
    )
    expect((await ask({ max_age: '0' })).html).toContain('"error":"login_required"')
    expect((await ask({ response_type: 'nonsense' })).html).toContain('"error":"unsupported_response_type"')
    expect((await ask({}, client)).alert).toMatch(/not in the list of allowed web origins/)
    expect((await ask({ response_type: 'nonsense' }, client)).html).not.toContain('postMessage')
  })

  it('knows nobody by the session of who bore their id before, also while nobody has ended it', async () => {
    const { who, userId, email } = await loggedIn()
    await stalled(service, async () => {
      await service.commands.execute(new DeleteUser(userId, {}))
      await aPerson(service, { userId, email: `next-${email}` })
      expect(await silently(who)).toEqual(LOGIN_REQUIRED)
    })
  })

  it('goes on when the same person logs in again, and takes no cookie from before', async () => {
    const { who, email } = await loggedIn()
    const before = new Map(who.cookies)
    await who.submit(await who.get(authorizeUrl(client, { prompt: 'login' })), { username: email, password: PASSWORD })
    expect(who.cookies.get('auth0')).not.toBe(before.get('auth0'))
    expect(who.cookies.get('auth0')!.split('.')[0]).toBe(before.get('auth0')!.split('.')[0])
    expect(await silently(who)).toMatchObject({ code: expect.any(String) })
    const replay = visitor()
    replay.cookies.set('auth0', before.get('auth0')!)
    expect(await silently(replay)).toEqual(LOGIN_REQUIRED)
  })

  it('ends when another person logs in', async () => {
    const { who } = await loggedIn()
    const before = who.cookies.get('auth0')!
    const other = await aPerson(service)
    await who.submit(await who.get(authorizeUrl(client, { prompt: 'login' })), { username: other.email, password: PASSWORD })
    expect(who.cookies.get('auth0')!.split('.')[0]).not.toBe(before.split('.')[0])
    const [ended] = (await events('SessionEnded')).filter(({ metadata }) => metadata['sessionId'] === before.split('.')[0])
    expect(ended!.data).toMatchObject({ reason: 'replaced', clients: [client.client_id] })
    const replay = visitor()
    replay.cookies.set('auth0', before)
    expect(await silently(replay)).toEqual(LOGIN_REQUIRED)
  })

  it('ends for whoever was blocked, deleted, or has a new password', async () => {
    const blocked = await loggedIn()
    await service.api('PATCH', `users/${encodeURIComponent(blocked.userId)}`, { blocked: true })
    expect(await silently(blocked.who)).toMatchObject({ error: expect.stringMatching(/^(unauthorized|login_required)$/) })
    const deleted = await loggedIn()
    await service.commands.execute(new DeleteUser(deleted.userId, {}))
    expect(await silently(deleted.who)).toEqual(LOGIN_REQUIRED)
    const changed = await loggedIn()
    await service.commands.execute(new ChangePassword(changed.userId, 'Another-Horse-2', {}))
    expect(await silently(changed.who)).toEqual(LOGIN_REQUIRED)
  })

  it('follows the tenant’s lifetimes and kind of cookie', async () => {
    await service.commands.execute(new ChangeTenantSettings({ session_cookie: { mode: 'non-persistent' }, ephemeral_session_lifetime: 2 }, {}))
    const person = await aPerson(service)
    const who = visitor()
    const page = await who.submit(await who.get(authorizeUrl(client)), { username: person.email, password: PASSWORD })
    expect(page.headers.getSetCookie()[0]).not.toContain('Expires')
    const [started] = (await events('SessionStarted')).filter(({ data }) => data['userId'] === person.userId)
    expect(started!.data).toMatchObject({ persistent: false, idleSeconds: 86_400 })
    expect(Date.parse(started!.data['expiresAt'] as string) - Date.parse(started!.metadata['at'] as string)).toBe(7_200_000)
    await service.commands.execute(new ChangeTenantSettings({ session_cookie: undefined, ephemeral_session_lifetime: 0.00001 }, {}))
    expect(await silently(who)).toEqual(LOGIN_REQUIRED)
    await service.commands.execute(new ChangeTenantSettings({ ephemeral_session_lifetime: undefined }, {}))
  })

  it('ends for good with the use that lower settings leave no time for', async () => {
    const { who } = await loggedIn()
    const [sessionId] = who.cookies.get('auth0')!.split('.')
    const shown = async (): Promise<number> => (await service.api('GET', `sessions/${sessionId}`)).status
    await service.commands.execute(new ChangeTenantSettings({ session_lifetime: 0.00001 }, {}))
    expect(await shown()).toBe(200)
    expect(await silently(who)).toEqual(LOGIN_REQUIRED)
    expect([await shown(), who.cookies.has('auth0')]).toEqual([404, false])
    expect((await events('SessionEnded')).filter(({ metadata }) => metadata['sessionId'] === sessionId)).toMatchObject([{ data: { reason: 'expired' } }])
    await service.commands.execute(new ChangeTenantSettings({ session_lifetime: undefined }, {}))
    expect(await silently(who)).toEqual(LOGIN_REQUIRED)
  })
})
