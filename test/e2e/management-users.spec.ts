import { createOwnerClient } from '../../src/database/pool.js'
import { EventStore } from '../../src/event-store/event-store.js'
import { deleteUser, user } from '../../src/users/user/user.js'
import { updateUser } from '../../src/users/user/user-table.js'
import { startApp, type TestApp } from '../support/app.js'
import { dumpTables, formsOf } from '../support/dump.js'
import { eventually } from '../support/eventually.js'
import { userPath as path, usersOf } from '../support/managed.js'
import { DIRECTORY, PASSWORD } from '../support/people.js'

let service: TestApp
beforeAll(async () => {
  service = await startApp()
})
afterAll(() => service.close())

const { address, create, made, search } = usersOf(() => service)

describe('POST /users', () => {
  it('makes a user with the defaults of Auth0', async () => {
    const email = address()
    const user = await made({ email: email.toUpperCase(), user_metadata: { a: 1 }, app_metadata: { b: [2] } })
    expect(user).toEqual({
      user_id: expect.stringMatching(/^auth0\|[0-9a-f]{24}$/),
      email,
      email_verified: false,
      name: email,
      nickname: email.split('@')[0],
      picture: expect.stringMatching(/^https:\/\/s\.gravatar\.com\/avatar\/[0-9a-f]{32}/),
      user_metadata: { a: 1 },
      app_metadata: { b: [2] },
      identities: [{ connection: DIRECTORY, user_id: user.user_id.slice(6), provider: 'auth0', isSocial: false }],
      created_at: expect.stringMatching(/^\d{4}-.*\.\d{3}Z$/),
      updated_at: expect.stringMatching(/^\d{4}-.*\.\d{3}Z$/),
    })
    expect((await service.api('GET', path(user.user_id))).body).toEqual(user)
  })

  it('takes an id that the caller chose', async () => {
    expect((await made({ user_id: 'my-own.1' })).user_id).toBe('auth0|my-own.1')
    expect((await create({ user_id: 'my-own.1' })).body).toEqual({
      statusCode: 409,
      error: 'Conflict',
      message: 'The user already exists.',
      errorCode: 'auth0_idp_error',
    })
  })

  it('makes one of two at the same time', async () => {
    const email = address()
    const answers = await Promise.all(Array.from({ length: 4 }, () => create({ email })))
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409])
  })

  it.each<[object, string]>([
    [{ connection: 'none' }, 'Connection does not exist.'],
    [{ username: 'jane' }, 'Cannot set username for connection without requires_username.'],
    [{ password: 'weak' }, 'PasswordStrengthError: Password is too weak'],
    [{ password: undefined }, "Payload validation error: 'Missing required property: password'."],
    [{ email: undefined }, "Payload validation error: 'Missing required property: email'."],
    [{ connection: undefined }, "Payload validation error: 'Missing required property: connection' on property connection."],
    [{ email: 'no address' }, "Payload validation error: 'Object didn't pass validation for format email: no address' on property email."],
    [{ phone_number: '0123' }, "Payload validation error: 'String does not match pattern ^\\+[0-9]{1,15}$' on property phone_number."],
    [{ user_id: 'a b' }, "Payload validation error: 'String does not match pattern ^\\S+$' on property user_id."],
    [{ name: 'x'.repeat(301) }, "Payload validation error: 'String is too long (301 chars), maximum 300' on property name."],
    [{ user_metadata: 'x' }, "Payload validation error: 'Expected type object but found type string' on property user_metadata."],
    [
      { picture: 'javascript:alert(1)' },
      "Payload validation error: 'Object didn't pass validation for format strict-uri: javascript:alert(1)' on property picture.",
    ],
    [{ administrator: true }, "Payload validation error: 'Additional properties not allowed: administrator'."],
  ])('refuses %j', async (body, message) => {
    expect((await create(body)).body).toMatchObject({ statusCode: 400, error: 'Bad Request', message })
  })
})

