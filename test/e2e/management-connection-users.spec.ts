import { startApp, type TestApp } from '../support/app.js'
import { eventually } from '../support/eventually.js'
import { type Connection, connectionsOf } from '../support/managed.js'

let service: TestApp
beforeAll(async () => {
  service = await startApp()
})
afterAll(() => service.close())

let serial = 0
const { made } = connectionsOf(() => service)

describe('DELETE /connections/{id}', () => {
  it('answers 202, also again, and takes the users with it', async () => {
    const { id, name } = await made()
    const user = { connection: name, email: 'goes@with.example', password: 'Correct-Horse-1' }
    const { body } = await service.api('POST', 'users', user)
    const first = await service.api('DELETE', `connections/${id}`)
    expect(first).toMatchObject({ status: 202, body: { deleted_at: expect.stringMatching(/^\d{4}-/) } })
    expect((await service.api('DELETE', `connections/${id}`)).status).toBe(202)
    expect((await service.api('GET', `connections/${id}`)).status).toBe(404)
    expect((await service.api('POST', 'users', user)).body.message).toBe('Connection does not exist.')
    await eventually(async () => (await service.api('GET', `users/${encodeURIComponent(body.user_id)}`)).status === 404)
    await made({ name })
  })

  it('leaves nobody behind who was made at the same time', async () => {
    const { id, name } = await made()
    const creations = Array.from({ length: 6 }, (_, n) =>
      service.api('POST', 'users', { connection: name, email: `race${n}@with.example`, password: 'Correct-Horse-1' }),
    )
    await service.api('DELETE', `connections/${id}`)
    const answers = await Promise.all(creations)
    // 404: made, and gone again before the answer could show them.
    expect([201, 400, 404]).toEqual(expect.arrayContaining(answers.map(({ status }) => status)))
    await eventually(async () => (await service.pool.query('select from users where connection_id = $1', [id])).rowCount === 0)
  })
})

describe('DELETE /connections/{id}/users', () => {
  it('deletes who has the address there, and nobody elsewhere', async () => {
    const [here, there] = [await made(), await made()]
    const post = async ({ name }: Connection): Promise<string> => {
      const { body } = await service.api('POST', 'users', { connection: name, email: 'both@where.example', password: 'Correct-Horse-1' })
      return `users/${encodeURIComponent(body.user_id as string)}`
    }
    const [one, other] = [await post(here), await post(there)]
    const where = `connections/${here.id}/users?email=Both@where.example`
    expect([(await service.api('DELETE', where)).status, (await service.api('DELETE', where)).status]).toEqual([204, 204])
    expect([(await service.api('GET', one)).status, (await service.api('GET', other)).status]).toEqual([404, 200])
    const oidc = await made({ strategy: 'oidc' })
    const refused = await service.api('DELETE', `connections/${oidc.id}/users?email=a@b.example`)
    expect(refused.body).toMatchObject({ statusCode: 400, message: 'Connection must be a database connection' })
    expect((await service.api('DELETE', `connections/${here.id}/users`)).status).toBe(400)
  })
})

describe('users of a connection with user names', () => {
  it('have them, in one spelling, once', async () => {
    const { name } = await made({ options: { requires_username: true, validation: { username: { min: 3, max: 10 } } } })
    const user = (body: object): ReturnType<TestApp['api']> =>
      service.api('POST', 'users', { connection: name, email: `u${++serial}@names.example`, password: 'Correct-Horse-1', ...body })
    const { status, body } = await user({ username: 'Janie' })
    expect({ status, body }).toMatchObject({ status: 201, body: { username: 'janie', nickname: 'janie' } })
    expect((await user({ username: 'JANIE' })).status).toBe(409)
    expect((await user({})).body.message).toBe("Payload validation error: 'Missing required property: username'.")
    expect((await user({ username: 'ab' })).body.message).toBe("Payload validation error: 'String is too short (2 chars), minimum 3' on property username.")
    expect((await user({ username: 'a@b.example' })).status).toBe(400)
    const other = (await user({ username: 'other' })).body
    const taken = await service.api('PATCH', `users/${encodeURIComponent(other.user_id)}`, { username: 'janie' })
    expect(taken).toMatchObject({ status: 400, body: { message: 'The specified new username already exists' } })
  })

  it('cannot be made where the connection is off or of another kind', async () => {
    const post = (connection: string, body = {}): ReturnType<TestApp['api']> =>
      service.api('POST', 'users', { connection, email: `u${++serial}@off.example`, password: 'Correct-Horse-1', ...body })
    const off = await made({ authentication: { active: false } })
    expect((await post(off.name)).body.message).toBe('Connection is disabled.')
    const oidc = await made({ strategy: 'oidc' })
    expect((await post(oidc.name)).body.message).toBe(
      'Connection does not support user creation through the API. It must either be a database or passwordless connection.',
    )
    const sms = await made({ strategy: 'sms' })
    const { status, body } = await service.api('POST', 'users', { connection: sms.name, phone_number: '+4915112345678' })
    expect({ status, body }).toMatchObject({ status: 201, body: { user_id: expect.stringMatching(/^sms\|/), name: '+4915112345678' } })
    expect((await service.api('PATCH', `users/${encodeURIComponent(body.user_id)}`, { email: 'a@b.example' })).body.message).toBe(
      'Cannot update email for non-database user.',
    )
  })
})
