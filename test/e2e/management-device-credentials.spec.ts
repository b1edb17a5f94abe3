import { jest } from '@jest/globals'
import { ChangeClient, type ClientDocument } from '../../src/authorization/index.js'
import { AddDeviceKeyHandler } from '../../src/users/commands/add-device-key.js'
import { DeleteUser } from '../../src/users/index.js'
import { type Json, startApp, type TestApp } from '../support/app.js'
import { current } from '../support/eventually.js'
import { PKCE, redeemCode } from '../support/logins.js'
import { anotherWorker, OAuthScene, ROTATING } from '../support/oauth.js'
import { aClient, aPerson, authorizeUrl, PASSWORD } from '../support/people.js'
import { answerOf, Visitor } from '../support/visitor.js'

let service: TestApp
let scene: OAuthScene
let rotating: ClientDocument
let plain: ClientDocument
beforeAll(async () => {
  service = await startApp()
  scene = new OAuthScene(service)
  await scene.api()
  rotating = await scene.client({ refresh_token: ROTATING })
  plain = await scene.client()
})
afterAll(() => service.close())

const list = (query: Record<string, string>, path = 'device-credentials') => service.api('GET', `${path}?${new URLSearchParams(query).toString()}`)
const of = async (userId: string, query: Record<string, string> = {}): Promise<Json[]> => (await list({ user_id: userId, ...query })).body
/** One that rotates and one that does not. */
async function two(): Promise<{ userId: string; ids: { rotating: string; plain: string } }> {
  const userId = await scene.user()
  const [a, b] = [await scene.refreshToken(rotating, userId), await scene.refreshToken(plain, userId)]
  return { userId, ids: { rotating: a.familyId, plain: b.familyId } }
}
const remove = (id: string, headers?: Record<string, string>) => service.api('DELETE', `device-credentials/${id}`, undefined, headers)

