import { startApp, type TestApp } from '../support/app.js'

let service: TestApp
beforeAll(async () => {
  service = await startApp()
})
afterAll(() => service.close())

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

  it('change of one stage leaves the others, and the rest of that stage, as they are', async () => {
    const at = 'attack-protection/suspicious-ip-throttling'
    const stages = async (stage: object): Promise<unknown> => (await service.api('PATCH', at, { stage })).body.stage
    const registration = { max_attempts: 50, rate: 1200 }
    expect(await stages({ 'pre-login': { rate: 60 } })).toEqual({ 'pre-login': { max_attempts: 100, rate: 60 }, 'pre-user-registration': registration })
    await stages({ 'pre-login': { max_attempts: 7 } })
    expect((await service.api('GET', at)).body.stage).toEqual({ 'pre-login': { max_attempts: 7, rate: 60 }, 'pre-user-registration': registration })
    const passwords = await service.api('PATCH', 'attack-protection/breached-password-detection', { stage: { 'pre-change-password': { shields: ['block'] } } })
    expect(passwords.body.stage).toEqual({ 'pre-user-registration': { shields: [] }, 'pre-change-password': { shields: ['block'] } })
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
    ...['everywhere', '192.0.2.0/33', '2001:db8::/129', '192.0.2.0/', 'fe80::1%eth0'].map((entry): [string, object, string, string] => [
      BRUTE_FORCE,
      { allowlist: [entry] },
      `validation for format ip-or-cidr: ${entry}`,
      'allowlist',
    ]),
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
    for (const id of ['default', 'cd_0000000000000000']) {
      const gone = { message: `The custom domain ${id} does not exist`, errorCode: 'inexistent_custom_domain' }
      expect(await get(`custom-domains/${id}`)).toEqual([404, expect.objectContaining(gone)])
      const noTheme = { message: 'There was an error retrieving branding settings: invalid theme ID', errorCode: 'theme_not_found' }
      expect(await get(`branding/themes/${id}`)).toEqual([404, expect.objectContaining(noTheme)])
    }
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
