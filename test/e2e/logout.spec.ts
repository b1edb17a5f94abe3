import type { ClientDocument } from '../../src/authorization/index.js'
import { SigningKeys } from '../../src/keys/signing-keys.js'
import { ChangeTenantSettings } from '../../src/users/index.js'
import { startApp, type TestApp } from '../support/app.js'
import { aClient, aPerson, authorizeUrl, PASSWORD } from '../support/people.js'
import { recorded } from '../support/recorded.js'
import { answerOf, type Page, Visitor } from '../support/visitor.js'

const BYE = 'https://app.example/bye'
const NOT_ALLOWED = (parameter: string): string => `The "${parameter}" querystring parameter is not in the list of allowed logout URLs. invalid_request`

let service: TestApp
let client: ClientDocument
let bare: ClientDocument
beforeAll(async () => {
  service = await startApp()
  client = await aClient(service, { allowed_logout_urls: [BYE, 'https://app.example/second?kept=1'] })
  bare = await aClient(service)
  await service.commands.execute(new ChangeTenantSettings({ allowed_logout_urls: ['https://tenant.example/'] }, {}))
})
afterAll(() => service.close())

interface Login {
  readonly who: Visitor
  readonly userId: string
  readonly sessionId: string
}
async function logIn(): Promise<Login> {
  const person = await aPerson(service)
  const who = new Visitor(service.url)
  await who.submit(await who.get(authorizeUrl(client)), { username: person.email, password: PASSWORD })
  return { who, userId: person.userId, sessionId: who.cookies.get('auth0')!.split('.')[0]! }
}
/** Asked with the session's cookie, whatever the browser was told meanwhile. */
async function isLoggedIn({ who }: Login, cookie = who.cookies.get('auth0')!): Promise<boolean> {
  const there = new Visitor(service.url)
  there.cookies.set('auth0', cookie)
  return 'code' in answerOf(await there.get(authorizeUrl(client, { prompt: 'none' })))
}
const to = (path: string, parameters: Record<string, string>): string => `/${path}?${new URLSearchParams(parameters).toString()}`
const shown = ({ status, alert }: Page): [number, string | undefined] => [status, alert]
const idToken = async ({ userId, sessionId }: Login, claims: object = {}): Promise<string> => {
  const now = Math.floor(Date.now() / 1000)
  const ours = { iss: service.url, sub: userId, aud: client.client_id, sid: sessionId, iat: now, exp: now + 60, ...claims }
  return service.app.get(SigningKeys).sign(ours, { alg: 'RS256', typ: 'JWT' })
}

describe('/v2/logout', () => {
  it('ends the session for all clients, takes the cookie away, and goes where it may', async () => {
    const login = await logIn()
    const cookie = login.who.cookies.get('auth0')!
    const page = await login.who.get(to('v2/logout', { client_id: client.client_id, returnTo: `${BYE}?x=1#y`, auth0Client: 'ignored', federated: '' }))
    expect([page.status, page.location?.href]).toEqual([302, `${BYE}?x=1#y`])
    expect(login.who.cookies.has('auth0')).toBe(false)
    expect(page.headers.get('cache-control')).toBe('no-store')
    expect(await isLoggedIn(login, cookie)).toBe(false)
    const [ended] = (await recorded(service, 'SessionEnded')).filter(({ metadata }) => metadata['sessionId'] === login.sessionId)
    expect(ended!.data).toMatchObject({ reason: 'logout', returnTo: BYE, clients: [client.client_id] })
    expect(ended!.metadata).toMatchObject({ userId: login.userId, clientId: client.client_id })
  })

  it('goes to the first registered address when none is named, or says that it is done', async () => {
    const who = new Visitor(service.url)
    expect((await who.get(to('v2/logout', { client_id: client.client_id }))).location?.href).toBe(BYE)
    expect((await who.get(to('v2/logout', { returnTo: 'https://tenant.example' }))).location?.href).toBe('https://tenant.example/')
    const wild = await aClient(service, { allowed_logout_urls: ['https://*.app.example/', BYE] })
    expect((await who.get(to('v2/logout', { client_id: wild.client_id }))).location?.href).toBe(BYE)
    const wildOnly = await aClient(service, { allowed_logout_urls: ['https://*.app.example/'] })
    for (const parameters of [{}, { client_id: bare.client_id }, { client_id: wildOnly.client_id }]) {
      const page = await who.get(to('v2/logout', parameters))
      expect([page.status, page.html]).toEqual([200, expect.stringMatching(/You are logged out.*OK/s)])
      expect(page.headers.get('x-frame-options')).toBe('deny')
    }
  })

  it('sends nobody elsewhere, and leaves the session alone', async () => {
    const login = await logIn()
    const refusals: [parameters: Record<string, string>, status: number, alert: string][] = [
      [{ client_id: client.client_id, returnTo: 'https://evil.example/' }, 400, NOT_ALLOWED('returnTo')],
      [{ client_id: client.client_id, returnTo: 'https://tenant.example/' }, 400, NOT_ALLOWED('returnTo')],
      [{ client_id: bare.client_id, returnTo: BYE }, 400, NOT_ALLOWED('returnTo')],
      [{ returnTo: BYE }, 400, NOT_ALLOWED('returnTo')],
      [{ client_id: 'nobody', returnTo: BYE }, 400, 'Unknown client invalid_request'],
    ]
    for (const [parameters, status, alert] of refusals) expect(shown(await login.who.get(to('v2/logout', parameters)))).toEqual([status, alert])
    expect(shown(await login.who.get(`/v2/logout?returnTo=${BYE}&returnTo=${BYE}`))).toEqual([400, 'Parameter repeated: returnTo invalid_request'])
    expect(await isLoggedIn(login)).toBe(true)
    expect(await recorded(service, 'LogoutRefused')).toHaveLength(4)
    expect((await login.who.post('/v2/logout', {})).status).toBe(405)
  })
})