describe('PATCH /users/{id}', () => {
  it('merges metadata at its first level, replaces the rest, and unsets by null', async () => {
    const { user_id } = await made({ user_metadata: { a: { x: 1 }, b: 2 }, given_name: 'Jane' })
    const { status, body } = await service.api('PATCH', path(user_id), {
      user_metadata: { a: { y: 1 }, b: null },
      given_name: null,
      family_name: 'Doe',
      blocked: true,
    })
    expect(status).toBe(200)
    expect(body).toMatchObject({ user_metadata: { a: { y: 1 } }, family_name: 'Doe', blocked: true })
    expect(body.user_metadata).toEqual({ a: { y: 1 } })
    expect(body).not.toHaveProperty('given_name')
    expect((await service.api('PATCH', path(user_id), { blocked: false })).body.blocked).toBe(false)
    // Auth0's rule: an empty object empties.
    const emptied = (await service.api('PATCH', path(user_id), { user_metadata: {}, app_metadata: { kept: true } })).body
    expect([emptied.user_metadata, emptied.app_metadata]).toEqual([undefined, { kept: true }])
  })

  it('lets metadata grow to a megabyte and no further, and shrink', async () => {
    const { user_id } = await made()
    const text = 'x'.repeat(500_000)
    const patch = (user_metadata: object) => service.api('PATCH', path(user_id), { user_metadata })
    for (const name of ['a', 'b']) expect((await patch({ [name]: text })).status).toBe(200)
    expect(await patch({ c: text })).toMatchObject({
      status: 400,
      body: { message: 'The user_metadata is larger than 1048576 bytes.', errorCode: 'invalid_body' },
    })
    expect((await patch({ a: null, c: text })).status).toBe(200)
    expect(Object.keys((await service.api('GET', path(user_id))).body.user_metadata).sort()).toEqual(['b', 'c'])
    expect((await service.api('PATCH', path(user_id), { app_metadata: { d: text } })).status).toBe(200)
  })

  it('loses nothing of changes made at the same time', async () => {
    const { user_id } = await made()
    await Promise.all(Array.from({ length: 8 }, (_, n) => service.api('PATCH', path(user_id), { app_metadata: { [`k${n}`]: n } })))
    expect(Object.keys((await service.api('GET', path(user_id))).body.app_metadata)).toHaveLength(8)
  })

  it('makes a new address unverified, and the old one free', async () => {
    const email = address()
    const { user_id } = await made({ email, email_verified: true })
    const { body } = await service.api('PATCH', path(user_id), { email: address() })
    expect(body.email_verified).toBe(false)
    await made({ email })
    const taken = await service.api('PATCH', path(user_id), { email })
    expect(taken).toMatchObject({ status: 400, body: { message: 'The specified new email already exists', errorCode: 'auth0_idp_error' } })
  })

  it('gives an address to one of two who want it at the same time', async () => {
    const [a, b] = [await made(), await made()]
    const email = address()
    const answers = await Promise.all([a, b].map(({ user_id }) => service.api('PATCH', path(user_id), { email })))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400])
    expect(await search(`email:${email}`)).toHaveLength(1)
  })

  it('changes a password', async () => {
    const { user_id } = await made()
    const { status, body } = await service.api('PATCH', path(user_id), { password: 'Another-Horse-2' })
    expect(status).toBe(200)
    expect(Date.parse(body.last_password_reset)).toBeGreaterThan(Date.now() - 60_000)
  })

  it.each<[object, string]>([
    [{ password: PASSWORD, email: 'a@example.com' }, 'Cannot update password and email simultaneously.'],
    [{ password: PASSWORD, email_verified: true }, 'Cannot update password and email_verified simultaneously.'],
    [{ username: 'u', email: 'a@example.com' }, 'Cannot update username and email simultaneously.'],
    [{ username: 'u', email_verified: true }, 'Cannot update username and email_verified simultaneously.'],
    [{ username: 'u', password: PASSWORD }, 'Cannot update username and password simultaneously.'],
    [{ username: 'u' }, 'Cannot set username for connection without requires_username.'],
    [{ password: 'weak' }, 'PasswordStrengthError: Password is too weak'],
    [{ email: null }, 'Cannot remove the only identifier of the user.'],
    [{ connection: 'none', email: 'a@example.com' }, 'Connection does not exist.'],
    [{ user_id: 'other' }, "Payload validation error: 'Additional properties not allowed: user_id'."],
  ])('refuses %j', async (body, message) => {
    const { user_id } = await made()
    expect((await service.api('PATCH', path(user_id), body)).body).toMatchObject({ statusCode: 400, message })
  })

  it('knows no user who is not there', async () => {
    const answer = { statusCode: 404, error: 'Not Found', message: 'The user does not exist.', errorCode: 'inexistent_user' }
    expect((await service.api('PATCH', path('auth0|none'), { name: 'x' })).body).toEqual(answer)
    expect((await service.api('GET', path('auth0|none'))).body).toEqual(answer)
  })
})

describe('a token with narrower scopes', () => {
  const as = async (scopes: string[], claims = {}): Promise<Record<string, string>> => ({
    authorization: `Bearer ${await service.managementToken(scopes, claims)}`,
  })

  it('of its own user reads and changes that user alone', async () => {
    const [own, other] = [await made(), await made()]
    const headers = await as(['read:current_user', 'update:current_user_metadata'], { sub: own.user_id })
    expect((await service.api('GET', path(own.user_id), undefined, headers)).status).toBe(200)
    expect((await service.api('GET', path(other.user_id), undefined, headers)).body).toMatchObject({
      statusCode: 403,
      message: 'User to be acted on does not match subject in bearer token.',
    })
    expect((await service.api('PATCH', path(own.user_id), { user_metadata: { a: 1 } }, headers)).status).toBe(200)
    expect((await service.api('PATCH', path(own.user_id), { password: PASSWORD }, headers)).body).toMatchObject({
      statusCode: 403,
      errorCode: 'insufficient_scope',
    })
    expect((await service.api('PATCH', path(own.user_id), { app_metadata: {} }, headers)).status).toBe(403)
    expect((await service.api('PATCH', path(other.user_id), { user_metadata: {} }, headers)).status).toBe(403)
  })

  it('for app_metadata changes nothing else', async () => {
    const { user_id } = await made()
    const headers = await as(['update:users_app_metadata'])
    expect((await service.api('PATCH', path(user_id), { app_metadata: { a: 1 } }, headers)).status).toBe(200)
    expect((await service.api('PATCH', path(user_id), { name: 'x' }, headers)).status).toBe(403)
  })
})

