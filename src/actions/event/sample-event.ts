/** What a test run shows an Action where its payload says nothing (spec/actions.md §8.4). Nobody's data. */
const AT = '2026-01-02T03:04:05.000Z'

const REQUEST = { ip: '203.0.113.9', hostname: 'auth.example.com', method: 'GET', user_agent: 'curl/8.0', language: 'en', query: {}, body: {}, geoip: {} }
const CLIENT = { client_id: 'client-id', name: 'My App', metadata: {} }
const RESOURCE_SERVER = { identifier: 'https://api.example.com' }

const POST_LOGIN = {
  client: CLIENT,
  connection: { id: 'con_0123456789abcdef', name: 'Username-Password-Authentication', strategy: 'auth0', metadata: {} },
  request: REQUEST,
  resource_server: RESOURCE_SERVER,
  stats: { logins_count: 1 },
  tenant: { id: 'auth.example.com' },
  transaction: {
    id: 'transaction-id',
    protocol: 'oidc-basic-profile',
    requested_scopes: ['openid', 'profile', 'offline_access'],
    acr_values: [],
    ui_locales: [],
    prompt: [],
    response_type: ['code'],
    response_mode: 'query',
    redirect_uri: 'https://app.example.com/callback',
    state: 'state',
    locale: 'en',
    metadata: {},
  },
  authentication: { methods: [{ name: 'pwd', timestamp: AT }] },
  authorization: { roles: [] },
  session: {
    id: 'session-id',
    user_id: 'auth0|user',
    created_at: AT,
    updated_at: AT,
    authenticated_at: AT,
    expires_at: '2026-01-05T03:04:05.000Z',
    idle_expires_at: '2026-01-03T03:04:05.000Z',
    last_interacted_at: AT,
    clients: [{ client_id: 'client-id' }],
    device: {},
    cookie: { mode: 'persistent' },
  },
  user: {
    user_id: 'auth0|user',
    email: 'user@example.com',
    email_verified: true,
    name: 'User',
    nickname: 'user',
    created_at: AT,
    updated_at: AT,
    identities: [{ connection: 'Username-Password-Authentication', provider: 'auth0', user_id: 'user', isSocial: false }],
    user_metadata: {},
    app_metadata: {},
    enrolledFactors: [],
  },
}

const CREDENTIALS_EXCHANGE = {
  accessToken: { scope: [], customClaims: {} },
  client: CLIENT,
  request: { ...REQUEST, method: 'POST', body: { grant_type: 'client_credentials' } },
  resource_server: RESOURCE_SERVER,
  tenant: { id: 'auth.example.com' },
  transaction: { requested_scopes: [] },
}

type Members = Readonly<Record<string, unknown>>

/** The trigger's example with what `event` says instead; objects are merged, lists and values replaced. */
export const sampleEvent = (trigger: string, event: Members): Members => merged(trigger === 'credentials-exchange' ? CREDENTIALS_EXCHANGE : POST_LOGIN, event)

function merged(base: Members, over: Members): Members {
  const members = Object.entries(over).map(([name, value]): [string, unknown] => {
    const below = Object.hasOwn(base, name) ? base[name] : undefined
    return [name, isObject(below) && isObject(value) ? merged(below, value) : value]
  })
  return { ...base, ...Object.fromEntries(members) }
}

const isObject = (value: unknown): value is Members => typeof value === 'object' && value !== null && !Array.isArray(value)
