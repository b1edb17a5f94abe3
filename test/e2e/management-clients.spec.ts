import { startApp, type TestApp } from '../support/app.js'
import { clientsOf } from '../support/managed.js'

let service: TestApp
beforeAll(async () => {
  service = await startApp()
})
afterAll(() => service.close())

const { create, patch } = clientsOf(() => service)

describe('a new client', () => {
  it('gets what Auth0 fills in', async () => {
    const client = await create({ name: 'x' })
    expect(client).toEqual({
      tenant: 'localhost',
      client_id: expect.stringMatching(/^[A-Za-z0-9]{32}$/),
      client_secret: expect.stringMatching(/^[\w-]{64}$/),
      name: 'x',
      global: false,
      is_first_party: true,
      oidc_conformant: false,
      is_token_endpoint_ip_header_trusted: false,
      sso_disabled: false,
      cross_origin_authentication: false,
      custom_login_page_on: true,
      jwt_configuration: { lifetime_in_seconds: 36_000, secret_encoded: false },
      grant_types: ['authorization_code', 'implicit', 'refresh_token', 'client_credentials'],
      refresh_token: {
        rotation_type: 'non-rotating',
        expiration_type: 'non-expiring',
        leeway: 0,
        token_lifetime: 2_592_000,
        idle_token_lifetime: 1_296_000,
        infinite_token_lifetime: true,
        infinite_idle_token_lifetime: true,
      },
      signing_keys: [{ cert: expect.stringContaining('BEGIN CERTIFICATE') }],
    })
    expect((await service.api('GET', `clients/${client.client_id}`)).body).toEqual(client)
  })

  it.each([
    [{ app_type: 'spa' }, ['authorization_code', 'implicit', 'refresh_token']],
    [{ app_type: 'native' }, ['authorization_code', 'implicit', 'refresh_token']],
    [{ token_endpoint_auth_method: 'none' }, ['authorization_code', 'implicit', 'refresh_token']],
    [{ app_type: 'regular_web' }, ['authorization_code', 'implicit', 'refresh_token', 'client_credentials']],
    [{ app_type: 'resource_server' }, undefined],
    [{ is_first_party: false }, ['authorization_code', 'refresh_token', 'client_credentials']],
  ])('%j may do %j', async (kind, grantTypes) => {
    expect((await create({ name: 'x', ...kind })).grant_types).toEqual(grantTypes)
  })

  it("of somebody else's in strict mode has a telling id, grants and refresh tokens within its bounds, and stays that", async () => {
    const strict = { name: 'x', is_first_party: false, third_party_security_mode: 'strict' }
    const client = await create({ ...strict, app_type: 'native', token_endpoint_auth_method: 'none' })
    expect(client).toMatchObject({
      client_id: expect.stringMatching(/^tpc_[A-Za-z0-9]{32}$/),
      grant_types: ['authorization_code', 'refresh_token'],
      refresh_token: { rotation_type: 'rotating', expiration_type: 'expiring', infinite_idle_token_lifetime: false },
      jwt_configuration: { lifetime_in_seconds: 3600 },
    })
    expect((await create({ ...strict, jwt_configuration: { lifetime_in_seconds: 60 } })).jwt_configuration).toMatchObject({ lifetime_in_seconds: 60 })
    for (const plain of [{ third_party_security_mode: 'permissive' }, { is_first_party: true }]) {
      expect((await create({ ...strict, ...plain })).client_id).toMatch(/^[A-Za-z0-9]{32}$/)
    }
    const refresh_token = { rotation_type: 'non-rotating', expiration_type: 'non-expiring' }
    const implicit = ['authorization_code', 'implicit']
    for (const [changes, message] of [
      [{ grant_types: implicit }, "Grant type 'implicit' not allowed for third party clients in strict mode."],
      [{ refresh_token }, 'Refresh tokens of third party clients in strict mode must be expiring.'],
      [
        { refresh_token: { ...refresh_token, expiration_type: 'expiring', infinite_idle_token_lifetime: true } },
        'Refresh tokens of third party clients in strict mode must have an idle token lifetime.',
      ],
      [{ redirection_policy: 'never' }, "Payload validation error: 'No enum match for: never' on property redirection_policy."],
    ]) {
      expect(await service.api('POST', 'clients', { ...strict, ...(changes as object) })).toMatchObject({ status: 400, body: { message } })
      expect(await patch(client.client_id, changes)).toMatchObject({ status: 400, body: { message } })
    }
    expect(await patch(client.client_id, { is_first_party: true })).toMatchObject({
      status: 400,
      body: { message: 'A third party client in strict mode cannot become a first party client.' },
    })
    expect((await patch(client.client_id, { third_party_security_mode: 'permissive' })).status).toBe(400)
    expect((await patch(client.client_id, { redirection_policy: 'allow_always', is_first_party: false })).body).toMatchObject({
      redirection_policy: 'allow_always',
    })
    expect(await create({ ...strict, is_first_party: false, third_party_security_mode: 'permissive', grant_types: implicit, refresh_token })).toMatchObject({
      refresh_token,
    })
  })

  it('has long lifetimes when a secret method is sent, and completes a refresh_token sent in part', async () => {
    expect((await create({ name: 'x', token_endpoint_auth_method: 'client_secret_post' })).refresh_token).toMatchObject({
      token_lifetime: 31_557_600,
      idle_token_lifetime: 2_592_000,
    })
    const policies = [{ audience: 'https://a', scope: ['read:x'] }]
    expect((await create({ name: 'x', refresh_token: { rotation_type: 'non-rotating', expiration_type: 'expiring', policies } })).refresh_token).toEqual({
      rotation_type: 'non-rotating',
      expiration_type: 'expiring',
      leeway: 0,
      token_lifetime: 2_592_000,
      idle_token_lifetime: 1_296_000,
      infinite_token_lifetime: false,
      infinite_idle_token_lifetime: false,
      policies,
    })
    const text = { rotation_type: 'rotating', expiration_type: 'expiring', token_lifetime: '3600', leeway: 5 }
    expect((await create({ name: 'x', refresh_token: text })).refresh_token).toMatchObject({ token_lifetime: 3600, idle_token_lifetime: 3600, leeway: 5 })
  })

  it('has session_transfer only when it is sent, and completes it then', async () => {
    const defaults = {
      can_create_session_transfer_token: false,
      enforce_cascade_revocation: true,
      allowed_authentication_methods: [],
      enforce_device_binding: 'ip',
      allow_refresh_token: false,
      enforce_online_refresh_tokens: true,
    }
    const client = await create({ name: 'x', session_transfer: { can_create_session_transfer_token: true } })
    expect(client.session_transfer).toEqual({ ...defaults, can_create_session_transfer_token: true })
    const changed = await service.api('PATCH', `clients/${client.client_id}`, { session_transfer: { enforce_device_binding: 'asn' } })
    expect(changed.body.session_transfer).toEqual({ ...defaults, enforce_device_binding: 'asn' })
    expect((await service.api('PATCH', `clients/${client.client_id}`, { session_transfer: null })).body).not.toHaveProperty('session_transfer')
    expect(await create({ name: 'x' })).not.toHaveProperty('session_transfer')
  })

  const rotating = { rotation_type: 'rotating', expiration_type: 'expiring' }
  it.each([
    [{}, `Payload validation error: 'Missing required property: name' on property name.`],
    [{ name: '' }, `Payload validation error: 'String is too short (0 chars), minimum 1' on property name.`],
    [{ name: '<b>' }, `Payload validation error: 'String does not match pattern ^[^<>]+$' on property name.`],
    [{ name: 1 }, `Payload validation error: 'Expected type string but found type integer' on property name.`],
    [{ name: null }, `Payload validation error: 'Expected type string but found type null' on property name.`],
    [{ name: 'x', token_dialect: 'y' }, `Payload validation error: 'Additional properties not allowed: token_dialect'.`],
    [{ name: 'x', app_type: 'toaster' }, `Payload validation error: 'No enum match for: toaster' on property app_type.`],
    [{ name: 'x', description: 'x'.repeat(141) }, `Payload validation error: 'String is too long (141 chars), maximum 140' on property description.`],
    [{ name: 'x', callbacks: 'https://a' }, `Payload validation error: 'Expected type array but found type string' on property callbacks.`],
    [
      { name: 'x', callbacks: ['javascript:alert(1)'] },
      `Payload validation error: 'Object didn't pass validation for format absolute-uri-or-empty: javascript:alert(1)' on property callbacks.`,
    ],
    [
      { name: 'x', refresh_token: { rotation_type: 'rotating' } },
      `Payload validation error: 'Missing required property: expiration_type' on property refresh_token.expiration_type.`,
    ],
    [{ name: 'x', refresh_token: { ...rotating, foo: 1 } }, `Payload validation error: 'Additional properties not allowed: foo' on property refresh_token.`],
    [
      { name: 'x', refresh_token: { ...rotating, policies: [] } },
      `Payload validation error: 'Array is too short (0), minimum 1' on property refresh_token.policies.`,
    ],
    [
      { name: 'x', refresh_token: { ...rotating, policies: [{ scope: [] }] } },
      `Payload validation error: 'Missing required property: audience' on property refresh_token.policies[0].audience.`,
    ],
    [{ name: 'x', refresh_token: { ...rotating, expiration_type: 'non-expiring' } }, 'Rotating refresh tokens must be expiring.'],
    [
      { name: 'x', refresh_token: { ...rotating, token_lifetime: 10, idle_token_lifetime: 20 } },
      'The idle token lifetime must not be longer than the token lifetime.',
    ],
    [{ name: 'x', client_metadata: { a: 1 } }, `Payload validation error: 'Expected type string but found type integer' on property client_metadata.`],
  ])('%j is refused', async (body, message) => {
    expect(await service.api('POST', 'clients', body)).toMatchObject({ status: 400, body: { statusCode: 400, message, errorCode: 'invalid_body' } })
  })

  it.each([
    [{ token_exchange: { allow_any_profile_of_type: ['any'] } }, 'No enum match for: any', 'token_exchange.allow_any_profile_of_type'],
    [{ session_transfer: { enforce_device_binding: 'mac' } }, 'No enum match for: mac', 'session_transfer.enforce_device_binding'],
    [{ default_organization: { flows: [] } }, 'Missing required property: organization_id', 'default_organization.organization_id'],
    [{ token_quota: { client_credentials: { per_day: 0 } } }, 'Value 0 is less than minimum 1', 'token_quota.client_credentials.per_day'],
  ])('%j is refused', async (part, detail, member) => {
    const message = `Payload validation error: '${detail}' on property ${member}.`
    expect(await service.api('POST', 'clients', { name: 'x', ...part })).toMatchObject({ status: 400, body: { message, errorCode: 'invalid_body' } })
  })

  it('has aliases that no other has, also when many ask for one at once', async () => {
    const taken = { status: 409, body: { message: 'Another client exists with the same alias.', errorCode: 'conflict' } }
    const made = await Promise.all(Array.from({ length: 4 }, () => service.api('POST', 'clients', { name: 'x', client_aliases: ['own', 'wanted'] })))
    expect(made.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409])
    const { client_id } = made.find(({ status }) => status === 201)!.body
    const other = await create({ name: 'y', client_aliases: ['free'] })
    expect(await patch(other.client_id, { client_aliases: ['free', 'wanted'] })).toMatchObject(taken)
    expect(await patch(client_id, { client_aliases: ['wanted'] })).toMatchObject({ status: 200 })
    expect(await patch(other.client_id, { client_aliases: ['own'] })).toMatchObject({ status: 200, body: { client_aliases: ['own'] } })
  })

  it('takes what a client sends back as it read it', async () => {
    const { client_secret: _, ...read } = await create({ name: 'Echo', addons: { samlp: { x: 1 } } })
    const { status, body } = await patch(read.client_id, { ...read, description: 'new' })
    expect([status, body.description, body.addons]).toEqual([200, 'new', { samlp: { x: 1 } }])
    for (const other of [{ client_id: 'another' }, { global: true }])
      expect(await patch(read.client_id, { ...read, ...other })).toMatchObject({ status: 400, body: { errorCode: 'invalid_body' } })
  })
})