describe('GET /device-credentials', () => {
  it('shows each refresh token under an id of its own, the same each time', async () => {
    const { userId, ids } = await two()
    const found = await of(userId)
    expect(found.map(({ type }) => type).sort()).toEqual(['refresh_token', 'rotating_refresh_token'])
    const one = found.find(({ type }) => type === 'rotating_refresh_token')
    expect(one).toEqual({
      id: expect.stringMatching(/^dcr_[A-Za-z0-9]{16}$/),
      device_name: 'test',
      type: 'rotating_refresh_token',
      user_id: userId,
      client_id: rotating.client_id,
    })
    expect(new Set(found.map(({ id }) => id)).size).toBe(2)
    expect(found.map(({ id }) => id)).not.toContain(ids.rotating)
    expect((await of(userId)).map(({ id }) => id)).toEqual(found.map(({ id }) => id))
  })

  describe('of a login that names the device', () => {
    const client = (): Promise<ClientDocument> => aClient(service, { refresh_token: ROTATING })
    const logIn = async (app: ClientDocument, device: string) => {
      const person = await aPerson(service)
      const who = new Visitor(service.url)
      const page = await who.get(authorizeUrl(app, { device, scope: 'openid offline_access', ...PKCE }))
      const { code } = answerOf(await who.submit(page, { username: person.email, password: PASSWORD }))
      const { body } = await redeemCode(service, app, code!)
      return { ...person, refreshToken: body.refresh_token, names: async () => (await of(person.userId)).map(({ device_name }) => device_name) }
    }

    it('shows that name, after exchanges and in a new record too, and keeps it sealed', async () => {
      const app = await client()
      const { userId, refreshToken, names } = await logIn(app, 'Ada’s telephone ☎')
      expect(await names()).toEqual(['Ada’s telephone ☎'])
      const next = (await scene.refresh(app, refreshToken)).body.refresh_token
      expect(await names()).toEqual(['Ada’s telephone ☎'])
      await service.commands.execute(new ChangeClient(app.client_id, { refresh_token: { ...ROTATING, rotation_type: 'non-rotating' } }, {}))
      const [{ id: before }] = await of(userId)
      expect((await scene.refresh(app, next)).status).toBe(200)
      expect(await of(userId)).toEqual([expect.objectContaining({ device_name: 'Ada’s telephone ☎', type: 'refresh_token' })])
      expect((await of(userId))[0].id).not.toBe(before)
      const { rows } = await service.pool.query<{ line: string }>(`select data::text || metadata::text as line from events`)
      expect(rows.some(({ line }) => line.includes(userId))).toBe(true)
      expect(rows.some(({ line }) => line.includes('telephone'))).toBe(false)
    })

    it('shows as much of it as fits, and without one the browser', async () => {
      const app = await client()
      expect(await (await logIn(app, '☎'.repeat(300))).names()).toEqual(['☎'.repeat(255)])
      expect(await (await logIn(app, '')).names()).toEqual(['node'])
    })
  })

  it('is narrowed by type and client; who pages and names no type means those that do not rotate', async () => {
    const { userId } = await two()
    const types = async (query: Record<string, string>) => (await of(userId, query)).map(({ type }) => type)
    expect(await types({ type: 'refresh_token' })).toEqual(['refresh_token'])
    expect(await types({ type: 'rotating_refresh_token' })).toEqual(['rotating_refresh_token'])
    expect(await types({ type: 'public_key' })).toEqual([])
    expect(await types({ client_id: rotating.client_id })).toEqual(['rotating_refresh_token'])
    expect(await types({ client_id: rotating.client_id, type: 'refresh_token' })).toEqual([])
    expect(await types({ page: '0' })).toEqual(['refresh_token'])
    expect(await types({ per_page: '10', type: 'rotating_refresh_token' })).toEqual(['rotating_refresh_token'])
    expect((await list({ user_id: userId, include_totals: 'true' })).body).toMatchObject({ start: 0, limit: 50, total: 2 })
  })

  it('pages, with totals of all pages', async () => {
    const userId = await scene.user()
    for (let n = 0; n < 5; n++) await scene.refreshToken(plain, userId)
    const page = async (n: number) => (await list({ user_id: userId, page: String(n), per_page: '2', include_totals: 'true' })).body
    const pages = [await page(0), await page(1), await page(2), await page(3)]
    expect(pages.map(({ start, limit, total, device_credentials }) => [start, limit, total, device_credentials.length])).toEqual([
      [0, 2, 5, 2],
      [2, 2, 5, 2],
      [4, 2, 5, 1],
      [6, 2, 5, 0],
    ])
    expect(new Set(pages.flatMap(({ device_credentials }) => device_credentials.map(({ id }: Json) => id))).size).toBe(5)
    expect(await of(userId, { fields: 'id,type', per_page: '1' })).toEqual([{ id: expect.any(String), type: 'refresh_token' }])
    expect((await of(userId, { fields: 'id', include_fields: 'false' }))[0]).not.toHaveProperty('id')
    expect((await of('auth0|none')).length).toBe(0)
  })

  it.each([
    [{ type: 'x' }, `Query validation error: 'No enum match for: x' on property type.`],
    [{ per_page: '101' }, `Query validation error: 'Value 101 is greater than maximum 100' on property per_page.`],
    [{ page: '-1' }, `Query validation error: 'Value -1 is less than minimum 0' on property page.`],
    [{ include_totals: 'yes' }, `Query validation error: 'Expected type boolean but found type string' on property include_totals.`],
  ])('refuses %j', async (query, message) => {
    expect(await list(query as Record<string, string>)).toMatchObject({ status: 400, body: { message, errorCode: 'invalid_query_string' } })
  })

  it('shows what was issued before it was asked for, on another worker too', async () => {
    const worker = await anotherWorker(service)
    try {
      const userId = await scene.user()
      const authorization = `Bearer ${await service.managementToken()}`
      for (let n = 1; n <= 3; n++) {
        await scene.refreshToken(plain, userId)
        const url = `${worker.scene.service.url}api/v2/device-credentials?user_id=${encodeURIComponent(userId)}`
        const res = await current(() => fetch(url, { headers: { authorization } }))
        expect(await res.json()).toHaveLength(n)
      }
    } finally {
      await worker.close()
    }
  })
})

describe('DELETE /device-credentials/{id}', () => {
  it('revokes that refresh token and no other, and answers the same when it is gone', async () => {
    const { userId, ids } = await two()
    const [one] = await of(userId, { type: 'rotating_refresh_token' })
    for (let n = 0; n < 2; n++) expect(await remove(one.id)).toMatchObject({ status: 204, body: undefined })
    expect((await service.api('GET', `refresh-tokens/${ids.rotating}`)).status).toBe(404)
    expect((await of(userId)).map(({ type }) => type)).toEqual(['refresh_token'])
    for (const unknown of ['dcr_0000000000000000', '0123456789abcdef01234567']) expect((await remove(unknown)).status).toBe(204)
  })

  it.each(['dcr_1', 'dcr_00000000000000000', 'DCR_0000000000000000', 'none', 'rt_unknown', '%F0%9F%98%80', `dcr_'or%201=1--1234`])(
    'refuses the id %s',
    async (id) => {
      const { status, body } = await remove(id)
      expect({ status, body }).toMatchObject({ status: 400, body: { errorCode: 'invalid_uri' } })
      expect(body.message).toMatch(/^Path validation error: 'String does not match pattern \^dcr_\[A-Za-z0-9\]\{16\}\$: .*' on property id/)
    },
  )

  it('lets users end their own ones only', async () => {
    const [mine, others] = [await two(), await two()]
    const token = await service.managementToken(['delete:current_user_device_credentials'], { sub: mine.userId, gty: undefined })
    const headers = { authorization: `Bearer ${token}` }
    const [own] = await of(mine.userId)
    const [foreign] = await of(others.userId)
    expect(await remove(foreign.id, headers)).toMatchObject({ status: 403, body: { message: 'User to be acted on does not match subject in bearer token.' } })
    expect((await remove(own.id, headers)).status).toBe(204)
    expect([(await of(mine.userId)).length, (await of(others.userId)).length]).toEqual([1, 2])
  })
})

