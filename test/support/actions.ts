import { type Allowed, type Denied, type PostLoginEvent, type PostLoginOutcome, RunPostLogin } from '../../src/actions/index.js'
import type { Json, TestApp } from './app.js'
import { eventually } from './eventually.js'

export const POST_LOGIN = [{ id: 'post-login', version: 'v3' }]
/** A whole file: an Action that puts a value into the ID token as `n`. */
export const claiming = (value: string): string => `exports.onExecutePostLogin = async (event, api) => api.idToken.setCustomClaim('n', ${value})`

/** An Action as an operator makes one through the Management API, and a login or an exchange as its flow asks the Actions. */
export class ActionsScene {
  #made = 0
  #used = new Map<string, Json>()

  constructor(readonly service: TestApp) {}

  /** Creates an Action and waits until it is built, or has failed. */
  async create(code: string, over: object = {}): Promise<Json> {
    const body = { name: `Action ${++this.#made}`, supported_triggers: POST_LOGIN, code, ...over }
    const { status, body: created } = await this.service.api('POST', 'actions/actions', body)
    if (status !== 201) throw new Error(`not created: ${status} ${JSON.stringify(created)}`)
    return this.built(created.id)
  }

  built(id: string): Promise<Json> {
    return eventually(async () => {
      const { body } = await this.service.api('GET', `actions/actions/${id}`)
      return ['built', 'failed'].includes(body.status) && body
    }, 60_000)
  }

  /** Creates an Action that runs; `body` is that of its handler unless it is a whole file. */
  async deployed(code: string, over: object = {}): Promise<Json> {
    const action = await this.create(/exports\./.test(code) ? code : `exports.onExecutePostLogin = async (event, api) => { ${code} }`, over)
    const { status, body } = await this.service.api('POST', `actions/actions/${action.id}/deploy`)
    if (status !== 200) throw new Error(`not deployed: ${status} ${JSON.stringify({ body, action })}`)
    return (await this.service.api('GET', `actions/actions/${action.id}`)).body
  }

  async bind(trigger: string, ...actions: readonly Json[]): Promise<void> {
    const bindings = actions.map(({ id, name }) => ({ ref: { type: 'action_id', value: id }, display_name: name }))
    const { status, body } = await this.service.api('PATCH', `actions/triggers/${trigger}/bindings`, { bindings })
    if (status !== 200) throw new Error(`not bound: ${status} ${JSON.stringify(body)}`)
  }

  /** Makes these bodies the post-login Actions, in this order; one that the last use had too stays as it is. */
  async use(...codes: readonly string[]): Promise<Json[]> {
    const before = this.#used
    const actions = await Promise.all(codes.map(async (code): Promise<Json> => before.get(code) ?? (await this.deployed(code))))
    await this.bind('post-login', ...actions)
    this.#used = new Map(codes.map((code, n) => [code, actions[n]]))
    // There may be a hundred.
    const left = [...before].filter(([code]) => !this.#used.has(code))
    await Promise.all(left.map(([, { id }]) => this.service.api('DELETE', `actions/actions/${id}`)))
    return actions
  }

  run(event: PostLoginEvent): Promise<PostLoginOutcome> {
    return this.service.commands.execute(new RunPostLogin(event, { userId: event.user.user_id, clientId: event.client.client_id }))
  }

  async allowed(event: PostLoginEvent): Promise<Allowed> {
    const outcome = await this.run(event)
    if (outcome.kind !== 'allowed') throw new Error(`not allowed: ${JSON.stringify(outcome)}`)
    return outcome
  }

  async denied(event: PostLoginEvent): Promise<Denied> {
    const outcome = await this.run(event)
    if (outcome.kind !== 'denied') throw new Error(`not denied: ${JSON.stringify(outcome)}`)
    return outcome
  }

  /** What the bound Actions put into the ID token. */
  async claims(event = aLogin()): Promise<unknown> {
    return (await this.allowed(event)).claims.idToken
  }
}

const AT = '2026-01-02T03:04:05.000Z'

const COMMON = {
  client: { client_id: 'client-1', name: 'App', metadata: {} },
  connection: { id: 'con_0123456789abcdef', name: 'Username-Password-Authentication', strategy: 'auth0' },
  stats: { logins_count: 1 },
  user: {
    user_id: 'auth0|ada',
    email: 'ada@example.com',
    email_verified: true,
    name: 'Ada',
    created_at: AT,
    updated_at: AT,
    identities: [],
    user_metadata: {},
    app_metadata: {},
    enrolledFactors: [],
  },
  authorization: { roles: [] },
  authentication: { methods: [{ name: 'pwd', timestamp: AT }] },
  resource_server: { identifier: 'https://api.example.com' },
}
const request = { ip: '192.0.2.9', hostname: 'auth.example.com', user_agent: 'Firefox/140' }

const session = {
  id: 'session-1',
  user_id: 'auth0|ada',
  created_at: AT,
  updated_at: AT,
  authenticated_at: AT,
  expires_at: '2026-01-05T03:04:05.000Z',
  idle_expires_at: '2026-01-03T03:04:05.000Z',
  last_interacted_at: AT,
  clients: [{ client_id: 'client-1' }],
  device: {},
  cookie: { mode: 'persistent' as const },
  metadata: {},
}

/** A first login at /authorize with `openid profile offline_access`. */
export const aLogin = (over: Partial<PostLoginEvent> = {}): PostLoginEvent => ({
  ...COMMON,
  request: { ...request, method: 'GET', query: { scope: 'openid profile offline_access', client_id: 'client-1' }, body: {} },
  transaction: {
    id: 'transaction-1',
    protocol: 'oidc-basic-profile',
    requested_scopes: ['openid', 'profile', 'offline_access'],
    acr_values: [],
    ui_locales: [],
    prompt: [],
    response_type: ['code'],
  },
  session,
  ...over,
})

/** An exchange of a refresh token with this metadata; `online`: one of a session. */
export const anExchange = (metadata: Record<string, string> = {}, over: Partial<PostLoginEvent> = {}, { online = false } = {}): PostLoginEvent => ({
  ...COMMON,
  request: { ...request, method: 'POST', query: {}, body: { grant_type: 'refresh_token', client_id: 'client-1' } },
  transaction: { protocol: 'oauth2-refresh-token', requested_scopes: [] },
  refresh_token: {
    id: 'rt-1',
    user_id: 'auth0|ada',
    client_id: 'client-1',
    session_id: 'session-1',
    created_at: AT,
    expires_at: '2026-02-02T03:04:05.000Z',
    rotating: !online,
    access: online ? 'online' : 'offline',
    resource_servers: [{ audience: 'https://api.example.com', scopes: 'openid profile offline_access' }],
    device: {},
    metadata,
  },
  ...(online && { session }),
  ...over,
})
