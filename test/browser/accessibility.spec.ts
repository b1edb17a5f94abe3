import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import axe, { type AxeResults } from 'axe-core'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import type { ClientDocument } from '../../src/authorization/index.js'
import { ChangeTenantSettings } from '../../src/users/index.js'
import { startApp, type TestApp } from '../support/app.js'
import { chromiumPath, launchChromium, picture } from '../support/chromium.js'
import { aClient, anApi, aPerson, authorizeUrl, DIRECTORY, PASSWORD } from '../support/people.js'

const describeInBrowser = chromiumPath ? describe : describe.skip
const SIZES = [
  { width: 390, height: 844 },
  { width: 1280, height: 800 },
]

describeInBrowser('the pages', () => {
  let service: TestApp
  let browser: Browser
  let application: Server
  let callback: string
  let client: ClientDocument
  let context: BrowserContext
  let page: Page
  beforeAll(async () => {
    application = createServer((_, res) => void res.setHeader('content-type', 'text/html').end('<title>App</title>'))
    await new Promise<void>((done) => application.listen(0, done))
    callback = `http://localhost:${(application.address() as AddressInfo).port}/callback`
    service = await startApp()
    await service.commands.execute(new ChangeTenantSettings({ friendly_name: 'Green Thumb Inc.', enabled_locales: ['en', 'de'] }, {}))
    client = await aClient(service, { callbacks: [callback], initiate_login_uri: 'https://app.example/login' })
    browser = await launchChromium()
  })
  afterAll(async () => {
    await browser.close()
    await service.close()
    application.close()
    application.closeAllConnections()
  })

  describe.each([
    ['en', 'Log in', ['light', 'dark']],
    ['de', 'Anmelden', ['dark', 'light']],
  ] as const)('in %s', (language, logIn, colorSchemes) => {
    beforeEach(async () => {
      context = await browser.newContext({ locale: language, baseURL: service.url })
      page = await context.newPage()
    })
    afterEach(() => context.close())

    const url = (parameters: Record<string, string> = {}, app = client): string => authorizeUrl(app, { redirect_uri: callback, ...parameters })
    /**
     * What axe-core finds, and whether anything sticks out to the side, on a phone and on a desktop: one in light and one in dark, and the other way
     * round in the other language.
     */
    async function check(name: string): Promise<void> {
      expect(await page.getAttribute('html', 'lang')).toBe(language)
      // The page's policy lets no script run; what the browser is told from outside is not the page's.
      await page.evaluate(axe.source)
      const found: unknown[] = []
      for (const [n, size] of SIZES.entries()) {
        const colorScheme = colorSchemes[n]!
        await page.emulateMedia({ colorScheme })
        await page.setViewportSize(size)
        const { violations, incomplete } = await page.evaluate<AxeResults>("axe.run({ resultTypes: ['violations', 'incomplete'] })")
        for (const { id, nodes } of [...violations, ...incomplete])
          found.push({ colorScheme, ...size, id, html: nodes.map(({ html, failureSummary }) => [html, failureSummary]) })
        if (await page.evaluate('document.documentElement.scrollWidth > window.innerWidth')) found.push({ ...size, id: 'too wide' })
        await picture(page, `${name}-${language}-${colorScheme}`)
      }
      expect(found).toEqual([])
    }
    async function fill(person: { email: string }, password = PASSWORD): Promise<void> {
      await page.locator('input[name=username]').fill(person.email)
      await page.locator('input[name=password]').fill(password)
      await page.locator('button[name=action][value=default]').click()
    }

    it('log in', async () => {
      await page.goto(url())
      expect(await page.locator('h1').innerText()).toBe(logIn)
      await check('login')
      await fill({ email: 'somebody-with-quite-a-long-name@a-rather-long-domain.example.com' }, 'wrong')
      await page.getByRole('alert').waitFor()
      await check('login-problem')
    })

    it('log in where there is more than one way', async () => {
      const app = await aClient(service, { callbacks: [callback] })
      for (const [name, display_name] of [
        ['members', 'Members'],
        ['staff', 'Staff'],
        ['partners', 'Partners and suppliers of Green Thumb Inc. in all countries'],
      ]) {
        const connection = { name: `${name}-${language}`, display_name, strategy: 'auth0', enabled_clients: [app.client_id] }
        expect((await service.api('POST', 'connections', connection)).status).toBe(201)
      }
      await page.goto(url({}, app))
      expect(await page.locator('button[name=connection]').count()).toBe(2)
      await check('login-connections')
    })

    it('sign up', async () => {
      await page.goto(url({ screen_hint: 'signup' }))
      await check('sign-up')
      await page.locator('input[name=email]').fill('new@example.com')
      await page.locator('input[name=password]').fill('short')
      await page.locator('button[name=action]').click()
      await page.getByRole('alert').waitFor()
      await check('sign-up-problem')
    })

    it('consent', async () => {
      const directory = `connections/${(await service.api('GET', `connections?name=${DIRECTORY}`)).body[0].id}`
      await service.api('PATCH', directory, { is_domain_connection: true })
      const audience = await anApi(service)
      const app = await aClient(service, { is_first_party: false, callbacks: [callback], name: 'Plant Doctor' })
      const scope = 'openid profile email offline_access read:plants water:plants'
      await page.goto(url({ scope, audience, code_challenge: 'x'.repeat(43), code_challenge_method: 'S256' }, app))
      await fill(await aPerson(service))
      await page.locator('button[value=deny]').waitFor()
      await check('consent')
      await service.api('PATCH', directory, { is_domain_connection: false })
    })

    it('name an organization, and choose one', async () => {
      const { body: directory } = await service.api('GET', `connections?name=${DIRECTORY}`)
      const person = await aPerson(service)
      const enabled_connections = [{ connection_id: directory[0].id }]
      for (const [name, display_name] of [
        ['acme', 'ACME'],
        ['green-thumb', 'Green Thumb Inc. and all of its subsidiaries in every country that has a garden'],
        ['long', 'Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft'],
      ]) {
        const { body } = await service.api('POST', 'organizations', { name: `${name}-${language}`, display_name, enabled_connections })
        await service.api('POST', `organizations/${body.id}/members`, { members: [person.userId] })
      }
      const asking = (organization_require_behavior: string): Promise<ClientDocument> =>
        aClient(service, { callbacks: [callback], organization_usage: 'allow', organization_require_behavior })
      await page.goto(url({}, await asking('pre_login_prompt')))
      await check('organization-name')
      await page.locator('input[name=organization]').fill('unknown')
      await page.locator('button[name=action][value=default]').click()
      await page.getByRole('alert').waitFor()
      await check('organization-name-problem')
      await page.goto(url({}, await asking('post_login_prompt')))
      await fill(person)
      await page.locator('button[name=organization]').first().waitFor()
      await check('organization-picker')
    })

    it('choose an account, and log out', async () => {
      await page.goto(url())
      await fill(await aPerson(service, { email: `somebody-with-quite-a-long-name-${language}@a-rather-long-domain.example.com` }))
      await page.waitForURL(`${callback}**`)
      await page.goto(url({ prompt: 'select_account' }))
      await page.locator('button[value=other]').waitFor()
      await check('choose-account')
      await page.goto('/oidc/logout')
      await check('confirm-logout')
      await page.locator('button[value=accept]').click()
      await page.waitForURL(`${service.url}u/logout`)
      await check('logged-out')
    })

    it('an error', async () => {
      await page.goto(url({ redirect_uri: 'https://evil.example/' }))
      await check('error')
      await page.goto('/authorize')
      await check('error-nobody')
    })

    it('an answer by form_post, before it is sent', async () => {
      // The browser stays where it is.
      await page.route(callback, (route) => route.fulfill({ status: 204 }))
      await page.goto(url({ response_mode: 'form_post', prompt: 'none' }), { waitUntil: 'commit' })
      await page.locator('h1').waitFor()
      await check('form-post')
    })
  })
})
