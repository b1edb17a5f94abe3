import { FindConnection } from '../../src/users/index.js'
import { type Json, startApp, type TestApp } from '../support/app.js'
import { userPath as path } from '../support/managed.js'
import { AUDIENCE, OAuthScene } from '../support/oauth.js'

let service: TestApp
let scene: OAuthScene
let userId: string
let directory: string
beforeAll(async () => {
  service = await startApp()
  scene = new OAuthScene(service)
  userId = await scene.user()
  directory = (await service.queries.execute(new FindConnection('Username-Password-Authentication')))!.id
})
afterAll(() => service.close())

type Answer = Promise<{ status: number; body: Json }>
const api = (method: string, path: string, body?: unknown): Answer => service.api(method, path, body)
const organizationOf = async (name: string, more: object = {}): Promise<string> => (await api('POST', 'organizations', { name, ...more })).body.id
const roleOf = async (name: string): Promise<string> => (await api('POST', 'roles', { name })).body.id
const member = (id: string, user = userId): string => `organizations/${id}/members/${encodeURIComponent(user)}/roles`
const NO_USER = { status: 404, body: { message: 'The user does not exist.', errorCode: 'inexistent_user' } }

describe('members', () => {
  it('join, are listed in both styles with what is known of them, and leave', async () => {
    const id = await organizationOf('members')
    const second = await scene.user({ name: 'Second' })
    expect(await api('POST', `organizations/${id}/members`, { members: [userId, second, userId] })).toMatchObject({ status: 204 })
    expect(await api('POST', `organizations/${id}/members`, { members: [second] })).toMatchObject({ status: 204 })
    const listed = (await api('GET', `organizations/${id}/members`)).body
    expect(listed.map(({ user_id }: Json) => user_id)).toEqual([userId, second])
    expect(listed[0]).toEqual({ user_id: userId, name: expect.any(String), email: expect.stringContaining('@example.com'), picture: expect.any(String) })
    const page = (await api('GET', `organizations/${id}/members?take=1&include_totals=true&fields=user_id,roles`)).body
    expect(page).toEqual({ members: [{ user_id: userId, roles: [] }], next: expect.any(String), total: 2 })
    expect((await api('GET', `organizations/${id}/members?from=${encodeURIComponent(page.next)}`)).body).toMatchObject({ members: [{ user_id: second }] })
    expect((await api('GET', `${path(userId)}/organizations?include_totals=true`)).body).toEqual({
      start: 0,
      limit: 50,
      total: 1,
      organizations: [{ id, name: 'members' }],
    })

    for (let n = 0; n < 2; n++) expect(await api('DELETE', `organizations/${id}/members`, { members: [userId, 'auth0|nobody'] })).toMatchObject({ status: 204 })
    expect((await api('GET', `${path(userId)}/organizations`)).body).toEqual([])
    expect(await api('GET', 'users/auth0%7Cnobody/organizations')).toMatchObject(NO_USER)
    expect(await api('POST', `organizations/${id}/members`, { members: [userId, 'auth0|nobody'] })).toMatchObject(NO_USER)
    expect((await api('GET', `organizations/${id}/members?include_totals=true`)).body.total).toBe(1)
    expect(await api('POST', `organizations/${id}/members`, { members: [] })).toMatchObject({ status: 400 })
  })

  it('have roles there and nowhere else', async () => {
    const [id, other] = [await organizationOf('roles-here'), await organizationOf('roles-there')]
    const [clerk, buyer] = [await roleOf('Clerk'), await roleOf('Buyer')]
    expect(await api('POST', member(id), { roles: [clerk] })).toMatchObject({ status: 404, body: { message: 'No member found by that id' } })
    for (const one of [id, other]) await api('POST', `organizations/${one}/members`, { members: [userId] })
    const at = await Promise.all([1, 2].map(() => api('POST', member(id), { roles: [clerk, buyer] })))
    expect(at.map(({ status }) => status)).toEqual([204, 204])
    expect((await api('GET', member(id))).body.map(({ name }: Json) => name).sort()).toEqual(['Buyer', 'Clerk'])
    expect((await api('GET', `${member(id)}?include_totals=true`)).body).toMatchObject({ start: 0, limit: 50, total: 2, roles: [{}, {}] })
    expect((await api('GET', member(other))).body).toEqual([])
    expect((await api('GET', `${path(userId)}/roles`)).body).toEqual([])
    expect((await api('GET', `organizations/${id}/members?fields=roles`)).body).toEqual([
      { roles: expect.arrayContaining([{ id: clerk, name: 'Clerk' }, { id: buyer, name: 'Buyer' }]) }, // prettier-ignore
    ])
    expect(await api('POST', member(id), { roles: ['rol_none'] })).toMatchObject({ status: 404, body: { message: 'The role does not exist.' } })
    expect(await api('DELETE', member(id), { roles: [clerk, 'rol_none'] })).toMatchObject({ status: 204 })
    expect((await api('GET', member(id))).body).toEqual([{ id: buyer, name: 'Buyer' }])
    await api('DELETE', `roles/${buyer}`)
    expect((await api('GET', member(id))).body).toEqual([])

    const many = await Promise.all(Array.from({ length: 51 }, (_, n) => roleOf(`Many ${n}`)))
    expect(await api('POST', member(id), { roles: many })).toMatchObject({
      status: 409,
      body: { message: 'No more roles can be assigned to this organization member.' },
    })
    expect(await api('POST', member(id), { roles: many.slice(1) })).toMatchObject({ status: 409 })
    expect(await api('POST', member(id), { roles: many.slice(2) })).toMatchObject({ status: 204 })
    await api('DELETE', `organizations/${id}/members`, { members: [userId] })
    await api('POST', `organizations/${id}/members`, { members: [userId] })
    expect((await api('GET', member(id))).body).toEqual([])
  })

  it('go when the user, the organization or the connection goes, and an id that is used again inherits nothing', async () => {
    const id = await organizationOf('comings')
    const gone = await scene.user()
    await api('POST', `organizations/${id}/members`, { members: [gone, userId] })
    await api('DELETE', path(gone))
    expect((await api('GET', `organizations/${id}/members`)).body).toMatchObject([{ user_id: userId }])
    await api('POST', 'users', {
      connection: 'Username-Password-Authentication',
      user_id: gone.slice(6),
      email: 'again@example.com',
      password: 'Test-Password-1',
    })
    expect((await api('GET', `${path(gone)}/organizations`)).body).toEqual([])
    await api('DELETE', `organizations/${id}`)
    expect((await api('GET', `${path(userId)}/organizations`)).body.map(({ name }: Json) => name)).not.toContain('comings')

    const other = await organizationOf('goings')
    const connection = (await api('POST', 'connections', { name: 'short-lived', strategy: 'auth0' })).body.id
    await api('POST', `organizations/${other}/connections`, { connection_id: connection })
    await api('DELETE', `connections/${connection}`)
    expect((await api('GET', `organizations/${other}/connections`)).body).toEqual([])
    expect(await api('PATCH', `organizations/${other}`, { display_name: 'Still here' })).toMatchObject({ status: 200 })
  })
})

