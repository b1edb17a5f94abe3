import type { Browser, BrowserContext } from 'playwright-core'
import type { ClientDocument } from '../../src/authorization/index.js'
import type { TestApp } from '../support/app.js'
import { chromiumPath, launchChromium } from '../support/chromium.js'
import { startHttpsApp } from '../support/https.js'
import { claimsOf, ROTATING } from '../support/oauth.js'
import { aClient, anApi, aPerson, PASSWORD } from '../support/people.js'
import { recorded } from '../support/recorded.js'
import { serveSpa, SpaTab } from '../support/spa.js'

const describeInBrowser = chromiumPath ? describe : describe.skip
const FRESH = `client.getTokenSilently({ cacheMode: 'off' })`
const WHOLE = `client.getTokenSilently({ cacheMode: 'off', detailedResponse: true })`
const FOUR = `(async () => { const tokens = []; for (let n = 0; n < 4; n++) tokens.push(await ${FRESH}); return tokens })()`
const ONLINE = { useRefreshTokens: true, useDpop: true, refreshTokenMode: 'online', cacheLocation: 'localstorage' }

/* The service and the application are two ports of one host, over TLS: the session's cookie is sent in an iframe without being a third party's. */
describeInBrowser('@auth0/auth0-spa-js and the session of a browser', () => {
  let service: TestApp
  let browser: Browser
  let spa: Awaited<ReturnType<typeof serveSpa>>
  let audience: string
  beforeAll(async () => {
    const running = await startHttpsApp()
    service = running.service
    spa = await serveSpa({ tls: running.tls })
    audience = await anApi(service, {
      allow_online_access: true,
      skip_consent_for_verifiable_first_party_clients: true,
      proof_of_possession: { mechanism: 'dpop', required: false },
    })
    browser = await launchChromium()
  })
  afterAll(async () => {
    await browser.close()
    await service.close()
    spa.close()
  })

  const app = (members: Partial<ClientDocument> = {}): Promise<ClientDocument> =>
    aClient(service, {
      app_type: 'spa',
      callbacks: [`${spa.origin}/`],
      web_origins: [spa.origin],
      allowed_logout_urls: [`${spa.origin}/?out`],
      refresh_token: ROTATING,
      skip_non_verifiable_callback_uri_confirmation_prompt: true,
      ...members,
    })
  const profile = (): Promise<BrowserContext> => browser.newContext({ ignoreHTTPSErrors: true })
  const tabOf = async ({ client_id }: ClientDocument, context: BrowserContext, over: object = {}): Promise<SpaTab> => {
    const authorizationParams = { redirect_uri: `${spa.origin}/`, audience, scope: 'openid profile email read:plants' }
    const options = { domain: service.url.slice(0, -1), clientId: client_id, authorizationParams, ...over }
    return new SpaTab(await context.newPage(), spa.origin, options).open()
  }
  const somebody = async (): Promise<{ userId: string; email: string; password: string }> => ({ ...(await aPerson(service)), password: PASSWORD })
  const sidOf = async (tab: SpaTab): Promise<string> => (await tab.run('client.getIdTokenClaims()')).sid
  const eventsOf = async (sessionId: string, type: string): Promise<number> =>
    (await recorded(service, type)).filter(({ metadata }) => metadata['sessionId'] === sessionId).length
  /** By the application's own button, as far as the service's answer. */
  const logOut = async (tab: SpaTab): Promise<void> => {
    await tab.run(`void client.logout({ logoutParams: { returnTo: '${spa.origin}/?out' } })`)
    await tab.page.waitForURL(`${spa.origin}/?out`)
    await tab.start()
  }

  describe('in an iframe', () => {
    it('keeps somebody logged in when the page is loaded anew, and logs them in at another client, without a form', async () => {
      const person = await somebody()
      const context = await profile()
      const tab = await (await tabOf(await app(), context)).logIn(person)
      const sid = await sidOf(tab)
      await tab.open()
      expect(await tab.run('client.isAuthenticated()')).toBe(true)
      expect(await tab.run('client.getUser()')).toMatchObject({ sub: person.userId, email: person.email })
      const tokens = (await tab.run(FOUR)) as string[]
      expect(new Set(tokens).size).toBe(4)
      expect(claimsOf(tokens[0]!)).toMatchObject({ sub: person.userId, aud: [audience, `${service.url}userinfo`] })

      const elsewhere = await tabOf(await app(), context)
      expect(await elsewhere.run('client.isAuthenticated()')).toBe(false)
      expect(await elsewhere.run(WHOLE)).toMatchObject({ token_type: 'Bearer', scope: 'openid profile email read:plants' })
      expect(await sidOf(elsewhere)).toBe(sid)
      expect(await eventsOf(sid, 'SessionTouched')).toBe(6)
    })

    it('takes over where there is no refresh token any more, and two tabs may do so at once', async () => {
      const person = await somebody()
      const [client, context] = [await app(), await profile()]
      const both = { useRefreshTokens: true, useRefreshTokensFallback: true }
      const first = await (await tabOf(client, context, both)).logIn(person)
      const second = await tabOf(client, context, both)
      await first.open()
      const tokens = (await Promise.all([first, second].map((tab) => tab.run(FOUR)))) as string[][]
      expect(new Set(tokens.flat()).size).toBe(8)
      expect((await recorded(service, 'FamilyRevoked')).filter(({ metadata }) => metadata['userId'] === person.userId)).toEqual([])
    })

    it('is told why not: without a session, after logging out, and nothing where the application may not hear', async () => {
      const person = await somebody()
      const context = await profile()
      const tab = await tabOf(await app(), context)
      expect(await tab.refused(FRESH)).toMatchObject({ error: 'login_required' })
      await tab.logIn(person)
      await logOut(tab)
      expect(await tab.refused(FRESH)).toMatchObject({ error: 'login_required' })

      await tab.logIn(person)
      const deaf = await tabOf(await app({ web_origins: [], callbacks: ['https://elsewhere.example/'] }), context, { authorizeTimeoutInSeconds: 1 })
      expect(await deaf.refused(FRESH)).toMatchObject({ error: 'timeout' })
    })
  })

  describe('in online mode', () => {
    it('exchanges one token, bound to its key, for as long as the session lives', async () => {
      const person = await somebody()
      const tab = await (await tabOf(await app(), await profile(), ONLINE)).logIn(person)
      const sid = await sidOf(tab)
      const tokens = (await tab.run(FOUR)) as string[]
      expect(new Set(tokens).size).toBe(4)
      expect(new Set(tokens.map((token) => (claimsOf(token) as unknown as { cnf: { jkt: string } }).cnf.jkt)).size).toBe(1)
      const whole = await tab.run(WHOLE)
      expect(whole).toMatchObject({ token_type: 'DPoP', id_token: expect.any(String) })
      expect(whole.scope).not.toContain('online_access')
      await tab.open()
      await tab.run(FRESH)
      const count = await eventsOf(sid, 'OnlineTokenExchanged')
      expect(count).toBeGreaterThanOrEqual(6)
      expect([await eventsOf(sid, 'OnlineAccessGranted'), await eventsOf(sid, 'FamilyStarted')]).toEqual([1, 0])
    })

    it('works in two tabs at once that share it', async () => {
      const person = await somebody()
      const [client, context] = [await app(), await profile()]
      const first = await (await tabOf(client, context, ONLINE)).logIn(person)
      const second = await tabOf(client, context, ONLINE)
      const tokens = (await Promise.all([first, second].map((tab) => tab.run(FOUR)))) as string[][]
      expect(new Set(tokens.flat()).size).toBe(8)
      expect(await eventsOf(await sidOf(first), 'OnlineTokenExchanged')).toBeGreaterThanOrEqual(8)
    })

    it('ends everywhere when another client logs out, and starts anew with a login', async () => {
      const person = await somebody()
      const context = await profile()
      const online = await (await tabOf(await app(), context, ONLINE)).logIn(person)
      const framed = await (await tabOf(await app(), context)).logIn()
      const other = await (await tabOf(await app(), context)).logIn()
      for (const tab of [online, framed]) await tab.run(FRESH)
      await logOut(other)
      expect(await online.refused(FRESH)).toMatchObject({ error: 'invalid_grant', message: 'Unknown or invalid refresh token.' })
      expect(await framed.refused(FRESH)).toMatchObject({ error: 'login_required' })
      await online.logIn(person)
      await online.run(FRESH)
    })

    it('ends everywhere by revoking it', async () => {
      const person = await somebody()
      const context = await profile()
      const online = await (await tabOf(await app(), context, ONLINE)).logIn(person)
      const framed = await (await tabOf(await app(), context)).logIn()
      await online.run('client.revokeRefreshToken()')
      expect(await framed.refused(FRESH)).toMatchObject({ error: 'login_required' })
      expect(await online.refused(FRESH)).toMatchObject({ error: 'missing_refresh_token' })
    })
  })
})
