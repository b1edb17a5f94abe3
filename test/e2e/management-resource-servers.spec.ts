import { type Json, startApp, type TestApp } from '../support/app.js'

let service: TestApp
beforeAll(async () => {
  service = await startApp()
})
afterAll(() => service.close())

let number = 0
const identifier = (): string => `https://api${number++}.example/`
const createApi = async (body: object = {}) => {
  const { status, body: api } = await service.api('POST', 'resource-servers', { identifier: identifier(), ...body })
  expect({ status, api }).toMatchObject({ status: 201 })
  return api
}

describe('a resource server', () => {
  it('gets defaults, and is found by id and by identifier, encoded once or twice', async () => {
    const api = await createApi()
    expect(api).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{24}$/),
      name: api.identifier,
      identifier: api.identifier,
      is_system: false,
      scopes: [],
      signing_alg: 'RS256',
      allow_offline_access: false,
      token_lifetime: 86_400,
      token_lifetime_for_web: 7200,
      skip_consent_for_verifiable_first_party_clients: false,
    })
    const once = encodeURIComponent(api.identifier)
    for (const id of [api.id, once, encodeURIComponent(once)]) {
      expect(await service.api('GET', `resource-servers/${id}`)).toMatchObject({ status: 200, body: { id: api.id } })
    }
    expect(await service.api('POST', 'resource-servers', { identifier: api.identifier })).toMatchObject({
      status: 409,
      body: { message: 'A resource server with the same identifier already exists.' },
    })
  })

  it('keeps scopes as a whole and takes back what was read', async () => {
    const api = await createApi({ scopes: [{ value: 'read:a', description: 'A' }, { value: 'read:b' }] })
    const { body } = await service.api('PATCH', `resource-servers/${api.id}`, { ...api, scopes: [{ value: 'read:c' }], token_lifetime: 7200 })
    expect(body).toMatchObject({ scopes: [{ value: 'read:c' }], token_lifetime: 7200, token_lifetime_for_web: 7200, identifier: api.identifier })
  })

  it('has a signing secret with HS256 only, which stands in no event', async () => {
    const api = await createApi({ signing_alg: 'HS256' })
    expect(api.signing_secret.length).toBeGreaterThanOrEqual(32)
    const own = 'my-own-signing-secret-1'
    expect((await service.api('PATCH', `resource-servers/${api.id}`, { signing_secret: own })).body.signing_secret).toBe(own)
    const state = async (): Promise<unknown> => (await service.pool.query(`select version from streams where id = $1`, [`resource_server-${api.id}`])).rows
    const before = await state()
    expect((await service.api('PATCH', `resource-servers/${api.id}`, { signing_secret: own })).body.signing_secret).toBe(own)
    expect(await state()).toEqual(before)
    const { rows } = await service.pool.query(`select type from events where data::text like any($1)`, [[`%${own}%`, `%${api.signing_secret}%`]])
    expect(rows).toEqual([])
    const reads = await service.pool.query(`select 1 from events where type = 'SecretRead' and data->>'path' = $1`, [`/api/v2/resource-servers/${api.id}`])
    await service.api('GET', `resource-servers/${api.id}`)
    const after = await service.pool.query(`select 1 from events where type = 'SecretRead' and data->>'path' = $1`, [`/api/v2/resource-servers/${api.id}`])
    expect(after.rowCount).toBe(reads.rowCount! + 1)
  })

  it('of the system is listed under its name and changed by nobody', async () => {
    const system = (await service.api('GET', 'resource-servers')).body[0]
    expect(system).toMatchObject({ name: 'Auth0 Management API', is_system: true, identifier: `${service.url}api/v2/` })
    expect(await service.api('PATCH', `resource-servers/${system.id}`, { name: 'x' })).toMatchObject({
      status: 400,
      body: { message: 'System resource servers cannot be patched.' },
    })
    expect(await service.api('DELETE', `resource-servers/${system.id}`)).toMatchObject({
      status: 400,
      body: { message: 'System resource servers cannot be deleted.' },
    })
  })

  it('is listed by identifiers, in the order of creation, and gone after DELETE with its grants', async () => {
    const [a, b] = [await createApi(), await createApi()]
    const query = [b, a].map((api) => `identifiers=${encodeURIComponent(api.identifier)}`).join('&')
    expect((await service.api('GET', `resource-servers?${query}`)).body.map(({ id }: { id: string }) => id)).toEqual([a.id, b.id])
    await service.api('POST', 'client-grants', { client_id: 'management', audience: a.identifier, scope: [] })
    for (let n = 0; n < 2; n++) expect((await service.api('DELETE', `resource-servers/${a.id}`)).status).toBe(204)
    expect(await service.api('GET', `resource-servers/${a.id}`)).toMatchObject({ status: 404, body: { message: 'The resource server does not exist' } })
    expect((await service.api('GET', `client-grants?audience=${encodeURIComponent(a.identifier)}`)).body).toEqual([])
  })

  it.each([
    [{}, `Payload validation error: 'Missing required property: identifier' on property identifier.`],
    [{ identifier: 'x', token_lifetime: 2_592_001 }, `Payload validation error: 'Value 2592001 is greater than maximum 2592000' on property token_lifetime.`],
    [{ identifier: 'x', token_lifetime: 1.5 }, `Payload validation error: 'Expected type integer but found type number' on property token_lifetime.`],
    [
      { identifier: 'x', token_lifetime: 60, token_lifetime_for_web: 61 },
      `Payload validation error: 'Value 61 is greater than maximum 60' on property token_lifetime_for_web.`,
    ],
    [{ identifier: 'x', scopes: [{}] }, `Payload validation error: 'Missing required property: value' on property scopes[0].value.`],
    [{ identifier: 'x', scopes: ['read:x'] }, `Payload validation error: 'Expected type object but found type string' on property scopes.`],
    [
      { identifier: 'x', subject_type_authorization: { user: { policy: 'some' } } },
      `Payload validation error: 'No enum match for: some' on property subject_type_authorization.user.policy.`,
    ],
    [
      { identifier: 'x', authorization_policy: {} },
      `Payload validation error: 'Missing required property: policy_id' on property authorization_policy.policy_id.`,
    ],
    [{ identifier: 'x', signing_alg: 'none' }, `Payload validation error: 'No enum match for: none' on property signing_alg.`],
  ])('%j is refused', async (body, message) => {
    expect(await service.api('POST', 'resource-servers', body)).toMatchObject({ status: 400, body: { message } })
  })
})