it('connections are added, changed and removed, at both addresses', async () => {
  const enabled_connections = [{ connection_id: directory, assign_membership_on_login: true }]
  const id = await organizationOf('connections', { enabled_connections })
  const connection = { name: 'Username-Password-Authentication', strategy: 'auth0' }
  const settings = { connection_id: directory, assign_membership_on_login: true, show_as_button: true, is_signup_enabled: false }
  const [old, recent] = [`organizations/${id}/enabled_connections`, `organizations/${id}/connections`]
  expect((await api('GET', old)).body).toEqual([{ ...settings, connection }])
  expect((await api('GET', `${old}?include_totals=true`)).body).toMatchObject({ total: 1, enabled_connections: [settings] })
  expect((await api('GET', `${recent}/${directory}`)).body).toEqual({ ...settings, is_enabled: true, connection })
  const change = { assign_membership_on_login: false, organization_access_level: 'limited', is_enabled: false }
  expect(await api('PATCH', `${recent}/${directory}`, change)).toMatchObject({ status: 200, body: { ...settings, ...change, connection } })
  expect((await api('GET', `${recent}?is_enabled=false&include_totals=true`)).body).toMatchObject({ total: 1, connections: [{ is_enabled: false }] })
  expect((await api('GET', `${recent}?is_enabled=true`)).body).toEqual([])
  const unset = { organization_access_level: null, organization_connection_name: null, is_enabled: null }
  expect((await api('PATCH', `${recent}/${directory}`, unset)).body).toEqual({ ...settings, assign_membership_on_login: false, is_enabled: true, connection })
  expect(await api('POST', old, { connection_id: directory })).toMatchObject({
    status: 409,
    body: { message: 'The organization connection already exists.' },
  })
  for (let n = 0; n < 2; n++) expect(await api('DELETE', `${old}/${directory}`)).toMatchObject({ status: 204 })
  for (const call of [api('GET', `${old}/${directory}`), api('PATCH', `${recent}/${directory}`, {})]) {
    expect(await call).toMatchObject({ status: 404, body: { message: 'No connection found by that id' } })
  }
  const added = await api('POST', recent, { connection_id: directory, show_as_button: false })
  expect(added).toMatchObject({ status: 201, body: { ...settings, assign_membership_on_login: false, show_as_button: false } })
  const unknown = { status: 404, body: { message: 'The connection does not exist', errorCode: 'inexistent_connection' } }
  expect(await api('POST', recent, { connection_id: 'con_none' })).toMatchObject(unknown)
  expect(await api('POST', 'organizations', { name: 'nowhere', enabled_connections: [{ connection_id: 'con_none' }] })).toMatchObject(unknown)
  expect(await api('GET', 'organizations/name/nowhere')).toMatchObject({ status: 404 })
  expect(await api('POST', recent, { connection_id: directory, organization_access_level: 'all' })).toMatchObject({ status: 400 })
})

