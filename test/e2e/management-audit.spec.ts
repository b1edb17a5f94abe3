import { MANAGEMENT_SCOPES } from '../../src/authorization/index.js'
import { createOwnerClient } from '../../src/database/pool.js'
import { ADMINISTRATOR, startApp, type TestApp } from '../support/app.js'
import { dumpTables, formsOf } from '../support/dump.js'
import { logIn } from '../support/logins.js'
import { connectionsOf, userPath, usersOf } from '../support/managed.js'
import { aClient, anApi, aPerson, DIRECTORY, PASSWORD } from '../support/people.js'
import { recorded } from '../support/recorded.js'

let service: TestApp
beforeAll(async () => {
  service = await startApp()
})
afterAll(() => service.close())

const { create: createConnection } = connectionsOf(() => service)
const { made: madeUser } = usersOf(() => service)

/** A call and what the log says of it. */
async function logged(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<{ answer: object; description: string; details: Details }> {
  const correlation = `call ${Math.random()}`
  const answer = await service.api(method, path, body, { 'x-correlation-id': correlation, ...headers })
  expect([200, 201, 202, 204]).toContain(answer.status)
  const { body: rows } = await service.api('GET', 'logs?per_page=20')
  const row = rows.find(({ references }: { references?: { correlation_id: string } }) => references?.correlation_id === correlation)
  return { answer: answer.body, description: row.description, details: row.details }
}

interface Details {
  readonly request: {
    readonly path: string
    readonly query: object
    readonly body: object
    readonly auth: { readonly user: object; readonly credentials: object }
  }
  readonly response: { readonly body: object }
  readonly accessedSecrets: readonly string[]
}

describe('what the log keeps of a write', () => {
  it('is no secret of a connection, neither of what was asked nor of what was answered', async () => {
    const text = 'Audit-Planted'
    const options = {
      ...{ client_secret: text, twilio_token: text, decryptionKey: text, basic_auth_password: text, scope: 'openid' },
      ...{ configuration: { MY_CFG: text }, bind_credentials: text, bindCredentials: text, token: { of: text }, secret: { of: [text] }, api_key: [text] },
      ...{ gateway: [{ key: text, private_key: { pem: text }, refresh_token: { of: text } }], passwordPolicy: 'low' },
    }
    const created = await createConnection({ options })
    expect(created).toMatchObject({ status: 201, body: { options } })
    const { details } = await logged('PATCH', `connections/${created.body.id}`, { options: { ...options, scope: 'email' } })
    const kept = { client_secret: 'REDACTED', gateway: [{}], passwordPolicy: 'low' }
    expect(details.request.body).toEqual({ options: { ...kept, scope: 'email' } })
    expect(details.response.body).toMatchObject({ options: { ...kept, scope: 'email' } })
    const owner = createOwnerClient(service.config.databaseUrl)
    await owner.connect()
    const rows = await dumpTables(owner)
    await owner.end()
    expect(rows.filter(({ row }) => formsOf(text).some((form) => row.includes(form)))).toEqual([])
  })

  it('bears the name that Auth0 was seen to write', async () => {
    const { body: api } = await service.api('POST', 'resource-servers', { identifier: 'https://named' })
    const { answer, description } = await logged('POST', 'clients', { name: 'Named' })
    const { client_id } = answer as { client_id: string }
    const grant = { client_id, audience: api.identifier, scope: [] }
    const names = [
      (await logged('POST', 'client-grants', grant)).description,
      (await logged('POST', 'organizations', { name: 'named' })).description,
      (await logged('POST', 'roles', { name: 'Named' })).description,
    ]
    expect([description, ...names]).toEqual(['Create a client', 'Create client grant', 'Create an Organization', 'Create a role'])
  })

  it('bears a name in the same manner where something ends', async () => {
    const [client, audience, person] = [await aClient(service), await anApi(service), await aPerson(service)]
    const { sessionId } = await logIn(service, client, person, audience)
    const names = [
      (await logged('DELETE', `${userPath(person.userId)}/refresh-tokens`)).description,
      (await logged('POST', 'refresh-tokens/revoke', { user_id: person.userId })).description,
      (await logged('POST', `sessions/${sessionId}/revoke`)).description,
    ]
    expect(names).toEqual(['Delete all refresh tokens of a user', 'Revoke refresh tokens', 'Revoke a session'])
  })

  it('is what has the name of a secret and is none', async () => {
    const { body: api } = await service.api('POST', 'resource-servers', { identifier: 'https://audited' })
    const scopes = [{ value: 'admin:all', description: 'd' }]
    const { details } = await logged('PATCH', `resource-servers/${api.id}`, { scopes })
    expect([details.request.body, details.response.body]).toMatchObject([{ scopes }, { scopes }])
    const metadata = { key: 'k', value: 'v', code: 'c' }
    expect((await logged('POST', 'clients', { name: 'x', client_metadata: metadata })).details.request.body).toEqual({ name: 'x', client_metadata: metadata })
    const headers = { httpEndpoint: 'https://a.example', httpCustomHeaders: [{ header: 'x', value: 'Header-Planted' }] }
    await service.api('POST', 'log-streams', { name: 's', type: 'http', sink: headers })
    expect(JSON.stringify(await recorded(service, 'ManagementRequestSucceeded'))).not.toContain('Header-Planted')
  })

  it('is what was done to a user, and nothing that tells of a person', async () => {
    const { details: created, answer } = await logged('POST', 'users', {
      ...{ connection: DIRECTORY, email: 'audited.person@example.com', password: PASSWORD, verify_email: false, user_metadata: { of: 'Person-Planted' } },
    })
    expect(created.request.body).toEqual({
      ...{ connection: DIRECTORY, email: '*****', password: '*****', verify_email: false, user_metadata: '*****' },
    })
    const { user_id: id } = answer as { user_id: string }
    expect(created.response.body).toMatchObject({ user_id: id, email: '*****', email_verified: false, created_at: expect.stringMatching(/^\d{4}-/) })
    for (const blocked of [true, false]) {
      const { details } = await logged('PATCH', userPath(id), { blocked, user_metadata: null })
      expect(details.request.body).toEqual({ blocked, user_metadata: null })
      expect(details.response.body).toMatchObject({ blocked })
    }
    const facts = JSON.stringify(await recorded(service, 'ManagementRequestSucceeded'))
    for (const text of ['audited.person', PASSWORD, 'Person-Planted']) expect(facts).not.toContain(text)
  })

  it('is whom it was done to, and no address that somebody typed', async () => {
    const { user_id: id } = await madeUser({ user_id: 'own.id@example.com' })
    expect(id).toBe('auth0|own.id@example.com')
    expect((await logged('PATCH', userPath(id), { blocked: true })).details.request.path).toBe(`/api/v2/${userPath(id)}`)
    expect((await logged('DELETE', `grants?user_id=${encodeURIComponent(id)}`)).details.request.query).toEqual({ user_id: id })
    for (const nobody of ['typed@example.com', 'auth0|typed@example.com']) {
      expect((await service.api('PATCH', userPath(nobody), { blocked: true })).status).toBe(404)
    }
    await service.api('DELETE', 'grants?user_id=typed@example.com')
    const { rows } = await service.pool.query(`select 1 from events where data::text like '%typed%'`)
    expect(rows).toEqual([])
  })

  it('is which secrets were answered', async () => {
    const { answer, details } = await logged('POST', 'clients', { name: 'x' })
    expect(details.accessedSecrets).toEqual(['client_secret'])
    const { client_id } = answer as { client_id: string }
    expect((await logged('DELETE', `clients/${client_id}`)).details.accessedSecrets).toEqual([])
  })

  it('is which administrator did it', async () => {
    const { rows } = await service.pool.query<{ user_id: string }>('select user_id from users where administrator')
    const { user_id } = rows[0]!
    const authorization = `Bearer ${await service.managementToken(['create:clients'], { sub: user_id, gty: undefined })}`
    const { details } = await logged('POST', 'clients', { name: 'x' }, { authorization })
    expect(details.request.auth.user).toEqual({ user_id, name: ADMINISTRATOR.email, email: ADMINISTRATOR.email })
    expect((await logged('POST', 'clients', { name: 'x' })).details.request.auth.user).toEqual({ name: '' })
  })

  it('is cut where it is too long, and says so', async () => {
    const { details } = await logged('POST', 'connections', { name: 'long', strategy: 'auth0', options: { customScripts: { login: 'x'.repeat(20_000) } } })
    expect(details.request.body).toMatchObject({ name: 'long', options: expect.stringMatching(/^\[cut: 20\d{3} characters\]$/) })
    expect(details.request.auth.credentials).toEqual({ scopes: expect.any(Array), further_scopes: MANAGEMENT_SCOPES.length - 20 })
  })
})

describe('what the log keeps of a read', () => {
  it('that shows secrets is which, and what it was', async () => {
    const { body: client } = await service.api('POST', 'clients', { name: 'x' })
    const { body: connection } = await createConnection({ options: { api_key: 'x' }, enabled_clients: [client.client_id] })
    const { body: api } = await service.api('POST', 'resource-servers', { identifier: 'https://hs', signing_alg: 'HS256' })
    const { body: organization } = await service.api('POST', 'organizations', { name: 'audited' })
    const invitations = `organizations/${organization.id}/invitations`
    const application = { client_id: client.client_id, inviter: { name: 'A' }, invitee: { email: 'invited@example.com' } }
    await service.api('PATCH', `clients/${client.client_id}`, { initiate_login_uri: 'https://app.example.com/login', organization_usage: 'allow' })
    const { answer: invitation, details: invited } = await logged('POST', invitations, application)
    expect(invited.accessedSecrets).toEqual(['ticket_id'])
    const reads: [string, string, string][] = [
      ['clients', 'Get clients', 'client_secret'],
      [`clients/search?q=client_id:${client.client_id}`, 'Search clients', 'client_secret'],
      [`clients/${client.client_id}`, 'Get a client', 'client_secret'],
      [`clients/${client.client_id}/connections?take=50`, 'Get enabled connections for a client', 'options.api_key'],
      [`connections?name=${connection.name}`, 'Get all connections', 'options.api_key'],
      [`connections/${connection.id}`, 'Get a connection', 'options.api_key'],
      ['resource-servers', 'Get resource servers', 'signing_secret'],
      ['resource-servers/search?q=identifier:*', 'Search resource servers', 'signing_secret'],
      [`resource-servers/${api.id}`, 'Get a resource server', 'signing_secret'],
      [invitations, 'Get invitations to an organization', 'ticket_id'],
      [`${invitations}/${(invitation as { id: string }).id}`, 'Get an invitation to an organization', 'ticket_id'],
    ]
    const told = []
    for (const [path] of reads) {
      const { description, details } = await logged('GET', path)
      told.push([path, description, ...details.accessedSecrets])
    }
    expect(told).toEqual(reads)
  })
})
