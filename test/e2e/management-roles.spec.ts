import { eventually } from '../support/eventually.js'
import { type Json, startApp, type TestApp } from '../support/app.js'
import { AUDIENCE, OAuthScene } from '../support/oauth.js'
import { recorded } from '../support/recorded.js'

let service: TestApp
let scene: OAuthScene
let userId: string
beforeAll(async () => {
  service = await startApp()
  scene = new OAuthScene(service)
  await scene.api({ scopes: [{ value: 'read:orders', description: 'Read orders' }, { value: 'write:orders' }] })
  userId = await scene.user()
})
afterAll(() => service.close())

const api = (method: string, path: string, body?: unknown): Promise<{ status: number; body: Json }> => service.api(method, path, body)
const roleOf = async (name: string): Promise<string> => (await api('POST', 'roles', { name })).body.id
const permission = (permission_name: string, resource_server_identifier = AUDIENCE): object => ({ resource_server_identifier, permission_name })
const path = (id: string): string => `users/${encodeURIComponent(id)}`
const NO_ROLE = { status: 404, body: { statusCode: 404, error: 'Not Found', message: 'The role does not exist.' } }

describe('roles', () => {
  it('are made, read, changed, listed and deleted', async () => {
    const made = await api('POST', 'roles', { name: 'Clerk', description: 'Keeps orders' })
    expect(made).toMatchObject({ status: 200, body: { id: expect.stringMatching(/^rol_[A-Za-z0-9]{16}$/), name: 'Clerk', description: 'Keeps orders' } })
    const { id } = made.body
    expect((await api('GET', `roles/${id}`)).body).toEqual(made.body)
    expect(await api('PATCH', `roles/${id}`, { name: 'Senior clerk' })).toMatchObject({
      status: 200,
      body: { id, name: 'Senior clerk', description: 'Keeps orders' },
    })
    expect((await api('PATCH', `roles/${id}`, { description: '' })).body).toEqual({ id, name: 'Senior clerk' })
    expect((await api('GET', 'roles?name_filter=SENIOR')).body).toEqual([{ id, name: 'Senior clerk' }])
    expect((await api('GET', 'roles?name_filter=%25&type=tenant')).body).toEqual([])
    expect((await api('GET', 'roles?include_totals=true&per_page=1')).body).toMatchObject({ start: 0, limit: 1, total: 1, roles: [{ id }] })
    expect((await api('GET', 'roles?page=7&include_totals=true')).body).toMatchObject({ total: 1, roles: [] })
    expect(await api('DELETE', `roles/${id}`)).toMatchObject({ status: 200, body: {} })
    for (const call of [
      api('GET', `roles/${id}`),
      api('PATCH', `roles/${id}`, { name: 'x' }),
      api('DELETE', `roles/${id}`),
      api('GET', `roles/${id}/permissions`),
      api('POST', `roles/${id}/permissions`, { permissions: [permission('read:orders')] }),
      api('DELETE', `roles/${id}/permissions`, { permissions: [permission('read:orders')] }),
      api('GET', `roles/${id}/users`),
      api('POST', `roles/${id}/users`, { users: [userId] }),
      api('POST', `${path(userId)}/roles`, { roles: [id] }),
    ]) {
      expect(await call).toMatchObject(NO_ROLE)
      expect((await call).body).not.toHaveProperty('errorCode')
    }
  })

  it('have names of their own, also when two make one at once', async () => {
    const answers = await Promise.all([1, 2, 3].map(() => api('POST', 'roles', { name: 'Only one' })))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409])
    const refused = answers.find(({ status }) => status === 409)!
    expect(refused.body).toMatchObject({ message: 'The role already exists.', error: 'Conflict' })
    const other = await roleOf('Another')
    expect(await api('PATCH', `roles/${other}`, { name: 'Only one' })).toMatchObject({ status: 409 })
  })

  it.each([
    [{}, `Payload validation error: 'Missing required property: name' on property name.`],
    [{ name: '' }, `Payload validation error: 'String is too short (0 chars), minimum 1' on property name.`],
    [{ name: 'x'.repeat(51) }, `Payload validation error: 'String is too long (51 chars), maximum 50' on property name.`],
    [{ name: 'x', color: 1 }, `Payload validation error: 'Additional properties not allowed: color'.`],
  ])('refuse %j', async (body, message) => {
    expect(await api('POST', 'roles', body)).toMatchObject({ status: 400, body: { message, errorCode: 'invalid_body' } })
  })
})

