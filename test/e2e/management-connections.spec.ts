import { createOwnerClient } from '../../src/database/pool.js'
import { FindLoginConnections } from '../../src/users/index.js'
import { startApp, type TestApp } from '../support/app.js'
import { dumpTables, formsOf } from '../support/dump.js'
import { type Connection, connectionsOf } from '../support/managed.js'
import { DIRECTORY } from '../support/people.js'

let service: TestApp
beforeAll(async () => {
  service = await startApp()
})
afterAll(() => service.close())

let serial = 0
const { newName, create, made } = connectionsOf(() => service)
interface List {
  readonly connections: Connection[]
  readonly clients: { readonly client_id: string }[]
  readonly total: number
  readonly next: string
}
const client = async (): Promise<string> => {
  const { status, body } = await service.api('POST', 'clients', { name: `Client ${++serial}` })
  expect({ status, body }).toMatchObject({ status: 201 })
  return body.client_id as string
}
const as = async (scopes: string[]): Promise<Record<string, string>> => ({ authorization: `Bearer ${await service.managementToken(scopes)}` })

describe('POST /connections', () => {
  it('makes a database connection with the options of Auth0', async () => {
    const connection = await made({ name: 'first-db', options: { passwordPolicy: 'low', requires_username: true, my_own: { x: 1 } } })
    expect(connection).toEqual({
      id: expect.stringMatching(/^con_[A-Za-z0-9]{16}$/),
      name: 'first-db',
      strategy: 'auth0',
      realms: ['first-db'],
      enabled_clients: [],
      is_domain_connection: false,
      authentication: { active: true },
      connected_accounts: { active: false },
      options: expect.objectContaining({
        passwordPolicy: 'low',
        requires_username: true,
        my_own: { x: 1 },
        mfa: { active: true, return_enroll_settings: true },
        brute_force_protection: true,
        strategy_version: 2,
      }),
    })
    expect((await service.api('GET', `connections/${connection.id}`)).body).toEqual(connection)
  })

  it('makes one of several with the same name at the same time', async () => {
    const name = newName()
    const answers = await Promise.all(Array.from({ length: 4 }, () => create({ name })))
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409])
    expect(answers.find(({ status }) => status === 409)!.body).toMatchObject({ message: 'A connection with the same name already exists' })
  })

  it('keeps realms apart, also when they come at the same time', async () => {
    const answers = await Promise.all(Array.from({ length: 3 }, () => create({ realms: ['shared'] })))
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409])
    const refused = answers.find(({ status }) => status === 409)!
    expect(refused.body.message).toBe('There is already another connection with some realms from "realms" parameter')
    const other = await made()
    expect((await service.api('PATCH', `connections/${other.id}`, { realms: ['shared'] })).status).toBe(409)
    expect((await service.api('PATCH', `connections/${other.id}`, { realms: [other.name, 'own'] })).body.realms).toEqual([other.name, 'own'])
    expect((await service.api('PATCH', `connections/${other.id}`, { realms: [] })).body.realms).toEqual([other.name])
    expect((await create({ name: 'of-its-own', realms: [] })).body.realms).toEqual(['of-its-own'])
  })

  it.each<[object, string]>([
    [{ name: 'a b' }, "Payload validation error: 'String does not match pattern ^[a-zA-Z0-9](-[a-zA-Z0-9]|[a-zA-Z0-9])*$' on property name."],
    [{ name: 'x'.repeat(129) }, "Payload validation error: 'String is too long (129 chars), maximum 128' on property name."],
    [{ strategy: 'none' }, "Payload validation error: 'No enum match for: none' on property strategy."],
    [{ strategy: undefined }, "Payload validation error: 'Missing required property: strategy' on property strategy."],
    [{ surprise: 1 }, "Payload validation error: 'Additional properties not allowed: surprise'."],
    [{ options: { passwordPolicy: 'best' } }, "Payload validation error: 'No enum match for: best' on property options.passwordPolicy."],
    [{ options: { attributes: {}, requires_username: true } }, 'Cannot set both options.attributes and options.requires_username'],
    [{ options: { attributes: {}, validation: {} } }, 'Cannot set both options.attributes and options.validation'],
    [{ options: { attributes: { email: { identifier: { active: false } } } } }, 'attributes must contain one active identifier'],
    [
      { options: { validation: { username: { min: 1, max: 129 } } } },
      "Payload validation error: 'Value 129 is greater than maximum 128' on property options.validation.username.max.",
    ],
    [
      { metadata: Object.fromEntries(Array.from({ length: 11 }, (_, n) => [`k${n}`, 'v'])) },
      "Payload validation error: 'Too many properties defined (11), maximum 10' on property metadata.",
    ],
    [{ authentication: {} }, "Payload validation error: 'Missing required property: active' on property authentication.active."],
  ])('refuses %j', async (body, message) => {
    expect((await create(body)).body).toMatchObject({ statusCode: 400, error: 'Bad Request', message })
  })
})