describe('POST /device-credentials', () => {
  const KEY = { device_name: 'Planted-Phone', type: 'public_key', value: 'UGxhbnRlZC1LZXk=', device_id: '0a1b-2c3d' }
  const asUser = async (userId: string) => {
    const token = await service.managementToken(['create:current_user_device_credentials', 'delete:current_user_device_credentials'], {
      sub: userId,
      gty: undefined,
    })
    return { authorization: `Bearer ${token}` }
  }
  const add = async (userId: string, over: object = {}) => service.api('POST', 'device-credentials', { ...KEY, ...over }, await asUser(userId))

  it('registers the public key of a device of one’s own, once', async () => {
    const userId = await scene.user()
    const added = await add(userId, { client_id: plain.client_id })
    expect(added).toMatchObject({ status: 201, body: { id: expect.stringMatching(/^dcr_[A-Za-z0-9]{16}$/) } })
    expect(Object.keys(added.body)).toEqual(['id'])
    const shown = { id: added.body.id, device_name: 'Planted-Phone', device_id: '0a1b-2c3d', type: 'public_key', user_id: userId, client_id: plain.client_id }
    expect(await of(userId, { type: 'public_key' })).toEqual([shown])
    expect(await of(userId)).toEqual([shown])
    expect(await of(userId, { page: '0' })).toEqual([])
    expect(await add(userId, { device_id: '0A1B-2C3D' })).toMatchObject({ status: 409, body: { message: 'A public key already exists for the device.' } })
    expect((await add(await scene.user())).status).toBe(201)
    expect((await remove(added.body.id, await asUser(await scene.user()))).status).toBe(403)
    expect((await remove(added.body.id, await asUser(userId))).status).toBe(204)
    expect(await of(userId)).toEqual([])
    expect((await add(userId)).status).toBe(201)
  })

  it('is refused to somebody who is deleted in that moment', async () => {
    const userId = await scene.user()
    const handler = service.app.get(AddDeviceKeyHandler, { strict: false })
    const execute = handler.execute.bind(handler)
    const spy = jest.spyOn(handler, 'execute').mockImplementation(async (command) => {
      spy.mockRestore()
      await service.commands.execute(new DeleteUser(userId, {}))
      return execute(command)
    })
    expect(await add(userId)).toMatchObject({ status: 401, body: { message: 'Invalid token' } })
  })

  it('stands beside refresh tokens in one list', async () => {
    const { userId } = await two()
    await add(userId)
    const page = async (n: number) => (await list({ user_id: userId, page: String(n), per_page: '2', include_totals: 'true', type: 'public_key' })).body
    expect(await page(0)).toMatchObject({ total: 1, device_credentials: [{ type: 'public_key' }] })
    expect((await of(userId)).map(({ type }) => type).sort()).toEqual(['public_key', 'refresh_token', 'rotating_refresh_token'])
  })

  it('lets one of two at once', async () => {
    const userId = await scene.user()
    const answers = await Promise.all(Array.from({ length: 6 }, () => add(userId)))
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409, 409])
    expect(await of(userId)).toHaveLength(1)
  })

  it('keeps name, id and key sealed, and loses them with the person', async () => {
    const userId = await scene.user()
    await add(userId)
    for (const planted of ['Planted-Phone', '0a1b-2c3d', KEY.value]) {
      const { rows } = await service.pool.query('select type from events where data::text || metadata::text like $1', [`%${planted}%`])
      expect({ planted, rows }).toEqual({ planted, rows: [] })
    }
    expect((await service.api('DELETE', `users/${encodeURIComponent(userId)}`)).status).toBe(204)
    expect(await of(userId)).toEqual([])
  })

  it.each([
    [{ type: 'refresh_token' }, `Payload validation error: 'No enum match for: refresh_token' on property type.`],
    [{ device_id: 'xyz' }, `Payload validation error: 'String does not match pattern ^[-A-Fa-f0-9]+$' on property device_id.`],
    [{ device_id: 'a'.repeat(37) }, `Payload validation error: 'String is too long (37 chars), maximum 36' on property device_id.`],
    [{ device_name: undefined }, `Payload validation error: 'Missing required property: device_name' on property device_name.`],
    [{ value: '' }, `Payload validation error: 'String is too short (0 chars), minimum 1' on property value.`],
    [{ client_id: 'none' }, 'Client not found.'],
    [{ x: 1 }, `Payload validation error: 'Additional properties not allowed: x'.`],
  ])('refuses %j', async (over, message) => {
    expect(await add(await scene.user(), over)).toMatchObject({ status: 400, body: { message, errorCode: 'invalid_body' } })
  })

  it('is for people, not for clients', async () => {
    expect(await service.api('POST', 'device-credentials', KEY)).toMatchObject({
      status: 403,
      body: { message: 'The account is not allowed to perform this operation.', errorCode: 'operation_not_supported' },
    })
  })
})