it('client grants are given and taken, and go with the grant', async () => {
  const id = await organizationOf('grants')
  await scene.api()
  const client = await scene.client()
  const grant = (await api('POST', 'client-grants', { client_id: client.client_id, audience: AUDIENCE, scope: ['read:orders'] })).body
  const at = `organizations/${id}/client-grants`
  expect(await api('POST', at, { grant_id: grant.id })).toMatchObject({ status: 201, body: grant })
  expect(await api('POST', at, { grant_id: grant.id })).toMatchObject({
    status: 409,
    body: { message: 'The client grant has already been added to this organization.' },
  })
  expect(await api('POST', at, { grant_id: 'cgr_none' })).toMatchObject({ status: 404, body: { errorCode: 'inexistent_client_grant' } })
  expect((await api('GET', `${at}?include_totals=true&client_id=${client.client_id}&grant_ids=${grant.id}`)).body).toMatchObject({
    total: 1,
    client_grants: [grant],
  })
  expect((await api('GET', `${at}?client_id=other`)).body).toEqual([])
  const clients = async (q: string): Promise<Json[]> => (await api('GET', `clients?take=10&q=client_grant.${q}`)).body.clients
  expect(await clients(`organization_id:${id}`)).toMatchObject([{ client_id: client.client_id }])
  expect([await clients('organization_id:org_other'), await clients('allow_any_organization:true')]).toEqual([[], []])
  expect((await clients('allow_any_organization:false')).map(({ client_id }) => client_id)).toContain(client.client_id)
  expect(await api('GET', 'clients?q=name:x')).toMatchObject({ status: 400, body: { errorCode: 'invalid_query_string' } })
  expect((await api('GET', `client-grants/${grant.id}/organizations?take=10`)).body).toEqual({ organizations: [{ id, name: 'grants' }] })
  await api('DELETE', `client-grants/${grant.id}`)
  expect((await api('GET', at)).body).toEqual([])
  for (let n = 0; n < 2; n++) expect(await api('DELETE', `${at}/${grant.id}`)).toMatchObject({ status: 204 })
})

it('what there is none of is an empty list', async () => {
  const id = await organizationOf('empty')
  const get = async (list: string): Promise<Json> => (await api('GET', `organizations/${id}/${list}`)).body
  expect([await get('discovery-domains?take=50'), await get('clients?take=50'), await get('invitations')]).toEqual([{ domains: [] }, { clients: [] }, []])
})