describe('permissions of a role', () => {
  it('are added, listed with their APIs, and removed', async () => {
    const id = await roleOf('Reader')
    const two = [permission('read:orders'), permission('write:orders')]
    expect(await api('POST', `roles/${id}/permissions`, { permissions: two })).toMatchObject({ status: 201, body: {} })
    expect(await api('POST', `roles/${id}/permissions`, { permissions: two })).toMatchObject({ status: 201 })
    expect((await api('GET', `roles/${id}/permissions`)).body).toEqual([
      { ...permission('read:orders'), resource_server_name: 'Orders', description: 'Read orders' },
      { ...permission('write:orders'), resource_server_name: 'Orders', description: '' },
    ])
    expect((await api('GET', `roles/${id}/permissions?include_totals=true&per_page=1&page=1`)).body).toMatchObject({ start: 1, total: 2, permissions: [{}] })
    expect((await api('DELETE', `roles/${id}/permissions`, { permissions: [permission('read:orders'), permission('never')] })).status).toBe(204)
    expect((await api('GET', `roles/${id}/permissions`)).body).toMatchObject([permission('write:orders')])
  })

  it('must be scopes of an API', async () => {
    const id = await roleOf('Dreamer')
    const post = (one: object): Promise<{ status: number; body: Json }> => api('POST', `roles/${id}/permissions`, { permissions: [one] })
    expect(await post(permission('read:orders', 'https://nowhere/'))).toMatchObject({ status: 404, body: { errorCode: 'inexistent_resource_server' } })
    expect(await post(permission('fly'))).toMatchObject({ status: 400, body: { errorCode: 'invalid_body' } })
    expect(await api('POST', `roles/${id}/permissions`, { permissions: [] })).toMatchObject({ status: 400 })
    expect(await api('DELETE', `roles/${id}/permissions`)).toMatchObject({ status: 400 })
  })

  it('do not pass to a new API with the identifier of a former one', async () => {
    const identifier = 'https://reborn.example.com/'
    const make = async (): Promise<string> => (await api('POST', 'resource-servers', { identifier, scopes: [{ value: 'x' }] })).body.id
    const first = await make()
    const id = await roleOf('Heir')
    await api('POST', `roles/${id}/permissions`, { permissions: [permission('x', identifier)] })
    await api('POST', `${path(userId)}/permissions`, { permissions: [permission('x', identifier)] })
    await api('DELETE', `resource-servers/${first}`)
    await make()
    expect((await api('GET', `roles/${id}/permissions`)).body).toEqual([])
    expect((await api('GET', `${path(userId)}/permissions`)).body).toEqual([])
    expect((await api('POST', `roles/${id}/permissions`, { permissions: [permission('x', identifier)] })).status).toBe(201)
    expect((await api('GET', `roles/${id}/permissions`)).body).toHaveLength(1)
    expect((await api('DELETE', `roles/${id}/permissions`, { permissions: [permission('x', identifier)] })).status).toBe(204)
    expect((await api('GET', `roles/${id}/permissions`)).body).toEqual([])
  })
})