it('what cannot change of an API or a client grant is taken as it is and refused as anything else', async () => {
  const api = await createApi({ scopes: [{ value: 'read:a' }] })
  const client_id = (await service.api('POST', 'clients', { name: 'Bound' })).body.client_id
  const grant = (await service.api('POST', 'client-grants', { client_id, audience: api.identifier, scope: [] })).body
  for (const [at, whole, member, other] of [
    [`resource-servers/${api.id}`, api, 'identifier', 'https://other.example/'],
    [`resource-servers/${api.id}`, api, 'is_system', true],
    [`client-grants/${grant.id}`, grant, 'audience', 'https://other.example/'],
    [`client-grants/${grant.id}`, grant, 'subject_type', 'user'],
  ] as const) {
    expect(await service.api('PATCH', at, whole)).toMatchObject({ status: 200, body: whole })
    const message = `Payload validation error: 'Additional properties not allowed: ${member}'.`
    expect(await service.api('PATCH', at, { ...whole, [member]: other })).toMatchObject({ status: 400, body: { message, errorCode: 'invalid_body' } })
  }
})

describe('a client grant', () => {
  it('is made once, changed, listed and deleted', async () => {
    const api = await createApi({ scopes: [{ value: 'read:a' }, { value: 'read:b' }] })
    const { client_id } = (await service.api('POST', 'clients', { name: 'Machine', app_type: 'non_interactive' })).body
    const body = { client_id, audience: api.identifier, scope: ['read:a'] }
    const { status, body: grant } = await service.api('POST', 'client-grants', body)
    expect({ status, grant }).toEqual({ status: 201, grant: { id: expect.stringMatching(/^cgr_\w{16}$/), ...body, subject_type: 'client' } })
    expect(await service.api('POST', 'client-grants', body)).toMatchObject({ status: 409 })
    expect((await service.api('PATCH', `client-grants/${grant.id}`, { scope: ['read:b'] })).body.scope).toEqual(['read:b'])
    expect(await service.api('PATCH', `client-grants/${grant.id}`, { scope: ['read:z'] })).toMatchObject({ status: 400 })
    expect((await service.api('GET', `client-grants?include_totals=true&take=50&client_id=${client_id}`)).body).toEqual({
      client_grants: [{ ...grant, scope: ['read:b'] }],
      total: 1,
    })
    expect((await service.api('GET', `client-grants/${grant.id}/organizations`)).body).toEqual([])
    for (let n = 0; n < 2; n++) expect((await service.api('DELETE', `client-grants/${grant.id}`)).status).toBe(204)
    expect(await service.api('GET', `client-grants/${grant.id}`)).toMatchObject({ status: 404, body: { message: 'The grant does not exist.' } })
  })

  it('needs a client, an API and scopes that are there', async () => {
    const api = await createApi()
    const answer = async (body: object) => (await service.api('POST', 'client-grants', body)).body
    expect(await answer({ client_id: 'none', audience: api.identifier })).toMatchObject({ statusCode: 404, errorCode: 'inexistent_client' })
    expect(await answer({ client_id: 'management', audience: 'none' })).toMatchObject({ statusCode: 404, errorCode: 'inexistent_resource_server' })
    expect(await answer({ client_id: 'management', audience: api.identifier, scope: ['x'] })).toMatchObject({ statusCode: 400 })
    expect(await answer({ default_for: 'third_party_clients', audience: api.identifier, scope: [] })).toMatchObject({ errorCode: 'feature_not_enabled' })
  })

  it('made by two at once is one', async () => {
    const { identifier: audience } = await createApi()
    const made = await Promise.all(Array.from({ length: 6 }, () => service.api('POST', 'client-grants', { client_id: 'management', audience, scope: [] })))
    expect(made.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409, 409])
  })
})

