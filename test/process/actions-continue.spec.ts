import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Json } from '../support/app.js'
import { eventually } from '../support/eventually.js'
import { PKCE } from '../support/logins.js'
import { cleanUp, freePort, preparedFolder, Service } from '../support/service.js'
import { answerOf, type Page, Visitor } from '../support/visitor.js'

const CLIENT = { MANAGEMENT_CLIENT_ID: 'management', MANAGEMENT_CLIENT_SECRET: 'a-secret-for-tests-0123456789' }
const CALLBACK = 'https://app.example/callback'
const PERSON = { connection: 'Username-Password-Authentication', email: 'ada@example.com', password: 'Correct-Horse-1', email_verified: true }

const folder = preparedFolder()
/** Where the Action says that it has gone on, and waits to be let go. */
let gate: Server
let entered: ServerResponse[] = []
let service: Service
let who: Visitor
let clientId: string
let userId: string

beforeAll(async () => {
  gate = createServer((_, res) => void entered.push(res))
  await new Promise<void>((done) => gate.listen(0, '127.0.0.1', done))
  service = await new Service(await freePort(), folder, { ...CLIENT, ALLOW_PRIVATE_TARGETS: 'true' }).ready()
  clientId = (await api('POST', 'clients', { name: 'App', app_type: 'spa', oidc_conformant: true, is_first_party: true, callbacks: [CALLBACK] })).client_id
  userId = (await api('POST', 'users', PERSON)).user_id
  await bindAction()
  who = new Visitor(`http://localhost:${service.port}/`)
})
afterAll(async () => {
  gate.closeAllConnections()
  gate.close()
  await cleanUp(folder)
})

async function api(method: string, path: string, body?: object): Promise<Json> {
  const base = `http://localhost:${service.port}/`
  const headers = { 'content-type': 'application/json', connection: 'close' }
  const [client_id, client_secret] = [CLIENT.MANAGEMENT_CLIENT_ID, CLIENT.MANAGEMENT_CLIENT_SECRET]
  const credentials = { grant_type: 'client_credentials', client_id, client_secret, audience: `${base}api/v2/` }
  const { access_token } = (await (await fetch(`${base}oauth/token`, { method: 'POST', headers, body: JSON.stringify(credentials) })).json()) as Json
  const authorized = { ...headers, authorization: `Bearer ${access_token}` }
  const res = await fetch(`${base}api/v2/${path}`, { method, headers: authorized, ...(body && { body: JSON.stringify(body) }) })
  if (!res.ok) throw new Error(`${method} ${path}: ${res.status} ${await res.text()}`)
  return res.json()
}

async function bindAction(): Promise<void> {
  const host = `127.0.0.1:${(gate.address() as AddressInfo).port}`
  const code = `
    exports.onExecutePostLogin = async (event, api) => api.redirect.sendUserTo('https://terms.example/')
    exports.onContinuePostLogin = async (event, api) => {
      api.user.setUserMetadata('accepted', (event.user.user_metadata.accepted ?? 0) + 1)
      if (event.request.query.wait) await fetch('http://${host}/')
    }`
  const { id } = await api('POST', 'actions/actions', { name: 'Terms', supported_triggers: [{ id: 'post-login' }], code, allowed_hosts: [host] })
  await eventually(async () => (await api('GET', `actions/actions/${id}`)).status === 'built', 60_000)
  await api('POST', `actions/actions/${id}/deploy`)
  await api('PATCH', 'actions/triggers/post-login/bindings', { bindings: [{ ref: { type: 'action_id', value: id } }] })
}

/** The state with which a login, or single sign-on, sends the browser away. */
async function sentAway(): Promise<string> {
  const wanted = { response_type: 'code', client_id: clientId, redirect_uri: CALLBACK, scope: 'openid', ...PKCE }
  let page = await who.get(`/authorize?${new URLSearchParams(wanted).toString()}`)
  if (page.html.includes('name="password"')) page = await who.submit(page, { username: PERSON.email, password: PERSON.password, action: 'default' })
  expect(page.location?.origin).toBe('https://terms.example')
  return page.location!.searchParams.get('state')!
}

const back = (state: string, more = ''): Promise<Page> => who.get(`/continue?state=${state}${more}`)
const accepted = async (): Promise<number | undefined> => (await api('GET', `users/${encodeURIComponent(userId)}`)).user_metadata?.accepted
const isRefused = ({ status, alert, location }: Page): void =>
  expect({ status, alert, location }).toEqual({ status: 400, alert: expect.stringContaining('invalid_request'), location: undefined })

/** The browser is back, and its Action under way in the service. */
async function goingOn(state: string, signal?: AbortSignal): Promise<{ readonly lost: Promise<unknown>; readonly held: ServerResponse }> {
  entered = []
  const cookie = [...who.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const answer = fetch(new URL(`/continue?state=${state}&wait=1`, who.base), { headers: { cookie }, redirect: 'manual', ...(signal && { signal }) })
  const lost = answer.then(
    () => 'answered',
    () => 'lost',
  )
  return { lost, held: await eventually(() => entered[0], 30_000) }
}

test('a login whose process is killed when its browser is back is over: nothing of it is done, then or later, and a new one goes on', async () => {
  const state = await sentAway()
  const { lost } = await goingOn(state)
  process.kill(service.workers('http').at(-1)!, 'SIGKILL')
  expect(await lost).toBe('lost')
  await eventually(() => service.workers('http').length > 1)
  isRefused(await eventually(() => back(state).catch(() => undefined)))
  isRefused(await back(state))
  expect(await accepted()).toBeUndefined()

  const again = await sentAway()
  expect(answerOf(await back(again))).toMatchObject({ code: expect.any(String) })
  expect(await accepted()).toBe(1)
  isRefused(await back(again))
  expect(await accepted()).toBe(1)
})

test('a login whose browser goes away before the answer is done once', async () => {
  const before = (await accepted()) ?? 0
  const state = await sentAway()
  const leaving = new AbortController()
  const { lost, held } = await goingOn(state, leaving.signal)
  leaving.abort()
  expect(await lost).toBe('lost')
  isRefused(await back(state))
  held.end()
  await eventually(async () => (await accepted()) === before + 1)
  isRefused(await back(state))
  expect(answerOf(await back(await sentAway()))).toMatchObject({ code: expect.any(String) })
  expect(await accepted()).toBe(before + 2)
})