describe('users and roles', () => {
  it('are joined from either side, and parted', async () => {
    const [id, other] = [await roleOf('Member'), await roleOf('Guest')]
    const second = await scene.user()
    expect((await api('POST', `${path(userId)}/roles`, { roles: [id, other, id] })).status).toBe(204)
    expect((await api('POST', `roles/${id}/users`, { users: [userId, second] })).status).toBe(200)
    // Given at the same time, so in the order of their ids.
    const both = [
      { id, name: 'Member' },
      { id: other, name: 'Guest' },
    ].sort((a, b) => (a.id < b.id ? -1 : 1))
    expect((await api('GET', `${path(userId)}/roles`)).body).toEqual(both)
    expect((await api('GET', `${path(second)}/roles?include_totals=true`)).body).toMatchObject({ total: 1, roles: [{ id }] })
    const { body: users } = await api('GET', `roles/${id}/users`)
    expect(users.map((user: Json) => user.user_id)).toEqual([userId, second])
    expect(users[0]).toEqual({ user_id: userId, name: expect.any(String), email: expect.stringContaining('@example.com'), picture: expect.any(String) })
    const { body: page } = await api('GET', `roles/${id}/users?take=1`)
    expect(page).toMatchObject({ users: [{ user_id: userId }], next: expect.any(String) })
    const { body: last } = await api('GET', `roles/${id}/users?take=1&from=${encodeURIComponent(page.next)}`)
    expect(last.users).toMatchObject([{ user_id: second }])
    expect(last).not.toHaveProperty('next')
    expect((await api('DELETE', `${path(userId)}/roles`, { roles: [id, 'rol_0000000000000000'] })).status).toBe(204)
    expect((await api('GET', `${path(userId)}/roles`)).body).toEqual([{ id: other, name: 'Guest' }])
    await api('DELETE', `roles/${other}`)
    expect((await api('GET', `${path(userId)}/roles`)).body).toEqual([])
  })

  it('know of each other only as long as both are there', async () => {
    const id = await roleOf('Widow')
    const gone = await scene.user()
    await api('POST', `roles/${id}/users`, { users: [gone] })
    await api('DELETE', path(gone))
    expect((await api('GET', `roles/${id}/users?include_totals=true`)).body).toMatchObject({ total: 0, users: [] })
    const NO_USER = { status: 404, body: { message: 'The user does not exist.', errorCode: 'inexistent_user' } }
    expect(await api('POST', `roles/${id}/users`, { users: [userId, gone] })).toMatchObject(NO_USER)
    expect(await api('GET', `${path(gone)}/roles`)).toMatchObject(NO_USER)
    expect(await api('POST', `${path(gone)}/roles`, { roles: [id] })).toMatchObject(NO_USER)
    expect(await api('DELETE', `${path(gone)}/roles`, { roles: [id] })).toMatchObject(NO_USER)
    expect(await api('GET', `${path(gone)}/permissions`)).toMatchObject(NO_USER)
    expect(await api('POST', `${path(gone)}/permissions`, { permissions: [permission('read:orders')] })).toMatchObject(NO_USER)
    // Nobody was given the role by the request that failed.
    expect((await api('GET', `${path(userId)}/roles`)).body).toEqual([])
  })

  it('assign while the role is being deleted: it is either had by nobody or was refused', async () => {
    for (let n = 0; n < 5; n++) {
      const id = await roleOf(`Fleeting ${n}`)
      const [, assigned] = await Promise.all([api('DELETE', `roles/${id}`), api('POST', `${path(userId)}/roles`, { roles: [id] })])
      expect([204, 404]).toContain(assigned.status)
      expect((await api('GET', `${path(userId)}/roles`)).body).toEqual([])
    }
  })

  it('assign many at once without losing one', async () => {
    const roles = await Promise.all(Array.from({ length: 8 }, (_, n) => roleOf(`Crowd ${n}`)))
    const many = await scene.user()
    const answers = await Promise.all(roles.map((id) => api('POST', `${path(many)}/roles`, { roles: [id] })))
    expect(answers.map(({ status }) => status)).toEqual(roles.map(() => 204))
    expect((await api('GET', `${path(many)}/roles`)).body).toHaveLength(8)
  })
})

