import { request } from 'node:http'
import { type Json, MANAGEMENT_CLIENT, startApp, type TestApp } from '../support/app.js'
import { AUDIENCE, OAuthScene, ROTATING } from '../support/oauth.js'

let service: TestApp
let scene: OAuthScene
let bearer: string
beforeAll(async () => {
  service = await startApp()
  scene = new OAuthScene(service)
  bearer = `Bearer ${await goToken()}`
  await scene.api()
})
afterAll(() => service.close())

interface Wire {
  readonly status: number
  readonly type: string | undefined
  readonly body: Json
}

/** A request as Go's client sends it: always with a media type, also with a body where HTTP gives it no meaning, which fetch refuses to send. */
function go(method: string, at: string, body = 'null'): Promise<Wire> {
  const headers = { authorization: bearer, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), 'user-agent': 'Go-Auth0/1.30.0' }
  return new Promise((resolve, reject) => {
    const outgoing = request(new URL(`api/v2/${at}`, service.url), { method, headers }, (incoming) => {
      let text = ''
      incoming.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      incoming.once('end', () =>
        resolve({ status: incoming.statusCode!, type: incoming.headers['content-type'], body: text === '' ? undefined : JSON.parse(text) }),
      )
    })
    outgoing.once('error', reject).end(body)
  })
}

/** Go's oauth2 package tries Basic first, with the audience as a parameter of the form. */
async function goToken(): Promise<string> {
  const basic = Buffer.from(`${MANAGEMENT_CLIENT.id}:${MANAGEMENT_CLIENT.secret}`).toString('base64')
  const body = new URLSearchParams({ grant_type: 'client_credentials', audience: `${service.url}api/v2/` })
  const res = await fetch(`${service.url}oauth/token`, { method: 'POST', body, headers: { authorization: `Basic ${basic}` } })
  expect(res.status).toBe(200)
  return ((await res.json()) as { access_token: string }).access_token
}

describe('what the Go SDK and the Terraform provider send', () => {
  it.each(['null', '{}', '0'])('is taken with %s as the body of GET and DELETE', async (junk) => {
    const made = await go('POST', 'clients', JSON.stringify({ name: 'By Go' }))
    expect(made).toMatchObject({ status: 201, type: 'application/json; charset=utf-8' })
    const { client_id } = made.body
    expect(await go('GET', `clients/${client_id}`, junk)).toMatchObject({ status: 200, body: { client_id } })
    expect(await go('DELETE', `clients/${client_id}`, junk)).toMatchObject({ status: 204, body: undefined })
    expect(await go('GET', `clients/${client_id}`, junk)).toMatchObject({ status: 404, body: { statusCode: 404, message: 'The client does not exist' } })
  })

  it('finds an API by its identifier, encoded once by the SDK and twice by the data source', async () => {
    for (const id of [encodeURIComponent(AUDIENCE), encodeURIComponent(encodeURIComponent(AUDIENCE))])
      expect(await go('GET', `resource-servers/${id}`)).toMatchObject({ status: 200, body: { identifier: AUDIENCE, token_lifetime: 86_400 } })
  })

  it('reads and writes users by encoded ids, with bodies on DELETE', async () => {
    const userId = encodeURIComponent(await scene.user())
    const role = (await go('POST', 'roles', JSON.stringify({ name: 'Reader' }))).body.id
    expect(await go('POST', `users/${userId}/roles`, JSON.stringify({ roles: [role] }))).toMatchObject({ status: 204 })
    expect((await go('GET', `users/${userId}/roles?include_totals=true&per_page=50`)).body).toMatchObject({
      start: 0,
      limit: 50,
      total: 1,
      roles: [{ id: role }],
    })
    expect(await go('DELETE', `users/${userId}/roles`, JSON.stringify({ roles: [role] }))).toMatchObject({ status: 204 })
    expect((await go('GET', `users/${userId}/roles`)).body).toEqual([])
    expect(await go('DELETE', `roles/${role}`)).toMatchObject({ status: 200, body: {} })
  })

  it('pages in mixed styles', async () => {
    const connections = (await go('GET', 'connections?include_totals=true&per_page=50&take=50')).body
    expect(connections.connections).toHaveLength(1)
    expect(Array.isArray(connections)).toBe(false)
    const client = await scene.client({ refresh_token: ROTATING })
    const userId = await scene.user()
    await scene.refreshToken(client, userId)
    const tokens = (await go('GET', `users/${encodeURIComponent(userId)}/refresh-tokens?include_totals=true&per_page=50`)).body
    expect(tokens).toMatchObject({ total: 1, tokens: [{ resource_servers: [{ audience: AUDIENCE, scopes: expect.any(String) }] }] })
    expect((await go('GET', `clients/${client.client_id}/credentials?include_totals=true&per_page=50`)).body).toEqual([])
    expect((await go('GET', `resource-servers?include_totals=true&per_page=50&page=7`)).body).toMatchObject({ start: 350, resource_servers: [] })
    expect((await go('GET', `client-grants?audience=${encodeURIComponent(AUDIENCE)}&include_totals=true&take=50`)).body).toMatchObject({ client_grants: [] })
  })

  it('writes with no body at all, and is answered errors that its structs take', async () => {
    const { client_id } = (await go('POST', 'clients', JSON.stringify({ name: 'Rotated' }))).body
    const rotated = await go('POST', `clients/${client_id}/rotate-secret`, '')
    expect(rotated).toMatchObject({ status: 200, body: { client_secret: expect.any(String) } })
    expect((await go('PATCH', `clients/${client_id}`, JSON.stringify({ name: 5, nonsense: true }))).body).toEqual({
      statusCode: 400,
      error: 'Bad Request',
      message: expect.any(String),
      errorCode: 'invalid_body',
    })
    expect((await go('POST', 'clients', '{"name":')).body).toMatchObject({ statusCode: 400, message: expect.any(String) })
  })
})
