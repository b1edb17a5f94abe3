import type { ClientDocument } from '../../src/authorization/index.js'
import { type Json, startApp, type TestApp } from '../support/app.js'
import { eventually } from '../support/eventually.js'
import { aClient, DIRECTORY } from '../support/people.js'
import { recorded } from '../support/recorded.js'

const LOGIN = 'https://app.example/login?from=mail'

let service: TestApp
let client: ClientDocument
let id: string
beforeAll(async () => {
  service = await startApp()
  client = await aClient(service, { organization_usage: 'allow', initiate_login_uri: LOGIN })
  id = await organizationOf('acme')
})
afterAll(() => service.close())

const api = (method: string, path: string, body?: unknown): Promise<{ status: number; body: Json }> => service.api(method, path, body)
const organizationOf = async (name: string): Promise<string> => (await api('POST', 'organizations', { name })).body.id
const bodyFor = (email: string, more: object = {}): object => ({ inviter: { name: 'Ada' }, invitee: { email }, client_id: client.client_id, ...more })
const invite = (email: string, more: object = {}, of = id): Promise<{ status: number; body: Json }> =>
  api('POST', `organizations/${of}/invitations`, bodyFor(email, more))
const NO_INVITATION = { status: 404, body: { statusCode: 404, message: 'The invitation does not exist.', errorCode: 'inexistent_invitation' } }
const SECONDS = 1000

it('an invitation is made with all that it brings, read, and deleted once', async () => {
  const role = (await api('POST', 'roles', { name: 'Gardener' })).body.id
  const connection_id = (await api('GET', `connections?name=${DIRECTORY}`)).body[0].id
  const more = { connection_id, app_metadata: { plan: 'gold' }, user_metadata: { lang: 'de' }, roles: [role, role], ttl_sec: 60 }
  const { status, body } = await invite('Grace@Example.com', more)
  expect(status).toBe(201)
  expect(body).toEqual({
    id: expect.stringMatching(/^uinv_[A-Za-z0-9]{16}$/),
    organization_id: id,
    inviter: { name: 'Ada' },
    invitee: { email: 'grace@example.com' },
    invitation_url: `${LOGIN}&invitation=${body.ticket_id}&organization=${id}&organization_name=acme`,
    created_at: expect.any(String),
    expires_at: expect.any(String),
    client_id: client.client_id,
    connection_id,
    app_metadata: { plan: 'gold' },
    user_metadata: { lang: 'de' },
    roles: [role],
    ticket_id: expect.stringMatching(/^[A-Za-z0-9]{32}$/),
  })
  expect(Date.parse(body.expires_at) - Date.parse(body.created_at)).toBe(60 * SECONDS)
  const at = `organizations/${id}/invitations/${body.id}`
  expect(await api('GET', at)).toMatchObject({ status: 200, body })
  expect((await api('GET', `${at}?fields=id,roles`)).body).toEqual({ id: body.id, roles: [role] })
  expect((await api('GET', `${at}?fields=ticket_id,invitation_url&include_fields=false`)).body).not.toHaveProperty('ticket_id')
  const other = await organizationOf('other')
  for (const method of ['GET', 'DELETE']) expect(await api(method, `organizations/${other}/invitations/${body.id}`)).toMatchObject(NO_INVITATION)

  const answers = await Promise.all([1, 2, 3].map(() => api('DELETE', at)))
  expect(answers.map((answer) => answer.status).sort()).toEqual([204, 404, 404])
  for (const method of ['GET', 'DELETE']) expect(await api(method, at)).toMatchObject(NO_INVITATION)
  expect((await api('GET', `organizations/${id}/invitations`)).body).toEqual([])
})