describe('DELETE /users/{id}', () => {
  it('answers 204, also when it is repeated', async () => {
    const { user_id } = await made()
    expect((await service.api('DELETE', path(user_id))).status).toBe(204)
    expect((await service.api('DELETE', path(user_id))).status).toBe(204)
    expect((await service.api('GET', path(user_id))).status).toBe(404)
  })

  it('is finished by the background where the process ended in the middle', async () => {
    const { user_id } = await made()
    await service.app.get(EventStore).transact(user, user_id, deleteUser, {}, (db, state) => updateUser(db, user_id, state))
    await eventually(async () => (await service.pool.query('select from person_keys where person_id = $1', [user_id])).rowCount === 0)
  })

  it('lets the id and the address be used again', async () => {
    const user = await made({ user_id: 'again' })
    await service.api('DELETE', path(user.user_id))
    const again = await made({ user_id: 'again', email: user.email, given_name: 'New' })
    expect((await service.api('GET', path(again.user_id))).body).toMatchObject({ email: user.email, given_name: 'New' })
  })
})

it('leaves no readable byte of somebody in the database, during their time and after', async () => {
  const planted = ['Zyxwvu', 'Plantednick', 'Plantedmeta', 'Plantedapp', 'Plantedkey', 'Planted-Pass-9'] as const
  const [name, nickname, meta, app, key, password] = planted
  const email = 'planted.address@erase.example'
  const { user_id } = await made({
    email,
    password,
    name,
    nickname,
    given_name: name,
    family_name: name,
    user_metadata: { [key]: meta },
    app_metadata: { [key]: { x: [app] } },
  })
  await service.api('PATCH', path(user_id), { name: `${name}2`, user_metadata: { [key]: `${meta}2` } })
  await search(`name:${name}*`)
  const owner = createOwnerClient(service.config.databaseUrl)
  await owner.connect()
  const found = async (): Promise<string[]> => {
    const forms = [email, 'planted.address', ...planted].flatMap((value) => [value, value.toLowerCase()]).flatMap(formsOf)
    return (await dumpTables(owner)).filter(({ row }) => forms.some((form) => row.includes(form))).map(({ table, row }) => `${table}: ${row.slice(0, 300)}`)
  }
  expect(await found()).toEqual([])
  await service.api('DELETE', path(user_id))
  expect(await found()).toEqual([])
  const { rowCount } = await owner.query('select from person_keys where person_id = $1', [user_id])
  expect(rowCount).toBe(0)
  expect((await owner.query('select from users where user_id = $1', [user_id])).rowCount).toBe(0)
  await owner.end()
})

describe('hostile input', () => {
  it.each<[string, string, unknown]>([
    ['POST', 'users', '{"connection":'],
    ['POST', 'users', [1]],
    ['POST', 'users', null],
    ['POST', 'users', { connection: DIRECTORY, email: { $ne: 1 } }],
    ['POST', 'users', `{"connection":"${DIRECTORY}","email":"h1@example.com","password":"${PASSWORD}","user_metadata":{"__proto__":{"a":1}}}`],
    ['POST', 'users', { connection: DIRECTORY, email: 'h2@example.com', password: PASSWORD, name: 'a\0b' }],
    ['POST', 'users', { connection: DIRECTORY, email: 'h3@example.com', password: PASSWORD, name: '\ud800' }],
    ['PATCH', 'users/%00', { name: 'x' }],
    ['PATCH', `users/${'x'.repeat(5000)}`, { name: 'x' }],
    ['GET', 'users?q=%00', undefined],
    ['GET', `users?q=${'('.repeat(3000)}`, undefined],
    ['GET', 'users?q=a&q=b', undefined],
    ['GET', 'users?per_page=-1', undefined],
    ['GET', "users?sort=';drop:1", undefined],
    ['GET', 'users-by-email?email=%00', undefined],
  ])('%s %.40s gets a clean refusal', async (method, where, body) => {
    const { status, body: answer } = await service.api(method, where, body)
    expect(status).toBeGreaterThanOrEqual(400)
    expect(status).toBeLessThan(500)
    expect(answer).toMatchObject({ statusCode: status, message: expect.any(String) })
  })
})
