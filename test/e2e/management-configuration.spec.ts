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

describe('tenant settings', () => {
  it('have defaults, merge flags, turn minutes into hours and clamp', async () => {
    const { body: before } = await service.api('GET', 'tenants/settings')
    expect(before).toMatchObject({ session_lifetime: 168, idle_session_lifetime: 72, enabled_locales: ['en'], flags: { enable_client_connections: true } })
    const { status, body } = await service.api('PATCH', 'tenants/settings', {
      flags: { enable_dynamic_client_registration: true },
      session_lifetime_in_minutes: 90,
      idle_session_lifetime: 100_000,
      friendly_name: 'Us',
    })
    expect(status).toBe(200)
    expect(body).toMatchObject({
      session_lifetime: 1.5,
      idle_session_lifetime: 2400,
      friendly_name: 'Us',
      flags: { enable_client_connections: true, enable_dynamic_client_registration: true },
    })
    expect(Object.keys(body).filter((name) => name.endsWith('_in_minutes'))).toEqual([])
    expect((await service.api('PATCH', 'tenants/settings', { flags: { enable_client_connections: false } })).body.flags).toMatchObject({
      enable_client_connections: false,
      enable_dynamic_client_registration: true,
    })
    expect((await service.api('GET', 'tenants/settings?fields=friendly_name')).body).toEqual({ friendly_name: 'Us' })
  })

  it.each([
    [{ flags: { nonsense: true } }, `Payload validation error: 'Additional properties not allowed: nonsense' on property flags.`],
    [{ session_lifetime: 0 }, `Payload validation error: 'Value 0 is less than minimum 0.0167' on property session_lifetime.`],
    [{ enabled_locales: [] }, `Payload validation error: 'Array is too short (0), minimum 1' on property enabled_locales.`],
    [
      { session_lifetime: 1, session_lifetime_in_minutes: 60 },
      `Payload validation error: 'session_lifetime and session_lifetime_in_minutes cannot be set at the same time'.`,
    ],
    [{ default_directory: 'none' }, 'The connection none does not exist.'],
    [{ support_email: 'us' }, `Payload validation error: 'Object didn't pass validation for format email-or-empty: us' on property support_email.`],
  ])('%j is refused', async (body, message) => {
    expect(await service.api('PATCH', 'tenants/settings', body)).toMatchObject({ status: 400, body: { message } })
  })
})

describe('settings with addresses of their own', () => {
  const BRUTE_FORCE = 'attack-protection/brute-force-protection'

  it('are answered with their defaults, merged at their first level, and taken back by null', async () => {
    expect((await service.api('GET', BRUTE_FORCE)).body).toEqual({
      enabled: true,
      shields: ['block', 'user_notification'],
      mode: 'count_per_identifier_and_ip',
      allowlist: [],
      max_attempts: 10,
    })
    await service.api('PATCH', BRUTE_FORCE, { max_attempts: 5 })
    expect(await service.api('PATCH', BRUTE_FORCE, { allowlist: ['192.0.2.0/24'] })).toMatchObject({ status: 200, body: { max_attempts: 5, enabled: true } })
    expect((await service.api('GET', 'branding')).body).toEqual({})
    await service.api('PATCH', 'branding', { colors: { primary: '#123456' }, logo_url: 'https://cdn.example/logo.png' })
    expect((await service.api('PATCH', 'branding', { logo_url: null })).body).toEqual({ colors: { primary: '#123456' } })
    expect((await service.api('PATCH', 'prompts', { identifier_first: true })).body).toMatchObject({
      identifier_first: true,
      universal_login_experience: 'new',
    })
    // They are part of the tenant, and of no other answer.
    const { body: tenant } = await service.api('GET', 'tenants/settings')
    expect(Object.keys(tenant).filter((name) => /brute|branding|prompts/.test(name))).toEqual([])
  })

  it('lose nothing of changes that are made at once, and nothing happens where nothing changes', async () => {
    const parts = [{ enabled: true }, { shields: ['block'] }, { method: 'enhanced' }, { admin_notification_frequency: ['daily'] }]
    const at = 'attack-protection/breached-password-detection'
    await Promise.all(parts.map((part) => service.api('PATCH', at, part)))
    expect((await service.api('GET', at)).body).toMatchObject(Object.assign({}, ...parts) as object)
    const changes = async (): Promise<unknown> => (await service.pool.query(`select count(*) from events where type = 'TenantSettingsChanged'`)).rows
    const before = await changes()
    await service.api('PATCH', at, parts[0])
    expect(await changes()).toEqual(before)
  })

  it.each([
    [BRUTE_FORCE, { max_attempts: 0 }, 'Value 0 is less than minimum 1', 'max_attempts'],
    [BRUTE_FORCE, { allowlist: ['everywhere'] }, 'String does not match pattern', 'allowlist'],
    ['branding', { colors: { primary: 'red' } }, 'String does not match pattern', 'colors.primary'],
    ['branding', { logo_url: 'http://cdn.example/x' }, `Object didn't pass validation for format absolute-https-uri-or-empty`, 'logo_url'],
    ['prompts', { universal_login_experience: 'old' }, 'No enum match for: old', 'universal_login_experience'],
  ])('%s refuses %j', async (at, body, detail, member) => {
    const { status, body: refusal } = await service.api('PATCH', at, body)
    expect({ status, message: refusal.message }).toEqual({ status: 400, message: expect.stringContaining(detail) })
    expect(refusal.message).toContain(`on property ${member}`)
  })
})