it('without more it lasts seven days and leads to where the tenant begins a login', async () => {
  const plain = await aClient(service, { organization_usage: 'require' })
  const needed = { status: 400, body: { errorCode: 'invalid_body', message: 'A default login route is required to generate the invitation url.' } }
  expect(await invite('a@example.com', { client_id: plain.client_id })).toMatchObject(needed)
  await api('PATCH', 'tenants/settings', { default_redirection_uri: 'https://start.example' })
  const { body } = await invite('a@example.com', { client_id: plain.client_id, ttl_sec: 0 })
  expect(body.invitation_url).toBe(`https://start.example/?invitation=${body.ticket_id}&organization=${id}&organization_name=acme`)
  expect(Date.parse(body.expires_at) - Date.parse(body.created_at)).toBe(604_800 * SECONDS)
  for (const member of ['connection_id', 'app_metadata', 'user_metadata', 'roles']) expect(body).not.toHaveProperty(member)
  await api('DELETE', `organizations/${id}/invitations/${body.id}`)
})

it.each([
  [{ inviter: undefined }, `'Missing required property: inviter' on property inviter`],
  [{ inviter: {} }, `'Missing required property: name' on property inviter.name`],
  [{ inviter: { name: 'x'.repeat(301) } }, `'String is too long (301 chars), maximum 300' on property inviter.name`],
  [{ invitee: { email: 'nobody' } }, `on property invitee.email`],
  [{ client_id: undefined }, `'Missing required property: client_id' on property client_id`],
  [{ ttl_sec: 2_592_001 }, `'Value 2592001 is greater than maximum 2592000' on property ttl_sec`],
  [{ ttl_sec: -1 }, `'Value -1 is less than minimum 0' on property ttl_sec`],
  [{ roles: Array.from({ length: 51 }, (_, n) => `rol_${n}`) }, `'Array is too long (51), maximum 50' on property roles`],
  [{ send_invitation_email: 'yes' }, `'Expected type boolean but found type string' on property send_invitation_email`],
  [{ app_metadata: [] }, `on property app_metadata`],
  [{ ticket_id: 'mine' }, `'Additional properties not allowed: ticket_id'`],
  [{ client_id: 'nobody' }, 'The specified client_id does not exist.'],
  [{ connection_id: 'con_0000000000000000' }, 'The specified connection does not exist.'],
  [{ roles: ['rol_1', 'rol_2'] }, 'One or more of the specified roles do not exist: rol_1, rol_2'],
])('%j is refused', async (more, message) => {
  expect(await invite('a@example.com', more)).toMatchObject({ status: 400, body: { errorCode: 'invalid_body', message: expect.stringContaining(message) } })
})

it('is for applications that know organizations, and for organizations that there are', async () => {
  const denying = await aClient(service, { initiate_login_uri: LOGIN })
  const message = `The specified client_id (${denying.client_id}) does not allow organizations.`
  expect(await invite('a@example.com', { client_id: denying.client_id })).toMatchObject({ status: 400, body: { message, errorCode: 'invalid_body' } })
  const none = { status: 404, body: { message: 'No organization found by that id or name' } }
  for (const [method, at, body] of [
    ['GET', ''],
    ['POST', '', bodyFor('a@example.com')],
    ['GET', '/uinv_x'],
    ['DELETE', '/uinv_x'],
  ] as const) {
    expect(await api(method, `organizations/org_none/invitations${at}`, body)).toMatchObject(none)
  }
})

it('are listed newest first or as asked, page by page, to a depth', async () => {
  const of = await organizationOf('listed')
  const ids: string[] = []
  for (const ttl_sec of [300, 100, 200]) ids.push((await invite(`p${ttl_sec}@example.com`, { ttl_sec }, of)).body.id)
  const list = async (query = ''): Promise<Json> => (await api('GET', `organizations/${of}/invitations${query}`)).body
  const idsOf = (rows: Json): string[] => rows.map((row: Json) => row.id)
  expect(idsOf(await list())).toEqual([...ids].reverse())
  expect(idsOf(await list('?sort=created_at:1'))).toEqual(ids)
  expect(idsOf(await list('?sort=expires_at:1'))).toEqual([ids[1], ids[2], ids[0]])
  const page = await list('?page=1&per_page=2&include_totals=true&fields=id')
  expect(page).toEqual({ start: 2, limit: 2, total: 3, invitations: [{ id: ids[0] }] })
  expect(await list('?page=9')).toEqual([])
  for (const sort of ['email:1', 'created_at', 'id;drop:1']) expect(await list(`?sort=${sort}`)).toMatchObject({ errorCode: 'invalid_query_string' })
  const deep = { statusCode: 400, message: 'Requesting page exceeds the allowed maximum of 1000 records', errorCode: 'invalid_paging' }
  expect([await list('?page=10&per_page=100'), await list('?page=11&per_page=100')]).toMatchObject([[], deep])
})