describe('PATCH /connections/{id}', () => {
  it('replaces options as a whole, keeps what it does not know, and name and strategy for ever', async () => {
    const clientId = await client()
    const { id } = await made({ options: { a: 1, b: 2 }, enabled_clients: [clientId] })
    const { status, body } = await service.api('PATCH', `connections/${id}`, { options: { b: 3, unknown: [null] }, display_name: 'Staff' })
    expect(status).toBe(200)
    expect(body).toMatchObject({ display_name: 'Staff', strategy: 'auth0' })
    expect(body.options).toEqual({ b: 3, unknown: [null] })
    expect((await service.api('PATCH', `connections/${id}`, { enabled_clients: null })).body).toMatchObject({ enabled_clients: [clientId] })
    expect((await service.api('PATCH', `connections/${id}`, { name: 'other' })).body.message).toBe(
      "Payload validation error: 'Additional properties not allowed: name'.",
    )
    expect((await service.api('PATCH', 'connections/con_none', { display_name: 'x' })).body).toEqual({
      statusCode: 404,
      error: 'Not Found',
      message: 'The connection does not exist',
      errorCode: 'inexistent_connection',
    })
  })

  it('shows options and takes them only with the scope for options', async () => {
    const { id } = await made()
    const read = await as(['read:connections'])
    expect((await service.api('GET', `connections/${id}`, undefined, read)).body).not.toHaveProperty('options')
    expect((await service.api('GET', 'connections', undefined, read)).body[0]).not.toHaveProperty('options')
    const write = await as(['update:connections'])
    expect((await service.api('PATCH', `connections/${id}`, { display_name: 'x' }, write)).status).toBe(200)
    expect((await service.api('PATCH', `connections/${id}`, { options: {} }, write)).body).toMatchObject({
      statusCode: 403,
      message: 'Insufficient scope, expected all of: update:connections,update:connections_options',
    })
  })
})

it('stores connections of other strategies, their secrets readable by who may and by nobody in the database', async () => {
  const options = { type: 'back_channel', client_id: 'up', client_secret: 'Upstream-Planted-1', scope: 'openid', gateway: { api_key: 'Upstream-Planted-2' } }
  const connection = await made({ strategy: 'oidc', options })
  expect(connection.options).toEqual(options)
  const owner = createOwnerClient(service.config.databaseUrl)
  await owner.connect()
  const planted = async (): Promise<string[]> => {
    const forms = formsOf('Upstream-Planted')
    return (await dumpTables(owner)).filter(({ row }) => forms.some((form) => row.includes(form))).map(({ table, row }) => `${table}: ${row.slice(0, 200)}`)
  }
  expect(await planted()).toEqual([])
  expect((await service.api('GET', `connections/${connection.id}`)).body.options).toEqual(options)
  const { rows } = await owner.query(`select data from events where type = 'SecretRead'`)
  expect(rows.at(-1)!.data.accessedSecrets).toEqual(['options.client_secret', 'options.gateway.api_key'])
  const { gateway: _, client_secret, ...open } = options
  expect((await service.api('PATCH', `connections/${connection.id}`, { options: { ...open, client_secret } })).body.options).toEqual({ ...open, client_secret })
  // Deploy tools leave out a secret that they only saw masked.
  expect((await service.api('PATCH', `connections/${connection.id}`, { options: open })).body.options).toEqual({ ...open, client_secret })
  const without = { ...open, client_secret: null }
  expect((await service.api('PATCH', `connections/${connection.id}`, { options: without })).body.options).toEqual(without)
  expect((await service.api('GET', `connections/${connection.id}`)).body.options).toEqual(without)
  expect(await planted()).toEqual([])
  await owner.end()
})

