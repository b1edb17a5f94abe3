import type { Browser, BrowserContext } from 'playwright-core'
import type { ClientDocument } from '../../src/authorization/index.js'
import { startApp, type TestApp } from '../support/app.js'
import { chromiumPath, launchChromium } from '../support/chromium.js'
import { claimsOf, ROTATING } from '../support/oauth.js'
import { aClient, anApi, aPerson, PASSWORD } from '../support/people.js'
import { recorded } from '../support/recorded.js'
import { serveSpa, SpaTab } from '../support/spa.js'

const describeInBrowser = chromiumPath ? describe : describe.skip
const FRESH = `client.getTokenSilently({ cacheMode: 'off' })`
const FOUR = `(async () => { const tokens = []; for (let n = 0; n < 4; n++) tokens.push(await ${FRESH}); return tokens })()`

describeInBrowser('@auth0/auth0-spa-js in a browser', () => {
  let service: TestApp
  let browser: Browser
  let spa: Awaited<ReturnType<typeof serveSpa>>
  let audience: string
  beforeAll(async () => {
    spa = await serveSpa()
    service = await startApp()
    audience = await anApi(service, {
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

  const app = (leeway = 0): Promise<ClientDocument> =>
    aClient(service, {
      app_type: 'spa',
      callbacks: [`${spa.origin}/`],
      refresh_token: { ...ROTATING, leeway },
      skip_non_verifiable_callback_uri_confirmation_prompt: true,
    })
  const tabOf = async ({ client_id }: ClientDocument, context: BrowserContext, over: object = {}): Promise<SpaTab> => {
    const authorizationParams = { redirect_uri: `${spa.origin}/`, audience, scope: 'openid profile email offline_access read:plants' }
    const options = { domain: service.url.slice(0, -1), clientId: client_id, useRefreshTokens: true, authorizationParams, ...over }
    return new SpaTab(await context.newPage(), spa.origin, options).open()
  }
  const somebody = async (): Promise<{ userId: string; email: string; password: string }> => ({ ...(await aPerson(service)), password: PASSWORD })
  const jktOf = (token: string): string | undefined => (claimsOf(token) as { cnf?: { jkt: string } }).cnf?.jkt
  const eventsOf = async (userId: string, type: string): Promise<number> =>
    (await recorded(service, type)).filter(({ metadata }) => metadata['userId'] === userId).length

  describe.each([
    ['without DPoP', false],
    ['with DPoP', true],
  ])('%s', (_, useDpop) => {
    it.each(['memory', 'localstorage'])('logs in through the form, rotates, calls an API, and forgets (tokens in %s)', async (cacheLocation) => {
      const person = await somebody()
      const tab = await tabOf(await app(), await browser.newContext(), { useDpop, cacheLocation })
      await tab.logIn(person)
      expect(await tab.run('client.getUser()')).toMatchObject({ sub: person.userId, email: person.email })

      const tokens: string[] = [await tab.run('client.getTokenSilently()')]
      for (let n = 0; n < 4; n++) tokens.push(await tab.run(FRESH))
      expect(new Set(tokens).size).toBe(5)
      expect(await eventsOf(person.userId, 'RefreshTokenRotated')).toBe(4)
      const keys = new Set(tokens.map(jktOf))
      expect([...keys]).toEqual([useDpop ? expect.stringMatching(/^[\w-]{43}$/) : undefined])
      const verbose = await tab.run(`client.getTokenSilently({ cacheMode: 'off', detailedResponse: true })`)
      expect(verbose).toMatchObject({ token_type: useDpop ? 'DPoP' : 'Bearer', id_token: expect.any(String) })

      // The first call has no nonce for this resource, and comes again with the one that it is given.
      const fetcher = `client.createFetcher({ dpopNonceId: 'userinfo', baseUrl: '${service.url}' })`
      const userinfo = `${fetcher}.fetchWithAuth('/userinfo', undefined, { audience: '${audience}' }).then((res) => res.json())`
      for (let n = 0; n < 2; n++) expect(await tab.run(userinfo)).toMatchObject({ sub: person.userId })

      await tab.run('client.logout({ openUrl: false })')
      expect(await tab.run('client.isAuthenticated()')).toBe(false)
      expect(await tab.refused(FRESH)).toMatchObject({ error: 'missing_refresh_token' })
      // The browser's session is still there: no form is needed. A new key is.
      await tab.logIn()
      const [key] = keys
      const next = jktOf(await tab.run('client.getTokenSilently()'))
      if (useDpop) expect(next).not.toBe(key)
      expect(next === undefined).toBe(!useDpop)
    })

    it('rotates in two tabs at once, each with its own token', async () => {
      const person = await somebody()
      const client = await app()
      const context = await browser.newContext()
      const first = await (await tabOf(client, context, { useDpop })).logIn(person)
      const second = await (await tabOf(client, context, { useDpop })).logIn()
      const tokens = (await Promise.all([first, second].map((tab) => tab.run(FOUR)))) as string[][]
      expect(new Set(tokens.flat()).size).toBe(8)
      expect(new Set(tokens.flat().map(jktOf)).size).toBe(1)
      expect(await eventsOf(person.userId, 'FamilyStarted')).toBe(2)
      expect(await eventsOf(person.userId, 'RefreshTokenRotated')).toBe(8)
      expect(await eventsOf(person.userId, 'FamilyRevoked')).toBe(0)
    })

    // What one tab writes into the storage reaches the other a moment after the lock does, so that takes a leeway.
    it('rotates in two tabs at once that share a token', async () => {
      const person = await somebody()
      const client = await app(30)
      const context = await browser.newContext()
      const first = await (await tabOf(client, context, { useDpop, cacheLocation: 'localstorage' })).logIn(person)
      const second = await tabOf(client, context, { useDpop, cacheLocation: 'localstorage' })
      const tokens = (await Promise.all([first, second].map((tab) => tab.run(FOUR)))) as string[][]
      expect(new Set(tokens.flat()).size).toBe(8)
      expect(new Set(tokens.flat().map(jktOf)).size).toBe(1)
      for (const tab of [first, second]) await tab.run(FRESH)
      expect(await eventsOf(person.userId, 'FamilyStarted')).toBe(1)
      expect(await eventsOf(person.userId, 'FamilyRevoked')).toBe(0)
    })

    it('goes on after an answer was lost, within the leeway', async () => {
      const person = await somebody()
      const tab = await tabOf(await app(30), await browser.newContext(), { useDpop, cacheLocation: 'localstorage' })
      await tab.logIn(person)
      // The nonce is known, so the next request is the exchange itself.
      await tab.run(FRESH)
      let lost = 0
      await tab.page.route('**/oauth/token', async (route) => {
        if (lost++ > 0) return route.continue()
        await route.fetch()
        return route.abort()
      })
      // The SDK repeats a lost request as it was. A proof counts once, so with DPoP the call fails and the next one is as good.
      if (useDpop) expect(await tab.refused(FRESH)).toMatchObject({ error: 'invalid_dpop_proof' })
      else await tab.run(FRESH)
      expect(lost).toBe(2)
      await tab.run(FRESH)
      await tab.run(FRESH)
      expect(await eventsOf(person.userId, 'RefreshTokenRotated')).toBe(useDpop ? 3 : 4)
      expect(await eventsOf(person.userId, 'FamilyRevoked')).toBe(0)
    })
  })

  it('a refresh token that was taken out of the browser is worth nothing without its key', async () => {
    const person = await somebody()
    const client = await app()
    const tab = await tabOf(client, await browser.newContext(), { useDpop: true, cacheLocation: 'localstorage' })
    await tab.logIn(person)
    const stolen = (await tab.run(`Object.values(localStorage).map((text) => JSON.parse(text).body?.refresh_token).find(Boolean)`)) as string
    expect(stolen).toMatch(/^v1\./)
    const body = new URLSearchParams({ grant_type: 'refresh_token', client_id: client.client_id, refresh_token: stolen })
    expect((await fetch(`${service.url}oauth/token`, { method: 'POST', body })).status).toBe(403)
    expect(jktOf(await tab.run(FRESH))).toBeDefined()
  })
})