describe('changing a client', () => {
  it('replaces objects, merges client_metadata, and takes away what is null', async () => {
    const { client_id: id } = await create({ name: 'x', client_metadata: { a: '1', b: '2' }, organization_usage: 'allow', jwt_configuration: { alg: 'RS256' } })
    const { body } = await patch(id, { client_metadata: { b: null, c: '3' }, organization_usage: null, jwt_configuration: { lifetime_in_seconds: 60 } })
    expect(body.client_metadata).toEqual({ a: '1', c: '3' })
    expect(body).not.toHaveProperty('organization_usage')
    expect(body.jwt_configuration).toEqual({ lifetime_in_seconds: 60, secret_encoded: false })
    const whole = await patch(id, { refresh_token: { rotation_type: 'rotating', expiration_type: 'expiring' } })
    expect(whole.body.refresh_token).toMatchObject({ rotation_type: 'rotating', token_lifetime: 2_592_000, infinite_token_lifetime: false })
    expect((await patch(id, { refresh_token: null })).body).toMatchObject({ refresh_token: { rotation_type: 'non-rotating', infinite_token_lifetime: true } })
  })

  it('by many at once loses none of the merges', async () => {
    const { client_id: id } = await create({ name: 'x' })
    const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
    const answers = await Promise.all(keys.map((key) => patch(id, { client_metadata: { [key]: key } })))
    expect(answers.map(({ status }) => status)).toEqual(keys.map(() => 200))
    const { body } = await service.api('GET', `clients/${id}`)
    expect(Object.keys(body.client_metadata).sort()).toEqual(keys)
    expect(await patch(id, { client_metadata: { i: '1', j: '2', k: '3' } })).toMatchObject({ status: 400, body: { errorCode: 'invalid_body' } })
  })

  it('that is not there is 404, deleting it is 204', async () => {
    const gone = { statusCode: 404, error: 'Not Found', message: 'The client does not exist', errorCode: 'inexistent_client' }
    for (const [method, path] of [
      ['GET', 'clients/none'],
      ['PATCH', 'clients/none'],
      ['POST', 'clients/none/rotate-secret'],
      ['GET', 'clients/none/credentials'],
    ] as const) {
      expect(await service.api(method, path)).toMatchObject({ status: 404, body: gone })
    }
    expect((await service.api('DELETE', 'clients/none', '0')).status).toBe(204)
  })

  it('gives another secret, and the former one is worth nothing', async () => {
    const { client_id: id, client_secret: former } = await create({ name: 'x' })
    const { status, body } = await service.api('POST', `clients/${id}/rotate-secret`)
    expect(status).toBe(200)
    expect(body.client_secret).toMatch(/^[\w-]{64}$/)
    expect(body.client_secret).not.toBe(former)
    expect((await service.api('GET', `clients/${id}`)).body.client_secret).toBe(body.client_secret)
    const { rows } = await service.pool.query(`select 1 from events where data::text like $1 or data::text like $2`, [`%${former}%`, `%${body.client_secret}%`])
    expect(rows).toEqual([])
  })
})