describe('a search', () => {
  it('finds clients and APIs by what the caller may see, page by page', async () => {
    const make = async (name: string, more: object = {}): Promise<string> => (await service.api('POST', 'clients', { name, ...more })).body.client_id
    const made = [await make('Sought one', { client_metadata: { team: 'sought' } }), await make('Sought two', { client_metadata: { team: 'sought' } })]
    const search = async (query: Record<string, string>, headers = {}): Promise<Json> =>
      (await service.api('GET', `clients/search?${new URLSearchParams(query).toString()}`, undefined, headers)).body
    const first = await search({ q: 'client_metadata.team:sought', take: '1', fields: 'client_id' })
    const second = await search({ q: 'client_metadata.team:sought', take: '1', from: first.next })
    expect(first.clients).toEqual([{ client_id: made[0] }])
    expect(second).toMatchObject({ clients: [{ client_id: made[1], name: 'Sought two' }] })
    expect(second.next).toBeUndefined()
    // What is not shown is not found, and secrets by nobody.
    const narrow = { authorization: `Bearer ${await service.managementToken(['read:client_summary'])}` }
    expect(await search({ q: 'client_metadata.team:sought' }, narrow)).toEqual({ clients: [] })
    expect((await search({ q: 'name:Sought*' }, narrow)).clients).toHaveLength(2)
    expect(await search({ q: '_exists_:client_secret' })).toEqual({ clients: [] })
    await createApi({ name: 'Sought API', scopes: [{ value: 'read:sought' }] })
    expect((await service.api('GET', 'resource-servers/search?q=scopes.value:%22read:sought%22')).body.resource_servers).toMatchObject([{ name: 'Sought API' }])
  })

  it('speaks SCIM too, and comes in an order of the caller, page by page', async () => {
    for (const name of ['scim b', 'scim a', 'scim c']) await service.api('POST', 'clients', { name })
    for (const name of ['scim y', 'scim z', 'scim x']) await createApi({ name })
    const names = async (of: string, sort: string): Promise<string[]> => {
      const found: string[] = []
      for (let next = ''; ;) {
        const query = new URLSearchParams({
          parser: 'scim',
          q: 'name sw "scim " and not (name eq "none")',
          sort,
          take: '2',
          fields: 'name',
          ...(next && { from: next }),
        })
        const { body } = await service.api('GET', `${of}/search?${query.toString()}`)
        found.push(...body[of.replace('-', '_')].map(({ name }: { name: string }) => name))
        if (!body.next) return found
        next = body.next
      }
    }
    expect(await names('clients', 'name')).toEqual(['scim a', 'scim b', 'scim c'])
    expect(await names('clients', 'created_at')).toEqual(['scim b', 'scim a', 'scim c'])
    expect(await names('resource-servers', 'name')).toEqual(['scim x', 'scim y', 'scim z'])
    expect(await names('resource-servers', 'identifier')).toEqual(['scim y', 'scim z', 'scim x'])
    const [first] = (await service.api('GET', 'resource-servers/search?q=name:%22scim%20y%22')).body.resource_servers
    await service.api('PATCH', `resource-servers/${first.id}`, { token_lifetime: 60 })
    expect(await names('resource-servers', 'updated_at')).toEqual(['scim z', 'scim x', 'scim y'])
  })

  it.each(['q=(', 'parser=sql', 'parser=scim&q=name', 'sort=name:1', 'take=0', 'from=x'])('refuses ?%s', async (query) => {
    expect(await service.api('GET', `clients/search?${query}`)).toMatchObject({ status: 400, body: { errorCode: 'invalid_query_string' } })
  })
})