it('ends with its organization or its time, and then nothing of it can be read any more', async () => {
  const of = await organizationOf('ending')
  const { body } = await invite('heidi@example.com', {}, of)
  const overdue = (await invite('ivan@example.com')).body.id
  await service.pool.query(`update organization_invitations set expires_at = now() where id = $1`, [overdue])
  expect(await api('GET', `organizations/${id}/invitations/${overdue}`)).toMatchObject(NO_INVITATION)
  expect((await api('DELETE', `organizations/${of}`)).status).toBe(204)
  await eventually(async () => (await service.pool.query('select from person_keys where person_id = $1', [`invitation-${body.id}`])).rowCount === 0)
  expect((await service.pool.query('select from organization_invitations where id = $1', [body.id])).rowCount).toBe(0)
  const ended = (await recorded(service, 'InvitationEnded')).filter(({ metadata }) => metadata['organizationId'] === of)
  expect(ended).toMatchObject([{ data: { reason: 'organization-deleted' } }])
})

it('keeps addresses, names and tickets out of everything that is stored in clear, and each part asks for its own scope', async () => {
  const { body } = await invite('judy@example.com', { inviter: { name: 'Mallory Inviter' } })
  const at = `organizations/${id}/invitations`
  const tables = ['events', 'streams', 'organization_invitations', 'tenant_logs']
  await eventually(async () => (await api('GET', 'logs?q=description:%22Create%20invitations%20to%20organization%22')).body.length > 0)
  for (const table of tables) {
    const { rows } = await service.pool.query<{ row: string }>(`select t::text as row from ${table} as t`)
    for (const secret of ['judy@example.com', 'Mallory Inviter', body.ticket_id]) {
      expect([table, secret, rows.filter(({ row }) => row.includes(secret)).length]).toEqual([table, secret, 0])
    }
  }
  const status = async (scope: string, method: string, path: string, sent?: unknown): Promise<number> =>
    (await service.api(method, path, sent, { authorization: `Bearer ${await service.managementToken([scope])}` })).status
  expect(await status('read:organizations', 'GET', at)).toBe(403)
  expect(await status('read:organization_invitations', 'GET', `${at}/${body.id}`)).toBe(200)
  expect(await status('read:organization_invitations', 'POST', at, bodyFor('a@example.com'))).toBe(403)
  expect(await status('create:organization_invitations', 'POST', at, bodyFor('a@example.com'))).toBe(201)
  expect(await status('create:organization_invitations', 'DELETE', `${at}/${body.id}`)).toBe(403)
  expect(await status('delete:organization_invitations', 'DELETE', `${at}/${body.id}`)).toBe(204)
  const read = await eventually(async () => (await recorded(service, 'SecretRead')).at(-1))
  expect(read.data).toMatchObject({ path: `/api/v2/${at}/${body.id}`, accessedSecrets: ['ticket_id'] })
  const { paths } = (await api('GET', 'openapi.json')).body
  expect([Object.keys(paths['/organizations/{id}/invitations']), Object.keys(paths['/organizations/{id}/invitations/{invitationId}'])]).toEqual([
    ['get', 'post'],
    ['delete', 'get'],
  ])
  const { schema } = paths['/organizations/{id}/invitations'].post.requestBody.content['application/json']
  expect(schema.properties.send_invitation_email).toEqual({ type: 'boolean', description: expect.stringContaining('No mail is sent') })
})