describe('permissions of a user', () => {
  it('are direct ones and those of roles, each with where it comes from', async () => {
    const someone = await scene.user()
    const id = await roleOf('Source')
    await api('POST', `roles/${id}/permissions`, { permissions: [permission('read:orders'), permission('write:orders')] })
    await api('POST', `${path(someone)}/roles`, { roles: [id] })
    expect(await api('POST', `${path(someone)}/permissions`, { permissions: [permission('read:orders')] })).toMatchObject({ status: 201, body: {} })
    const { body } = await api('GET', `${path(someone)}/permissions?include_totals=true`)
    const role = { source_id: id, source_name: 'Source', source_type: 'ROLE' }
    const direct = { source_id: '', source_name: '', source_type: 'DIRECT' }
    expect(body.total).toBe(2)
    expect(body.permissions.find((one: Json) => one.permission_name === 'read:orders').sources).toEqual(expect.arrayContaining([role, direct]))
    expect(body.permissions.find((one: Json) => one.permission_name === 'write:orders').sources).toEqual([role])
    expect((await api('DELETE', `${path(someone)}/permissions`, { permissions: [permission('read:orders'), permission('write:orders')] })).status).toBe(204)
    const { body: left } = await api('GET', `${path(someone)}/permissions`)
    expect(left).toHaveLength(2)
    for (const { sources } of left) expect(sources).toEqual([role])
  })

  it('end with the user: who comes after under the same id has none', async () => {
    const someone = await scene.user()
    await api('POST', `${path(someone)}/permissions`, { permissions: [permission('read:orders')] })
    await api('DELETE', path(someone))
    const again = await api('POST', 'users', {
      connection: 'Username-Password-Authentication',
      email: 'heir@example.com',
      password: 'Correct-Horse-1',
      user_id: someone.split('|')[1],
    })
    expect(again.body.user_id).toBe(someone)
    expect((await api('GET', `${path(someone)}/permissions`)).body).toEqual([])
    expect((await api('POST', `${path(someone)}/permissions`, { permissions: [permission('read:orders')] })).status).toBe(201)
    expect((await api('GET', `${path(someone)}/permissions`)).body).toHaveLength(1)
  })

  it('have a limit', async () => {
    const identifier = 'https://many.example.com/'
    const scopes = Array.from({ length: 1000 }, (_, n) => ({ value: `p${n}` }))
    await api('POST', 'resource-servers', { identifier, scopes })
    const someone = await scene.user()
    const all = scopes.map(({ value }) => permission(value, identifier))
    expect((await api('POST', `${path(someone)}/permissions`, { permissions: all })).status).toBe(201)
    expect(await api('POST', `${path(someone)}/permissions`, { permissions: [permission('read:orders')] })).toMatchObject({
      status: 400,
      body: { message: 'No more permissions can be assigned to this user.' },
    })
  })
})

describe('ids that nobody has', () => {
  it.each(['%00', '%ED%A0%80', '..%2F', 'x'.repeat(3000), '%F0%9F%92%A9', "'%20or%201=1--"])('%s is refused cleanly', async (id) => {
    for (const [method, route, body] of [
      ['GET', `roles/${id}`],
      ['PATCH', `roles/${id}`, { name: 'x' }],
      ['DELETE', `roles/${id}`],
      ['GET', `roles/${id}/permissions`],
      ['POST', `roles/${id}/users`, { users: [userId] }],
      ['GET', `users/${id}/roles`],
      ['DELETE', `users/${id}/roles`, { roles: ['rol_x'] }],
      ['GET', `users/${id}/permissions`],
      ['POST', `users/${id}/permissions`, { permissions: [permission('read:orders')] }],
    ] as const) {
      const { status } = await api(method, route, body)
      expect(status).toBeGreaterThanOrEqual(400)
      expect(status).toBeLessThan(500)
    }
  })

  it('are refused in bodies and queries alike', async () => {
    for (const text of ['a\0b', '\ud800']) {
      expect((await api('POST', `${path(userId)}/roles`, { roles: [text] })).status).toBe(400)
      expect((await api('POST', 'roles', { name: text })).status).toBe(400)
      expect((await api('POST', `${path(userId)}/permissions`, { permissions: [permission(text)] })).status).toBe(400)
    }
    expect([200, 400]).toContain((await api('GET', 'roles?name_filter=%00')).status)
  })
})

describe('in the log', () => {
  it('every change is an event, and a row for operators', async () => {
    for (const type of ['RoleCreated', 'RoleChanged', 'RolePermissionsAdded', 'RolePermissionsRemoved', 'RoleDeleted', 'UserRolesAssigned']) {
      expect((await recorded(service, type))[0]?.metadata).toMatchObject({ actor: 'management@clients' })
    }
    const rows = await eventually(async () => {
      const { body } = await api('GET', 'logs?q=type:sapi&per_page=100')
      return body.some((row: Json) => row.description === 'Assign roles to a user') && body
    })
    expect(rows.map((row: Json) => row.description)).toEqual(expect.arrayContaining(['Create a role', 'Associate permissions with a role']))
  })
})
