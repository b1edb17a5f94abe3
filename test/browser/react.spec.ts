import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'
import type { Browser, Page } from 'playwright-core'
import { EndSession } from '../../src/sessions/index.js'
import type { TestApp } from '../support/app.js'
import { chromiumPath, launchChromium } from '../support/chromium.js'
import { startHttpsApp } from '../support/https.js'
import { claimsOf, ROTATING } from '../support/oauth.js'
import { aClient, anApi, aPerson, PASSWORD } from '../support/people.js'
import { recorded } from '../support/recorded.js'
import { serveSpa } from '../support/spa.js'

const describeInBrowser = chromiumPath ? describe : describe.skip

/** As a developer's bundler makes it. */
function bundled(): string {
  const { outputFiles } = buildSync({
    entryPoints: [fileURLToPath(new URL('react-app.jsx', import.meta.url))],
    bundle: true,
    write: false,
    jsx: 'automatic',
    define: { 'process.env.NODE_ENV': '"production"' },
    logLevel: 'error',
  })
  return outputFiles[0]!.text
}

describeInBrowser('@auth0/auth0-react in a browser', () => {
  let service: TestApp
  let browser: Browser
  let spa: Awaited<ReturnType<typeof serveSpa>>
  let audience: string
  beforeAll(async () => {
    const running = await startHttpsApp()
    service = running.service
    spa = await serveSpa({ tls: running.tls, script: bundled() })
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

  async function open(options: object): Promise<{ page: Page; complaints: string[] }> {
    const client = await aClient(service, {
      app_type: 'spa',
      callbacks: [spa.origin],
      web_origins: [spa.origin],
      allowed_logout_urls: [spa.origin],
      refresh_token: ROTATING,
      skip_non_verifiable_callback_uri_confirmation_prompt: true,
    })
    const authorizationParams = { redirect_uri: spa.origin, audience, scope: 'openid profile email read:plants' }
    const page = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage()
    await page.addInitScript(
      `window.auth0Options = ${JSON.stringify({ domain: service.url.slice(0, -1), clientId: client.client_id, authorizationParams, ...options })}`,
    )
    const complaints: string[] = []
    page.on('pageerror', (error) => complaints.push(error.message))
    await page.goto(spa.origin)
    return { page, complaints }
  }
  /** Asks for a token, and answers what the application was given, or the error's code. */
  async function ask(page: Page): Promise<string> {
    const before = await page.locator('output').innerText()
    await page.getByRole('button', { name: 'Ask' }).click()
    await page.waitForFunction(`document.querySelector('output').innerText !== ${JSON.stringify(before)}`)
    return page.locator('output').innerText()
  }

  const options = { cacheLocation: 'localstorage', useRefreshTokens: true }
  it.each([
    // Once the session is over the SDK logs out by itself, or says what its token met; rotating tokens go on.
    ['by the session, in an iframe', {}, 'Log in'],
    ['by rotating refresh tokens', options, undefined],
    ['by online refresh tokens with DPoP', { ...options, useDpop: true, refreshTokenMode: 'online' }, 'invalid_grant'],
  ])('logs in, gets tokens silently and logs out, %s', async (_, over, shownAfter) => {
    const person = await aPerson(service)
    const { page, complaints } = await open(over)
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.locator('input[name=username]').fill(person.email)
    await page.locator('input[name=password]').fill(PASSWORD)
    await page.locator('button[name=action][value=default]').click()
    await page.getByText(`Hello ${person.email}`).waitFor()
    const tokens = [await ask(page), await ask(page)]
    await page.reload()
    await page.getByText(`Hello ${person.email}`).waitFor()
    tokens.push(await ask(page))
    expect(new Set(tokens).size).toBe(3)
    for (const token of tokens) expect(claimsOf(token)).toMatchObject({ sub: person.userId, aud: [audience, `${service.url}userinfo`] })

    const [started] = (await recorded(service, 'SessionStarted')).filter(({ data }) => data['userId'] === person.userId)
    if (shownAfter !== undefined) {
      await service.commands.execute(new EndSession(started!.metadata['sessionId'] as string, 'api', {}))
      await page.getByRole('button', { name: 'Ask' }).click()
      await page.getByText(shownAfter).waitFor()
    }
    if (shownAfter !== 'Log in') await page.getByRole('button', { name: 'Log out' }).click()
    await page.getByRole('button', { name: 'Log in' }).click()
    // Nobody is known any more.
    await page.locator('input[name=password]').waitFor()
    expect(complaints).toEqual([])
  })

  it('tells the application what was refused', async () => {
    const { page } = await open({ authorizationParams: { redirect_uri: spa.origin, audience: 'https://nobody.example/' } })
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByRole('alert').waitFor()
    expect(await page.getByRole('alert').innerText()).toContain('Service not found: https://nobody.example/')
  })
})
