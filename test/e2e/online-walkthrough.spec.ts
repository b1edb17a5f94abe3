import { createHash, randomBytes } from 'node:crypto'
import { type Json, MANAGEMENT_CLIENT, startApp, type TestApp } from '../support/app.js'
import { current } from '../support/eventually.js'
import { answerOf, Visitor } from '../support/visitor.js'

/*
 * "Configure and Use Online Refresh Tokens", as its reader would follow it: what is asked for is asked for over the wire, with the document's
 * requests in the document's order, beginning with a fresh installation.
 */

const CALLBACK = 'https://your-app.example/callback'
const AUDIENCE = 'https://my-api.example.com'
const PERSON = { email: 'ada@example.com', password: 'Correct-Horse-1' }

let service: TestApp
let managementToken: string
beforeAll(async () => {
  service = await startApp()
})
afterAll(() => service.close())

async function post(path: string, body: string): Promise<{ status: number; body: Json }> {
  const res = await fetch(service.url + path, { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body })
  const text = await res.text()
  return { status: res.status, body: text === '' ? undefined : JSON.parse(text) }
}
async function management(method: string, path: string, body?: object): Promise<{ status: number; body: Json }> {
  const headers = { authorization: `Bearer ${managementToken}`, 'content-type': 'application/json' }
  const res = await current(() => fetch(`${service.url}api/v2/${path}`, { method, headers, ...(body && { body: JSON.stringify(body) }) }))
  return { status: res.status, body: await res.json() }
}
const claims = (jwt: string): Json => JSON.parse(Buffer.from(jwt.split('.')[1]!, 'base64url').toString())

it('goes as it is written', async () => {
  const { id, secret } = MANAGEMENT_CLIENT
  const asked = await post('oauth/token', `grant_type=client_credentials&client_id=${id}&client_secret=${secret}&audience=${service.url}api/v2/`)
  managementToken = asked.body.access_token
  const api = await management('POST', 'resource-servers', { name: 'My API', identifier: AUDIENCE })
  const settings = { token_endpoint_auth_method: 'none', app_type: 'spa', grant_types: ['authorization_code', 'refresh_token'], callbacks: [CALLBACK] }
  const app = (await management('POST', 'clients', { name: 'Your app', ...settings })).body
  const other = (await management('POST', 'clients', { name: 'Another app', ...settings })).body
  await management('POST', 'users', { connection: 'Username-Password-Authentication', ...PERSON })

  // Configure ORTs
  expect(api.body.allow_online_access).not.toBe(true)
  expect((await management('PATCH', `resource-servers/${api.body.id}`, { allow_online_access: true })).status).toBe(200)
  expect(await management('GET', `resource-servers/${api.body.id}`)).toMatchObject({
    status: 200,
    body: { id: api.body.id, name: 'My API', identifier: AUDIENCE, allow_online_access: true },
  })

  // Get an ORT
  const who = new Visitor(service.url)
  async function logIn(client: Json, state: string): Promise<{ status: number; body: Json }> {
    const verifier = randomBytes(32).toString('base64url')
    const challenge = createHash('sha256').update(verifier).digest('base64url')
    const first = await who.get(
      `/authorize?audience=${AUDIENCE}&scope=openid%20profile%20online_access&response_type=code&client_id=${client.client_id}` +
        `&redirect_uri=${CALLBACK}&state=${state}&code_challenge=${challenge}&code_challenge_method=S256`,
    )
    const page = first.location ? first : await who.submit(first, { username: PERSON.email, password: PERSON.password, action: 'default' })
    const { code, state: returned } = answerOf(page)
    expect(returned).toBe(state)
    return post('oauth/token', `grant_type=authorization_code&client_id=${client.client_id}&code=${code}&redirect_uri=${CALLBACK}&code_verifier=${verifier}`)
  }
  const { status, body: tokens } = await logIn(app, 'opaque')
  expect(status).toBe(200)
  expect(tokens).toEqual({
    access_token: expect.stringMatching(/^eyJ/),
    id_token: expect.stringMatching(/^eyJ/),
    refresh_token: expect.stringMatching(/^ORT/),
    token_type: 'Bearer',
    expires_in: 86_400,
    // Not in the document's example. Less than what was asked for, so RFC 6749 §5.1 wants it said.
    scope: 'openid profile',
  })

  // Use an ORT, as often as one likes: it does not rotate. Each use resets the idle end, and never the absolute one.
  const exchange = () => post('oauth/token', `grant_type=refresh_token&client_id=${app.client_id}&refresh_token=${tokens.refresh_token}`)
  const session = `sessions/${claims(tokens.id_token).sid}`
  for (let n = 0; n < 3; n++) {
    const before = (await management('GET', session)).body
    const exchanged = await exchange()
    expect(exchanged.status).toBe(200)
    expect(exchanged.body).toEqual({
      ...tokens,
      refresh_token: undefined,
      access_token: expect.stringMatching(/^eyJ/),
      id_token: expect.stringMatching(/^eyJ/),
    })
    const after = (await management('GET', session)).body
    expect(after.idle_expires_at > before.idle_expires_at).toBe(true)
    expect(after.expires_at).toBe(before.expires_at)
  }

  // Maintains SSO: another application gets tokens without a form.
  const elsewhere = await logIn(other, 'sso')
  expect(elsewhere.body.refresh_token).toMatch(/^ORT/)
  expect(claims(elsewhere.body.id_token).sid).toBe(claims(tokens.id_token).sid)

  // Revoke an ORT: the entire session ends, with all ORTs bound to it and single sign-on.
  expect(await post('oauth/revoke', `client_id=${app.client_id}&token=${tokens.refresh_token}`)).toEqual({ status: 200, body: undefined })
  const over = { status: 403, body: { error: 'invalid_grant', error_description: 'Unknown or invalid refresh token.' } }
  expect(await exchange()).toEqual(over)
  expect(await post('oauth/token', `grant_type=refresh_token&client_id=${other.client_id}&refresh_token=${elsewhere.body.refresh_token}`)).toEqual(over)
  expect(await management('GET', session)).toMatchObject({ status: 404 })
  expect((await who.get(`/authorize?response_type=code&scope=openid&client_id=${app.client_id}&redirect_uri=${CALLBACK}`)).html).toContain('name="password"')
})
