import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import type { ClientDocument } from '../../src/authorization/index.js'
import { ChangeTenantSettings } from '../../src/users/index.js'
import { startApp, type TestApp } from '../support/app.js'
import { chromiumPath, launchChromium, picture } from '../support/chromium.js'
import { eventually } from '../support/eventually.js'
import { claimsOf } from '../support/oauth.js'
import { aClient, aPerson, authorizeUrl, DIRECTORY, PASSWORD } from '../support/people.js'

const describeInBrowser = chromiumPath ? describe : describe.skip

describeInBrowser('in a browser', () => {
  let service: TestApp
  let browser: Browser
  let application: Server
  let callback: string
  let client: ClientDocument
  /** What the application got: the query, or the form. */
  const answers: Record<string, string>[] = []

  beforeAll(async () => {
    application = createServer((req, res) => {
      let body = ''
      req.on('data', (chunk: Buffer) => (body += chunk.toString()))
      req.on('end', () => {
        const { pathname, search } = new URL(req.url!, 'http://app')
        if (pathname === '/callback') answers.push(Object.fromEntries(new URLSearchParams(req.method === 'POST' ? body : search)))
        const frame = pathname === '/frame' ? `<iframe src="${url()}"></iframe>` : ''
        res.setHeader('content-type', 'text/html').end(`<title>App</title>${frame}`)
      })
    })
    await new Promise<void>((done) => application.listen(0, done))
    callback = `http://localhost:${(application.address() as AddressInfo).port}/callback`
    service = await startApp()
    await service.commands.execute(new ChangeTenantSettings({ friendly_name: 'Green Thumb Inc.' }, {}))
    client = await aClient(service, { callbacks: [callback] })
    browser = await launchChromium()
  })
  afterAll(async () => {
    await browser.close()
    await service.close()
    application.close()
    application.closeAllConnections()
  })

  const url = (parameters: Record<string, string> = {}, app = client): string =>
    new URL(authorizeUrl(app, { redirect_uri: callback, ...parameters }), service.url).href

  /** A page of a browser of its own, that must not complain. */
  async function open(address: string, options: BrowserContextOptions = {}): Promise<{ page: Page; complaints: string[] }> {
    const page = await (await browser.newContext(options)).newPage()
    const complaints: string[] = []
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(error.message))
    await page.goto(address)
    return { page, complaints }
  }
  const answer = async (page: Page): Promise<Record<string, string>> => {
    await page.waitForURL(`${callback}**`)
    return answers.at(-1)!
  }

  it('a person logs in without scripts, after a wrong password, and is known from then on', async () => {
    const person = await aPerson(service)
    const { page, complaints } = await open(url(), { javaScriptEnabled: false })
    await picture(page, 'login')
    await page.getByLabel('Email address').fill(person.email)
    await page.getByLabel('Password').fill('wrong')
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.getByRole('alert').waitFor()
    expect(await page.getByRole('alert').innerText()).toBe('Wrong email or password.')
    expect(await page.getByLabel('Email address').inputValue()).toBe(person.email)
    await picture(page, 'login-wrong')
    await page.locator('input[name=username]').fill(person.email)
    await page.locator('input[name=password]').fill(PASSWORD)
    await page.locator('button[type=submit][name=action][value=default]').click()
    expect(await answer(page)).toMatchObject({ code: expect.any(String), state: 'some state' })
    await page.goto(url({ prompt: 'none', state: 'again' }))
    expect(await answer(page)).toMatchObject({ code: expect.any(String), state: 'again' })
    // A wrong password is a 400, which browsers note.
    expect(complaints.filter((text) => !text.includes('400'))).toEqual([])
  })

  it('everything can be done with the keyboard, and the first empty field has the focus', async () => {
    const person = await aPerson(service)
    const { page } = await open(url({ login_hint: person.email }))
    // A browser moves the focus when it first draws the page, after its load.
    await page.locator('#password:focus').waitFor()
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press('Enter')
    expect(await answer(page)).toMatchObject({ code: expect.any(String) })
  })

  it('somebody new signs up and is logged in', async () => {
    const { page, complaints } = await open(url({ state: 'new' }))
    await page.getByRole('link', { name: 'Sign up' }).click()
    await picture(page, 'sign-up')
    await page.locator('input[name=email]').fill('fresh@example.com')
    await page.locator('input[name=password]').fill('short')
    await page.locator('button[name=action][value=default]').click()
    expect(await page.getByRole('alert').innerText()).toContain('at least 8 characters')
    await picture(page, 'sign-up-refused')
    await page.locator('input[name=password]').fill('Long-Enough-1')
    await page.locator('button[name=action][value=default]').click()
    expect(await answer(page)).toMatchObject({ code: expect.any(String), state: 'new' })
    expect(complaints.filter((text) => !text.includes('400'))).toEqual([])
  })

  it('an answer is posted by itself, and by its button where no script runs', async () => {
    const person = await aPerson(service)
    const parameters = { response_mode: 'form_post', prompt: 'login', state: '<"&>' }
    for (const javaScriptEnabled of [true, false]) {
      const { page, complaints } = await open(url(parameters), { javaScriptEnabled })
      await page.locator('input[name=username]').fill(person.email)
      await page.locator('input[name=password]').fill(PASSWORD)
      await page.locator('button[name=action]').click()
      if (!javaScriptEnabled) {
        await page.getByRole('heading', { name: 'One moment' }).waitFor()
        await picture(page, 'form-post')
        await page.getByRole('button', { name: 'Continue' }).click()
      }
      expect(await answer(page)).toEqual({ code: expect.any(String), state: '<"&>' })
      expect(complaints).toEqual([])
    }
  })

  it('a client of somebody else is allowed', async () => {
    const person = await aPerson(service)
    const { page } = await open(url({ prompt: 'consent', scope: 'openid profile email offline_access' }))
    await page.locator('input[name=username]').fill(person.email)
    await page.locator('input[name=password]').fill(PASSWORD)
    await page.locator('button[name=action]').click()
    await page.getByRole('heading', { name: 'Allow access?' }).waitFor()
    await picture(page, 'consent')
    await page.locator('button[name=action][value=accept]').click()
    expect(await answer(page)).toMatchObject({ code: expect.any(String) })
  })

  it('a person names their organization before the login, or picks it after, without scripts, whatever is loaded again', async () => {
    const person = await aPerson(service)
    const { body: directory } = await service.api('GET', `connections?name=${DIRECTORY}`)
    const ids: Record<string, string> = {}
    for (const name of ['first', 'second']) {
      const enabled_connections = [{ connection_id: directory[0].id }]
      ids[name] = (await service.api('POST', 'organizations', { name, display_name: `The ${name}`, enabled_connections })).body.id
      await service.api('POST', `organizations/${ids[name]}/members`, { members: [person.userId] })
    }
    const asking = (organization_require_behavior: string): Promise<ClientDocument> =>
      aClient(service, { callbacks: [callback], organization_usage: 'require', organization_require_behavior, token_endpoint_auth_method: 'none' })
    const chosen = async (page: Page, app: ClientDocument): Promise<unknown> => {
      const { code } = await answer(page)
      const form = { grant_type: 'authorization_code', client_id: app.client_id, code: code!, redirect_uri: callback }
      const tokens = await fetch(`${service.url}oauth/token`, { method: 'POST', body: new URLSearchParams(form) })
      return (claimsOf(((await tokens.json()) as { id_token: string }).id_token) as { org_id?: string }).org_id
    }
    const logIn = async (page: Page): Promise<void> => {
      await page.locator('input[name=username]').fill(person.email)
      await page.locator('input[name=password]').fill(PASSWORD)
      await page.locator('button[name=action][value=default]').click()
    }

    const before = await asking('pre_login_prompt')
    const { page } = await open(url({}, before), { javaScriptEnabled: false })
    await page.getByLabel('Name of your organization').fill('third')
    await page.keyboard.press('Enter')
    await page.getByRole('alert').waitFor()
    await picture(page, 'organization-name')
    await page.reload()
    await page.getByLabel('Name of your organization').fill('second')
    await page.getByRole('button', { name: 'Continue' }).click()
    await logIn(page)
    expect(await chosen(page, before)).toBe(ids['second'])

    const after = await asking('post_login_prompt')
    const { page: other } = await open(url({}, after), { javaScriptEnabled: false })
    await logIn(other)
    await other.getByRole('button', { name: 'The first' }).waitFor()
    await other.reload()
    await picture(other, 'organization-picker')
    const tab = await other.context().newPage()
    await tab.goto(url({}, after))
    await other.getByRole('button', { name: 'The first' }).click()
    expect(await chosen(other, after)).toBe(ids['first'])
    await tab.getByRole('button', { name: 'The second' }).click()
    expect(await chosen(tab, after)).toBe(ids['second'])
  })

  it('an error is shown on a page, in the dark too', async () => {
    const { page } = await open(url({ redirect_uri: 'https://evil.example/' }), { colorScheme: 'dark' })
    expect(await page.getByRole('alert').innerText()).toContain('Callback URL mismatch')
    await picture(page, 'error-dark')
    await page.goto(url())
    await picture(page, 'login-dark')
  })

  it('no page can be framed', async () => {
    const { page } = await open(new URL('/frame', callback).href)
    await eventually(() => page.frames().some((frame) => frame.url().startsWith('chrome-error:')))
  })
})
