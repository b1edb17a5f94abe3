import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import type { ClientDocument } from '../../src/authorization/index.js'
import { type Json, startApp, type TestApp } from '../support/app.js'
import { eventually } from '../support/eventually.js'
import { ROTATING } from '../support/oauth.js'
import { aClient, anApi, aPerson, authorizeUrl, PASSWORD } from '../support/people.js'
import { recorded } from '../support/recorded.js'
import { freePort } from '../support/service.js'
import { hiddenFields, type Page, Visitor } from '../support/visitor.js'

const SECRET = 'The-Clients-Secret-0123456789'
const SCOPE = 'openid profile email offline_access read:plants'

let service: TestApp
let audience: string
const threads: Worker[] = []
beforeAll(async () => {
  service = await startApp({ BACKCHANNEL_ALLOW_INSECURE_TARGETS: 'true' })
  audience = await anApi(service, { skip_consent_for_verifiable_first_party_clients: true })
})
afterAll(async () => {
  await service.close()
  await Promise.all(threads.map((thread) => thread.terminate()))
})

interface WebApp {
  readonly origin: string
  readonly client: ClientDocument
}

/** Registers and starts a web application (test/support/web-app.mjs). */
async function webApp(params: object = {}, members: Partial<ClientDocument> = {}): Promise<WebApp> {
  const port = await freePort()
  const origin = `http://localhost:${port}`
  const client = await aClient(
    service,
    {
      app_type: 'regular_web',
      // What the package sends unless it is told otherwise.
      token_endpoint_auth_method: 'client_secret_basic',
      callbacks: [`${origin}/callback`],
      allowed_logout_urls: [origin],
      refresh_token: ROTATING,
      oidc_logout: { backchannel_logout_urls: [`${origin}/backchannel-logout`] },
      skip_non_verifiable_callback_uri_confirmation_prompt: true,
      ...members,
    },
    SECRET,
  )
  const basics = { issuerBaseURL: service.url, baseURL: origin, clientID: client.client_id, clientSecret: SECRET, secret: 'a-long-secret-of-the-application' }
  const authorizationParams = { response_type: 'code', audience, scope: SCOPE }
  const workerData = { port, params: { ...basics, authRequired: false, idpLogout: true, authorizationParams, ...params } }
  const thread = new Worker(fileURLToPath(new URL('../support/web-app.mjs', import.meta.url)), { workerData })
  threads.push(thread)
  await once(thread, 'message')
  return { origin, client }
}

/** One person's browser: cookies of `localhost` are shared by all its ports, so each server has a jar of its own here. */
class Browser {
  readonly atService = new Visitor(service.url)
  readonly #atApps = new Map<string, Visitor>()

  at({ origin }: WebApp): Visitor {
    if (!this.#atApps.has(origin)) this.#atApps.set(origin, new Visitor(origin))
    return this.#atApps.get(origin)!
  }

  async logIn(app: WebApp, person?: { email: string }): Promise<Page> {
    const start = await this.at(app).get('/login')
    const page = await this.atService.get(start.location!)
    const answer = person ? await this.atService.submit(page, { username: person.email, password: PASSWORD, action: 'default' }) : page
    if (answer.location) return this.at(app).get(answer.location)
    const [, target] = /<form method="post" action="([^"]*)">/.exec(answer.html)!
    return this.at(app).post(target!, hiddenFields(answer))
  }

  async json(app: WebApp, path: string): Promise<Json> {
    return JSON.parse((await this.at(app).get(path)).html)
  }
}