it('each part asks for its own scope', async () => {
  const id = await organizationOf('scopes', { enabled_connections: [{ connection_id: directory }] })
  const with_ = async (scopes: string[], method: string, at: string, body?: unknown): Promise<number> => {
    const token = await service.managementToken(scopes)
    return (await service.api(method, at, body, { authorization: `Bearer ${token}` })).status
  }
  const roles = `organizations/${id}/members?fields=roles`
  expect(await with_(['read:organization_members'], 'GET', roles)).toBe(403)
  expect(await with_(['read:organization_members', 'read:organization_member_roles'], 'GET', roles)).toBe(200)
  const body = { name: 'with-connections', enabled_connections: [{ connection_id: directory }] }
  expect(await with_(['create:organizations'], 'POST', 'organizations', body)).toBe(403)
  expect(await with_(['create:organizations', 'create:organization_connections'], 'POST', 'organizations', body)).toBe(201)
  expect(await with_(['read:organizations_summary'], 'GET', `organizations/${id}`)).toBe(200)
  expect(await with_(['read:organizations'], 'GET', `organizations/${id}/members`)).toBe(403)
})

it('changes that come all at once leave rows and log of one mind, and none fails', async () => {
  const people = await Promise.all(Array.from({ length: 4 }, () => scene.user()))
  const ids = await Promise.all(['race-1', 'race-2', 'race-3'].map((name) => organizationOf(name)))
  const roles = await Promise.all(['Racer 1', 'Racer 2'].map((name) => roleOf(name)))
  const calls = ids.flatMap((id, n) =>
    people.flatMap((user) => [
      () => api('POST', `organizations/${id}/members`, { members: [user] }),
      () => api('POST', member(id, user), { roles }),
      () => api('POST', `organizations/${id}/connections`, { connection_id: directory }),
      () => api('DELETE', `organizations/${id}/members`, { members: people }),
      () => api('POST', `organizations/${id}/members`, { members: people }),
      () => api('DELETE', `organizations/${id}/connections/${directory}`),
      () => api('PATCH', `organizations/${id}`, { display_name: `At ${n}` }),
      ...(user === people[1] ? [() => api('DELETE', path(people[3]!))] : []),
      ...(user === people[2] ? [() => api('DELETE', `roles/${roles[1]}`), () => api('DELETE', `organizations/${ids[2]}`)] : []),
    ]),
  )
  const answers = await Promise.all(calls.map((call) => call()))
  expect(answers.filter(({ status }) => ![200, 201, 204, 404, 409].includes(status))).toEqual([])
  const { rows } = await service.pool.query<{ user_id: string; rows: Json; states: Json }>(
    `select u.user_id,
       (select coalesce(jsonb_object_agg(m.organization_id, (
          select coalesce(jsonb_agg(r.role_id order by r.role_id), '[]') from organization_member_roles r
          where r.organization_id = m.organization_id and r.user_id = m.user_id)), '{}')
        from organization_members m where m.user_id = u.user_id and m.organization_id = any($2)) as rows,
       (select coalesce(jsonb_object_agg(held->>'organizationId', (
          select coalesce(jsonb_agg(role order by role), '[]') from jsonb_array_elements_text(held->'roles') as role where role in (select id from roles))), '{}')
        from streams s, jsonb_array_elements(s.state->'memberships') as held
        where s.id = 'user-' || u.user_id and held->>'organizationId' in (select id from organizations)) as states
     from users u where u.user_id = any($1) order by u.user_id`,
    [people, ids],
  )
  expect(rows).toHaveLength(3)
  for (const row of rows) expect(row.rows).toEqual(row.states)
  expect(await api('GET', `organizations/${ids[2]}`)).toMatchObject({ status: 404 })
  const connections = await service.pool.query(
    `select s.state->'connections' as held, (select count(*)::int from organization_connections c where c.organization_id = o.id) as count
     from organizations o join streams s on s.id = 'organization-' || o.id where o.id = any($1)`,
    [ids],
  )
  expect(connections.rows).toHaveLength(2)
  for (const { held, count } of connections.rows) expect(held).toHaveLength(count)
})