describe('/oidc/logout', () => {
  it('asks nobody when the ID token is of this very session, also when it has expired, and gives the state back', async () => {
    for (const claims of [{}, { iat: 1000, exp: 2000 }]) {
      const login = await logIn()
      const cookie = login.who.cookies.get('auth0')!
      const hint = await idToken(login, claims)
      const page = await login.who.get(to('oidc/logout', { id_token_hint: hint, post_logout_redirect_uri: BYE, state: 'a&b', client_id: client.client_id }))
      expect([page.status, page.location?.href]).toEqual([302, `${BYE}?state=a%26b`])
      expect(await isLoggedIn(login, cookie)).toBe(false)
    }
  })

  it('takes a form, and a session’s id for a hint', async () => {
    const login = await logIn()
    const cookie = login.who.cookies.get('auth0')!
    const parameters = { logout_hint: login.sessionId, client_id: client.client_id, post_logout_redirect_uri: 'https://app.example/second?kept=1', state: 's' }
    const page = await login.who.post('/oidc/logout', parameters)
    expect([page.status, page.location?.href]).toEqual([302, 'https://app.example/second?kept=1&state=s'])
    expect(await isLoggedIn(login, cookie)).toBe(false)
  })

  it('asks the person when nothing, or another session, is named', async () => {
    const hints = async (login: Login): Promise<Record<string, string>[]> => [
      {},
      { logout_hint: 'stale' },
      { id_token_hint: await idToken(login, { sid: 'an-older-session' }), post_logout_redirect_uri: BYE },
    ]
    for (const n of [0, 1, 2]) {
      const login = await logIn()
      const cookie = login.who.cookies.get('auth0')!
      const parameters = (await hints(login))[n]!
      const page = await login.who.get(to('oidc/logout', parameters))
      expect([page.status, page.html]).toEqual([200, expect.stringContaining('Log out?')])
      expect(await isLoggedIn(login, cookie)).toBe(true)
      const done = await login.who.submit(page, { action: 'accept' })
      expect(done.location?.href).toBe(parameters['post_logout_redirect_uri'])
      expect(await isLoggedIn(login, cookie)).toBe(false)
    }
  })

  it('takes no confirmation from elsewhere, nor for another session', async () => {
    const login = await logIn()
    const page = await login.who.get('/oidc/logout')
    const other = await logIn()
    expect((await other.who.submit(page, { action: 'accept' })).status).toBe(400)
    expect((await other.who.post('/u/logout', { action: 'accept' })).status).toBe(400)
    login.who.cookies.set('auth0', other.who.cookies.get('auth0')!)
    expect((await login.who.submit(page, { action: 'accept' })).status).toBe(400)
    expect(await isLoggedIn(other)).toBe(true)
  })

  it('ends nothing on a hint of another person, of another client, or of nobody', async () => {
    const login = await logIn()
    const other = await logIn()
    const foreign = await service.app
      .get(SigningKeys)
      .sign({ iss: 'https://elsewhere.example/', sub: login.userId, aud: client.client_id }, { alg: 'RS256', typ: 'JWT' })
    const refusals: [Record<string, string>, string][] = [
      [{ id_token_hint: await idToken(other) }, 'The id_token_hint is of another user than the one who is logged in. invalid_request'],
      [{ id_token_hint: await idToken(login), client_id: bare.client_id }, 'client_id and id_token_hint are of different clients. invalid_request'],
      [{ id_token_hint: foreign }, 'The id_token_hint is not an ID token of this issuer. invalid_request'],
      [{ id_token_hint: 'x.y.z' }, 'The id_token_hint is not an ID token of this issuer. invalid_request'],
      [{ id_token_hint: await idToken(login), post_logout_redirect_uri: `${BYE}?x=1` }, NOT_ALLOWED('post_logout_redirect_uri')],
      [{ post_logout_redirect_uri: BYE }, NOT_ALLOWED('post_logout_redirect_uri')],
    ]
    for (const [parameters, alert] of refusals) expect(shown(await login.who.get(to('oidc/logout', parameters)))).toEqual([400, alert])
    expect([await isLoggedIn(login), await isLoggedIn(other)]).toEqual([true, true])
  })

  it('goes straight on without a session, and asks nobody where the tenant wants no question', async () => {
    const nobody = new Visitor(service.url)
    expect((await nobody.get(to('oidc/logout', { post_logout_redirect_uri: 'https://tenant.example/' }))).location?.href).toBe('https://tenant.example/')
    await service.commands.execute(new ChangeTenantSettings({ sessions: { oidc_logout_prompt_enabled: false } }, {}))
    const login = await logIn()
    const cookie = login.who.cookies.get('auth0')!
    expect((await login.who.get('/oidc/logout')).html).toContain('You are logged out')
    expect(await isLoggedIn(login, cookie)).toBe(false)
    await service.commands.execute(new ChangeTenantSettings({ sessions: undefined }, {}))
  })
})