describe('GET /connections', () => {
  it('filters, and pages in both styles', async () => {
    const [first, second, third] = [await made({ strategy: 'samlp' }), await made({ strategy: 'samlp' }), await made({ strategy: 'ad' })]
    const get = async (query: string): Promise<List & Connection[]> => (await service.api('GET', `connections?${query}`)).body as List & Connection[]
    const ids = (list: readonly Connection[]): string[] => list.map(({ id }) => id)
    expect(ids(await get('strategy=samlp&strategy=ad'))).toEqual([first.id, second.id, third.id])
    expect(ids(await get(`name=${second.name}&take=1&include_fields=true`).then(({ connections }) => connections))).toEqual([second.id])
    expect(await get('strategy=samlp&include_totals=true&per_page=1&page=1&fields=id')).toEqual({
      start: 1,
      limit: 1,
      total: 2,
      connections: [{ id: second.id }],
    })
    const page = await get('strategy=samlp&take=1&include_totals=true')
    expect({ ids: ids(page.connections), total: page.total }).toEqual({ ids: [first.id], total: 2 })
    const last = await get(`strategy=samlp&take=1&from=${encodeURIComponent(page.next)}`)
    expect(ids(last.connections)).toEqual([second.id])
    expect(last).not.toHaveProperty('next')
    expect((await service.api('GET', 'connections?take=1&from=nonsense')).status).toBe(400)
    expect((await service.api('GET', 'connections?take=101')).status).toBe(400)
    expect(await get('name=none')).toEqual([])
  })
})

describe('clients of a connection', () => {
  it('are switched on and off by name, and listed', async () => {
    const { id } = await made()
    const [a, b] = [await client(), await client()]
    const { status } = await service.api(
      'PATCH',
      `connections/${id}/clients`,
      [a, b].map((client_id) => ({ client_id, status: true })),
    )
    expect(status).toBe(204)
    const list = async (query = ''): Promise<List> => (await service.api('GET', `connections/${id}/clients${query}`)).body as List
    expect(await list()).toEqual({ clients: [a, b].sort().map((client_id) => ({ client_id })) })
    const page = await list('?take=1')
    expect(page.clients).toHaveLength(1)
    expect((await list(`?take=1&from=${encodeURIComponent(page.next)}`)).clients).toEqual([{ client_id: [a, b].sort()[1] }])
    expect(new Set((await service.api('GET', `connections/${id}`)).body.enabled_clients)).toEqual(new Set([a, b]))
    await service.api('PATCH', `connections/${id}/clients`, [{ client_id: a, status: false }])
    expect(await list()).toEqual({ clients: [{ client_id: b }] })
    expect((await service.api('PATCH', `connections/${id}/clients`, [{ client_id: 'nobody', status: true }])).status).toBe(404)
    expect((await service.api('PATCH', 'connections/con_none/clients', [])).status).toBe(404)
    expect((await service.api('PATCH', `connections/${id}/clients`, {})).status).toBe(400)
  })

  it('lose nothing when they are switched at the same time', async () => {
    const { id } = await made()
    const clients = await Promise.all(Array.from({ length: 6 }, () => client()))
    await Promise.all(clients.map((client_id) => service.api('PATCH', `connections/${id}/clients`, [{ client_id, status: true }])))
    expect(new Set((await service.api('GET', `connections/${id}`)).body.enabled_clients)).toEqual(new Set(clients))
  })

  it('that are new and first-party use the default directory, until they are switched off', async () => {
    const [directory] = (await service.api('GET', `connections?name=${DIRECTORY}`)).body
    const may = async (clientId: string): Promise<boolean> => {
      const found = await service.queries.execute(new FindLoginConnections({ clientId, firstParty: true }, DIRECTORY))
      return found.some(({ name }) => name === DIRECTORY)
    }
    const [a, b] = [await client(), await client()]
    expect([await may(a), await may(b)]).toEqual([true, true])
    await service.api('PATCH', `connections/${directory.id}/clients`, [{ client_id: a, status: false }])
    expect([await may(a), await may(b)]).toEqual([false, true])
    await service.api('PATCH', `connections/${directory.id}`, { enabled_clients: [a] })
    expect([await may(a), await may(b)]).toEqual([true, false])
    expect(await may(await client())).toBe(true)
    // One of the whole tenant comes beside it.
    const { id: domain } = await made({ is_domain_connection: true })
    expect(await may(await client())).toBe(true)
    await service.api('DELETE', `connections/${domain}`)
    await service.api('PATCH', 'tenants/settings', { flags: { enable_client_connections: false } })
    const c = await client()
    expect([await may(b), await may(c)]).toEqual([false, false])
    await service.api('PATCH', `connections/${directory.id}/clients`, [{ client_id: c, status: true }])
    expect(await may(c)).toBe(true)
    await service.api('PATCH', 'tenants/settings', { flags: { enable_client_connections: true } })
    expect(await may(await client())).toBe(true)
  })
})