it('lists the connections that are on for a client', async () => {
  const client = (await service.api('POST', 'clients', { name: 'Connected' })).body.client_id
  const make = async (name: string): Promise<string> =>
    (await service.api('POST', 'connections', { name, strategy: 'oidc', options: { client_secret: 'shh' }, enabled_clients: [client] })).body.id
  const made = [await make('first-of-it'), await make('second-of-it')]
  await service.api('POST', 'connections', { name: 'of-nobody', strategy: 'oidc' })
  const first = (await service.api('GET', `clients/${client}/connections?take=1`)).body
  const second = (await service.api('GET', `clients/${client}/connections?take=1&from=${first.next}`)).body
  expect([first, second].flatMap(({ connections }) => connections.map(({ id }: { id: string }) => id))).toEqual(made)
  expect(second.next).toBeUndefined()
  expect((await service.api('GET', `clients/${client}/connections?strategy=samlp`)).body).toEqual({ connections: [] })
  const narrow = { authorization: `Bearer ${await service.managementToken(['read:clients'])}` }
  expect((await service.api('GET', `clients/${client}/connections?fields=name,options`, undefined, narrow)).body.connections).toEqual([
    { name: 'first-of-it' },
    { name: 'second-of-it' },
  ])
  expect(await service.api('GET', 'clients/nobody/connections')).toMatchObject({ status: 404, body: { message: 'Client does not exist.' } })
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
  })

  it.each(['q=(', 'parser=sql', 'parser=scim&q=name', 'sort=name:1', 'take=0', 'from=x'])('refuses ?%s', async (query) => {
    expect(await service.api('GET', `clients/search?${query}`)).toMatchObject({ status: 400, body: { errorCode: 'invalid_query_string' } })
  })
})

describe('what is not built', () => {
  it('takes back what it answered, and refuses anything else', async () => {
    expect(await service.api('PUT', 'guardian/policies', [])).toMatchObject({ status: 200, body: [] })
    expect(await service.api('PATCH', 'risk-assessments/settings', { enabled: false })).toMatchObject({ status: 200, body: { enabled: false } })
    expect((await service.api('PUT', 'prompts/login/custom-text/en', {})).status).toBe(204)
    for (const [method, at, body] of [
      ['PUT', 'guardian/policies', ['all-applications']],
      ['PATCH', 'risk-assessments/settings', { enabled: true }],
      ['PUT', 'prompts/login/partials', { login: {} }],
    ] as const) {
      expect(await service.api(method, at, body)).toMatchObject({ status: 403, body: { errorCode: 'feature_not_enabled' } })
    }
    for (const [method, at] of [
      ['POST', 'rules'],
      ['PUT', 'email-templates/verify_email'],
      ['PATCH', 'emails/provider'],
      ['POST', 'tickets/password-change'],
      ['POST', 'jobs/users-exports'],
      ['POST', 'token-exchange-profiles'],
      ['DELETE', 'blacklists/tokens?aud=a&jti=b'],
    ] as const) {
      const refused = { status: 403, body: { message: 'This feature is not enabled for this tenant.', errorCode: 'feature_not_enabled' } }
      expect(await service.api(method, at, method === 'DELETE' ? undefined : {})).toMatchObject(refused)
    }
    expect(await service.api('DELETE', 'rules/rul_1')).toMatchObject({
      status: 404,
      body: { message: 'The rule does not exist', errorCode: 'inexistent_rule' },
    })
    expect(await service.api('PATCH', 'token-exchange-profiles/tep_1', {})).toMatchObject({
      status: 404,
      body: { message: 'Token exchange profile not found.' },
    })
    expect(await service.api('PATCH', 'attack-protection/captcha', {})).toMatchObject({ status: 403, body: { errorCode: 'insufficient_entitlement' } })
  })

  it('answers as a tenant that has none of it', async () => {
    const get = async (path: string) => {
      const { status, body } = await service.api('GET', path)
      return [status, body]
    }
    expect(await get('rules?page=0&per_page=100&include_totals=true')).toEqual([200, { start: 0, limit: 100, total: 0, rules: [] }])
    expect(await get('organizations?include_totals=true&take=50')).toEqual([200, { organizations: [], total: 0 }])
    expect(await get('actions/actions?page=0&per_page=100')).toEqual([200, { actions: [], total: 0, page: 0, per_page: 100 }])
    expect(await get('actions/modules')).toEqual([200, { modules: [], total: 0, page: 0, per_page: 20 }])
    expect(await get('custom-domains')).toEqual([200, []])
    expect(await get('custom-domains?take=10')).toEqual([200, { custom_domains: [] }])
    expect(await get('custom-domains?include_totals=true')).toEqual([200, { start: 0, limit: 50, total: 0, custom_domains: [] }])
    expect(await get('jobs/job_1')).toEqual([404, expect.objectContaining({ errorCode: 'inexistent_job' })])
    expect(await get('log-streams')).toEqual([200, []])
    expect(await get('grants?include_totals=true')).toEqual([200, { start: 0, limit: 50, total: 0, grants: [] }])
    expect(await get('emails/provider?fields=name')).toEqual([404, expect.objectContaining({ errorCode: 'inexistent_email_provider' })])
    expect(await get('attack-protection/captcha')).toEqual([403, expect.objectContaining({ errorCode: 'insufficient_entitlement' })])
    expect(await get('stats/active-users')).toEqual([200, expect.any(Number)])
    expect(await get('stats/daily?from=20200102&to=20200101')).toEqual([
      400,
      expect.objectContaining({ message: `'from' date cannot be greater than 'to' date.` }),
    ])
    expect(await get('stats/daily')).toEqual([200, expect.any(Array)])
    expect((await service.api('DELETE', 'grants/5f5f')).status).toBe(204)
    expect((await service.api('DELETE', 'grants')).status).toBe(400)
  })
})