it.each([
  ['the code flow', {}],
  ['the code flow with form_post', { response_mode: 'form_post' }],
])('logs in by %s, refreshes with rotation, and logs out at the service too', async (_, more) => {
  const person = await aPerson(service)
  const app = await webApp({ authorizationParams: { response_type: 'code', audience, scope: SCOPE, ...more } })
  const browser = new Browser()
  expect((await browser.logIn(app, person)).location?.href).toBe(`${app.origin}/`)
  expect(await browser.json(app, '/')).toMatchObject({ user: { sub: person.userId, email: person.email, sid: expect.any(String) } })
  for (let n = 0; n < 3; n++) expect(await browser.json(app, '/refresh')).toEqual({ renewed: true, token_type: 'Bearer' })
  expect((await recorded(service, 'RefreshTokenRotated')).filter(({ metadata }) => metadata['userId'] === person.userId)).toHaveLength(3)

  const leaving = await browser.at(app).get('/logout')
  expect(leaving.location!.pathname).toBe('/oidc/logout')
  expect((await browser.atService.get(leaving.location!)).location?.href).toBe(`${app.origin}/`)
  expect(await browser.json(app, '/')).toMatchObject({ user: null })
  const again = await browser.at(app).get('/login')
  expect((await browser.atService.get(again.location!)).html).toContain('name="password"')
})

it('logs in by an ID token in a form, as it does unless it is told otherwise', async () => {
  const person = await aPerson(service)
  const app = await webApp({ authorizationParams: {} }, { grant_types: ['implicit'] })
  const browser = new Browser()
  expect((await browser.logIn(app, person)).location?.href).toBe(`${app.origin}/`)
  expect(await browser.json(app, '/')).toMatchObject({ user: { sub: person.userId, email: person.email, sid: expect.any(String) } })
})

it('learns through the back channel that somebody logged out at another client, and only they', async () => {
  const [app, other] = [await webApp(), await webApp()]
  const [person, bystander] = [await aPerson(service), await aPerson(service)]
  const [browser, elsewhere] = [new Browser(), new Browser()]
  await browser.logIn(app, person)
  await browser.logIn(other)
  await elsewhere.logIn(app, bystander)
  expect(await browser.json(other, '/')).toMatchObject({ user: { sub: person.userId } })

  const leaving = await browser.at(other).get('/logout')
  await browser.atService.get(leaving.location!)
  await eventually(async () => (await browser.json(app, '/')).told > 0)
  expect(await browser.json(app, '/')).toMatchObject({ user: null })
  expect(await elsewhere.json(app, '/')).toMatchObject({ user: { sub: bystander.userId } })
  const delivered = async () => (await recorded(service, 'LogoutTokenDelivered')).filter(({ metadata }) => metadata['clientId'] === app.client.client_id)
  await eventually(async () => (await delivered()).length === 1)

  // A new login of the same person counts again.
  await browser.logIn(app, person)
  expect(await browser.json(app, '/')).toMatchObject({ user: { sub: person.userId } })
})

it('is logged in by the session alone where it only wants to know (attemptSilentLogin)', async () => {
  const app = await webApp({ attemptSilentLogin: true })
  const browser = new Browser()
  const html = { accept: 'text/html' }
  const asked = await browser.at(app).get('/', html)
  expect(asked.location!.searchParams.get('prompt')).toBe('none')
  const refused = await browser.atService.get(asked.location!)
  expect(refused.location!.searchParams.get('error')).toBe('login_required')

  const person = await aPerson(service)
  await browser.atService.submit(await browser.atService.get(authorizeUrl(app.client, { redirect_uri: `${app.origin}/callback` })), {
    username: person.email,
    password: PASSWORD,
  })
  const fresh = new Browser()
  const start = await fresh.at(app).get('/', html)
  const answer = await browser.atService.get(start.location!)
  await fresh.at(app).get(answer.location!)
  expect(await fresh.json(app, '/')).toMatchObject({ user: { sub: person.userId } })
})

// Its default is response_type=id_token by form_post: the implicit flow, which a client must be allowed to use.
it('is told in the form that it waits for when it asks for what its client may not use', async () => {
  const app = await webApp({ authorizationParams: undefined, clientSecret: undefined })
  const browser = new Browser()
  const answer = await browser.logIn(app)
  expect([answer.status, JSON.parse(answer.html)]).toEqual([500, expect.objectContaining({ error: 'unauthorized_client' })])
})
