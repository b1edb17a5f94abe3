import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { jest } from '@jest/globals'
import type { IssuanceDecisions } from '../../src/actions/index.js'
import { ActionsSandbox } from '../../src/actions/run/actions-sandbox.js'
import { type ClientDocument, type DecidedByActions, RedeemAuthorizationCode } from '../../src/authorization/index.js'
import { PersonKeys } from '../../src/keys/person-keys.js'
import { FindSessionById } from '../../src/sessions/index.js'
import { ActionsScene } from '../support/actions.js'
import { type Json, startApp, type TestApp } from '../support/app.js'
import { eventually } from '../support/eventually.js'
import { PKCE, redeemCode } from '../support/logins.js'
import { anotherWorker, claimsOf } from '../support/oauth.js'
import { aClient, anApi, aPerson, authorizeUrl, CALLBACK, DIRECTORY, PASSWORD } from '../support/people.js'
import { recorded } from '../support/recorded.js'
import { answerOf, type Page, Visitor } from '../support/visitor.js'

let service: TestApp
let scene: ActionsScene
let client: ClientDocument
let audience: string
beforeAll(async () => {
  service = await startApp({ ACTIONS_TIMEOUT_MS: '4000' })
  scene = new ActionsScene(service)
  client = await aClient(service, { client_metadata: { tier: 'gold' } })
  audience = await anApi(service)
})
afterAll(() => service.close())

const visitor = (): Visitor => new Visitor(service.url)
const scope = 'openid profile email offline_access read:plants'

/** Opens /authorize, and logs in where that is asked. */
async function enter(who: Visitor, email: string, more: Record<string, string> = {}, app = client): Promise<Page> {
  const page = await who.get(authorizeUrl(app, { scope, audience, ...PKCE, ...more }))
  return page.html.includes('name="password"') ? who.submit(page, { username: email, password: PASSWORD, action: 'default' }) : page
}

/** Logs a new person in; their browser, the answer, and their session. */
async function firstLogin(
  more: Record<string, string> = {},
): Promise<{ who: Visitor; person: { userId: string; email: string }; page: Page; sessionId: string }> {
  const person = await aPerson(service)
  const who = visitor()
  const page = await enter(who, person.email, more)
  return { who, person, page, sessionId: sessionIdOf(who) }
}

const sessionIdOf = (who: Visitor): string => who.cookies.get('auth0')?.split('.')[0] ?? ''

async function decisionsOf(page: Page): Promise<IssuanceDecisions & { readonly execution: DecidedByActions['execution'] }> {
  const exchange = { code: answerOf(page)['code']!, clientId: client.client_id, redirectUri: CALLBACK, codeVerifier: 'x'.repeat(43), familyId: 'f1' }
  const redeemed = await service.commands.execute(new RedeemAuthorizationCode(exchange, {}))
  if (redeemed.kind !== 'redeemed' || !redeemed.grant.actions) throw new Error(`nothing was decided: ${JSON.stringify(redeemed)}`)
  const { decisions, execution } = redeemed.grant.actions
  return { ...(await service.app.get(PersonKeys).open<IssuanceDecisions>(decisions))!, execution }
}

const userMetadata = async (userId: string): Promise<Json> => (await service.api('GET', `users/${encodeURIComponent(userId)}`)).body.user_metadata
const shownSession = async (id: string): Promise<Json> => (await service.api('GET', `sessions/${id}`)).body

/** The log's entries of a person, oldest first, once there is one of this kind. */
const logsOf = (userId: string, type: string): Promise<Json[]> =>
  eventually(async () => {
    const { body } = await service.api('GET', `logs?q=${encodeURIComponent(`user_id:"${userId}"`)}&sort=date:1`)
    return body.some((entry: Json) => entry.type === type) && body
  })
const only = (logs: Json[], ...types: string[]): Json[] => logs.filter(({ type }) => types.includes(type))

const session = (id: string) => service.queries.execute(new FindSessionById(id))

const token = (payload: object, secret = 'shared'): string => {
  const input = [{ alg: 'HS256', typ: 'JWT' }, payload].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
}

describe('an Action that lets a login through', () => {
  it('is told of the login as the specification has it', async () => {
    await scene.use(
      `const { tenant, request, user, ...rest } = event
       api.idToken.setCustomClaim('event', { ...rest, request: { ...request, ip: typeof request.ip }, user, absent: [typeof event.refresh_token, typeof event.session.metadata] })`,
    )
    const { who, person, page, sessionId } = await firstLogin({ acr_values: 'a b', login_hint: 'me', client_secret: 'hidden' })
    const { event } = (await decisionsOf(page)).claims.idToken as { event: Json }
    expect(event).toMatchObject({
      client: { client_id: client.client_id, name: 'Garden Planner', metadata: { tier: 'gold' } },
      connection: { id: expect.stringMatching(/^con_/), name: DIRECTORY, strategy: 'auth0' },
      stats: { logins_count: 1 },
      authorization: { roles: [] },
      resource_server: { identifier: audience },
      authentication: { methods: [{ name: 'pwd', timestamp: expect.any(String) }] },
      request: { ip: 'string', method: 'POST', hostname: 'localhost', query: { scope, acr_values: 'a b', login_hint: 'me' }, body: {}, geoip: {} },
      session: { id: sessionId, user_id: person.userId, clients: [{ client_id: client.client_id }], cookie: { mode: 'persistent' } },
      transaction: {
        id: expect.any(String),
        protocol: 'oidc-basic-profile',
        requested_scopes: scope.split(' '),
        acr_values: ['a', 'b'],
        ui_locales: [],
        prompt: [],
        response_type: ['code'],
        response_mode: 'query',
        redirect_uri: CALLBACK,
        state: 'some state',
        login_hint: 'me',
        metadata: {},
      },
      user: { user_id: person.userId, email: person.email, email_verified: true, user_metadata: {}, app_metadata: {} },
      absent: ['undefined', 'undefined'],
    })
    expect(event.user.identities).toEqual([{ connection: DIRECTORY, provider: 'auth0', user_id: expect.any(String), isSocial: false }])
    expect(JSON.stringify(event)).not.toMatch(/hidden|Correct-Horse/)

    // Single sign-on is no login that counts; another login is.
    const again = (await decisionsOf(await enter(who, person.email))).claims.idToken['event'] as Json
    expect(again).toMatchObject({ stats: { logins_count: 1 }, session: { id: sessionId }, request: { method: 'GET' } })
    const anew = (await decisionsOf(await enter(who, person.email, { prompt: 'login' }))).claims.idToken['event'] as Json
    expect(anew).toMatchObject({ stats: { logins_count: 2 }, transaction: { prompt: ['login'] } })
  })

  it('puts its claims into the tokens of the code, and stands in the log once', async () => {
    await scene.use(
      `api.idToken.setCustomClaim('color', 'pink'); api.idToken.setCustomClaim('sub', 'evil')`,
      `api.accessToken.setCustomClaim('https://x/a', 1)`,
    )
    const { person, page, sessionId } = await firstLogin()
    const { body } = await redeemCode(service, client, answerOf(page)['code']!)
    expect(claimsOf(body.id_token)).toMatchObject({ color: 'pink', sub: person.userId })
    expect(claimsOf(body.access_token)).toMatchObject({ 'https://x/a': 1 })
    const [entry, ...others] = only(await logsOf(person.userId, 's'), 's', 'f')
    expect(others).toEqual([])
    expect(entry.details).toMatchObject({ session_id: sessionId, actions: { executions: [expect.any(String)] } })
    const execution = await eventually(async () => {
      const found = await service.api('GET', `actions/executions/${entry.details.actions.executions[0]}`)
      return found.status === 200 && found.body
    })
    expect(execution).toMatchObject({ trigger_id: 'post-login', status: 'final' })
    expect(execution.results).toHaveLength(2)
  })

  it('adds its operations to those of others, which none of them sees', async () => {
    const sample = (name: string): string => readFileSync(`test/support/sample-actions/${name}.js`, 'utf8')
    await scene.use(sample('set-organization-context'), sample('set-device-information'), `api.refreshToken.setMetadata('seen', String(event.refresh_token))`)
    const { person, page } = await firstLogin()
    const { refreshToken, execution } = await decisionsOf(page)
    expect(refreshToken.operations.map((operation) => ('key' in operation ? operation.key : operation.op))).toEqual([
      'initial_ip',
      'initial_asn',
      'initial_country',
      'initial_user_agent',
      'seen',
    ])
    expect(refreshToken.operations.at(-1)).toMatchObject({ value: 'undefined' })
    expect(execution.actions.map(({ decided }) => decided.length)).toEqual([0, 4, 1])
    const [issued] = (await recorded(service, 'AuthorizationCodeIssued')).filter(({ data }) => data['userId'] === person.userId)
    expect(JSON.stringify(issued)).not.toContain('unknown')
  })

  it('changes the person at once, for the Actions after it too', async () => {
    await scene.use(
      `api.user.setUserMetadata('seen', true); api.user.setAppMetadata('plan', { a: 1 }); api.idToken.setCustomClaim('own', event.user.user_metadata.seen ?? 'not yet')`,
      `api.idToken.setCustomClaim('next', [event.user.user_metadata.seen, event.user.app_metadata.plan]); api.user.setUserMetadata('gone', null)`,
    )
    const { person, page } = await firstLogin()
    expect((await decisionsOf(page)).claims.idToken).toEqual({ own: 'not yet', next: [true, { a: 1 }] })
    expect(await userMetadata(person.userId)).toEqual({ seen: true })
    const [changed] = (await recorded(service, 'UserChanged')).filter(({ metadata }) => metadata['userId'] === person.userId)
    expect(changed!.metadata['actions']).toMatchObject({
      id: expect.any(String),
      actions: [{ decided: ['user_metadata seen', 'app_metadata plan', 'idToken.claim own'] }, {}],
    })
    expect(JSON.stringify(changed)).not.toContain('"a":1')
  })

  it('is told of a login that begins with signing up', async () => {
    await scene.use(`api.idToken.setCustomClaim('first', [event.stats.logins_count, event.user.email, event.request.body])`)
    const who = visitor()
    const form = await who.get(authorizeUrl(client, { scope, screen_hint: 'signup', ...PKCE }))
    const page = await who.submit(form, { email: 'fresh@example.com', password: PASSWORD, action: 'default' })
    expect((await decisionsOf(page)).claims.idToken).toEqual({ first: [1, 'fresh@example.com', {}] })
  })

  it('gives no code for a session that ends while it runs', async () => {
    await scene.use(`api.idToken.setCustomClaim('ran', 1)`)
    const { who, person, sessionId } = await firstLogin()
    const sandbox = service.app.get(ActionsSandbox, { strict: false })
    const run = sandbox.run.bind(sandbox)
    const spy = jest.spyOn(sandbox, 'run').mockImplementation(async (...job) => {
      spy.mockRestore()
      await service.api('DELETE', `sessions/${sessionId}`)
      return run(...job)
    })
    const refused = { error: 'access_denied', error_description: 'The session ended before the login was complete.' }
    expect(answerOf(await enter(who, person.email))).toMatchObject(refused)
    const codes = (await recorded(service, 'AuthorizationCodeIssued')).filter(({ data }) => data['userId'] === person.userId)
    expect(codes).toHaveLength(1)
  })

  it('costs nothing where none is bound: the code has no decisions, and the login is told at once', async () => {
    await scene.use()
    const { person, page } = await firstLogin()
    await expect(decisionsOf(page)).rejects.toThrow('nothing was decided')
    const [started] = (await recorded(service, 'SessionStarted')).filter(({ data }) => data['userId'] === person.userId)
    expect(started!.data).not.toHaveProperty('awaitsActions')
    expect(only(await logsOf(person.userId, 's'), 's')).toHaveLength(1)
  })
})

describe('an Action that refuses a login', () => {
  /** Name, body, and what the application is told. */
  const refusals: [string, string, { error: string; error_description: string }][] = [
    ['by denying it', `api.access.deny('not on "Sundays" & holidays')`, { error: 'access_denied', error_description: 'not on "Sundays" & holidays' }],
    ['by a validation error', `api.validation.error('E42', 'wrong day')`, { error: 'access_denied', error_description: 'wrong day' }],
    ['by throwing', `throw new Error('boom')`, { error: 'access_denied', error_description: 'boom' }],
    [
      'by metadata that cannot be',
      `api.refreshToken.setMetadata('bad key!', 'x')`,
      {
        error: 'access_denied',
        error_description: 'Failed to set refresh token metadata: Invalid metadata: Metadata keys may only include letters, numbers, underscores, or hyphens',
      },
    ],
    ['by never ending', `await new Promise(() => {})`, { error: 'access_denied', error_description: 'The execution of an Action timed out.' }],
    [
      'by a factor that there is not',
      `api.multifactor.enable('any'); api.user.setUserMetadata('x', 1)`,
      { error: 'access_denied', error_description: 'Multifactor authentication required' },
    ],
  ]
  const bodies = refusals.map(([name, body]) => `if (event.transaction.login_hint === '${name}') { ${body} }`).join('\n')

  it.each(refusals)('%s is told the client, and the session stays', async (name, _, error) => {
    if (name === refusals[0]![0]) await scene.use(bodies)
    const { who, person, page, sessionId } = await firstLogin({ login_hint: name })
    expect(answerOf(page)).toEqual({ ...error, state: 'some state' })
    expect(await session(sessionId)).toMatchObject({ userId: person.userId })
    const codes = (await recorded(service, 'AuthorizationCodeIssued')).filter(({ data }) => data['userId'] === person.userId)
    expect(codes).toEqual([])
    const { error_description: message } = error
    const [entry, ...others] = only(await logsOf(person.userId, 'f'), 's', 'f')
    expect(others).toEqual([])
    expect(entry).toMatchObject({ description: message, client_id: client.client_id })
    expect(entry.details).toMatchObject({
      session_id: sessionId,
      actions: { executions: [expect.any(String)] },
      error: { message, oauthError: 'access_denied' },
    })
    const facts = (await recorded(service, 'AuthorizeFailed')).filter(({ metadata }) => metadata['userId'] === person.userId)
    expect(JSON.stringify(facts)).not.toContain(message.slice(0, 20))
    expect((await userMetadata(person.userId)) ?? {}).toEqual({})
    expect(answerOf(await enter(who, person.email))).toHaveProperty('code')
  })

  it('keeps what it wanted for the person and the session, unless it throws', async () => {
    await scene.use(`api.user.setUserMetadata('first', 1); api.session.setMetadata('s', '1')`, `api.access.deny('no')`, `api.user.setUserMetadata('third', 1)`)
    const denied = await firstLogin()
    expect(await userMetadata(denied.person.userId)).toEqual({ first: 1 })
    expect(await shownSession(denied.sessionId)).toMatchObject({ session_metadata: { s: '1' } })
    await scene.use(`api.user.setUserMetadata('first', 1); api.session.setMetadata('s', '1')`, `api.user.setUserMetadata('x', 1); throw new Error('no')`)
    const thrown = await firstLogin()
    expect((await userMetadata(thrown.person.userId)) ?? {}).toEqual({})
    expect(await shownSession(thrown.sessionId)).toMatchObject({ session_metadata: {} })
    expect(only(await logsOf(thrown.person.userId, 'actions_execution_failed'), 'actions_execution_failed')).toHaveLength(1)
  })

  it('in silence is answered in silence', async () => {
    await scene.use()
    const { who, person, sessionId } = await firstLogin()
    const silently = async (code: string) => {
      await scene.use(code)
      return answerOf(await enter(who, person.email, { prompt: 'none' }))
    }
    expect(await silently(`api.access.deny('no')`)).toMatchObject({ error: 'access_denied', error_description: 'no' })
    expect(await silently(`api.redirect.sendUserTo('https://terms.example/')`)).toMatchObject({ error: 'interaction_required' })
    expect(await silently(`api.multifactor.enable('any')`)).toMatchObject({ error: 'login_required' })
    const logs = await logsOf(person.userId, 'fsa')
    expect(only(logs, 'fsa', 'ssa')).toHaveLength(3)
    expect(await silently(`api.idToken.setCustomClaim('quiet', 1)`)).toHaveProperty('code')
    const [entry] = only(await logsOf(person.userId, 'ssa'), 'ssa')
    expect(entry.details).toMatchObject({ session_id: sessionId, actions: { executions: [expect.any(String)] } })
  })
})

describe('what an Action wants of the session', () => {
  it('metadata is kept sealed, seen at once and at the next login, and can be taken back', async () => {
    await scene.use(
      `api.session.setMetadata('device', 'Ada’s laptop'); api.session.setMetadata('count', String(Number(event.session.metadata?.count ?? 0) + 1))`,
      `api.idToken.setCustomClaim('seen', event.session.metadata)`,
    )
    const { who, person, page, sessionId } = await firstLogin()
    expect((await decisionsOf(page)).claims.idToken).toEqual({ seen: { device: 'Ada’s laptop', count: '1' } })
    expect((await decisionsOf(await enter(who, person.email))).claims.idToken).toEqual({ seen: { device: 'Ada’s laptop', count: '2' } })
    expect(await shownSession(sessionId)).toMatchObject({ session_metadata: { device: 'Ada’s laptop', count: '2' } })
    const { rows } = await service.pool.query<{ text: string }>(`select state::text as text from streams where id = $1`, [`session-${sessionId}`])
    expect(rows[0]!.text).not.toContain('laptop')
    await scene.use(`api.session.evictMetadata(); api.session.setMetadata('left', '1')`)
    await enter(who, person.email)
    expect(await shownSession(sessionId)).toMatchObject({ session_metadata: { left: '1' } })
  })

  it('what several tabs want at once adds up', async () => {
    await scene.use()
    const { who, person, sessionId } = await firstLogin()
    await scene.use(`api.session.setMetadata(event.request.query.state, '1')`)
    const tabs = Array.from({ length: 4 }, (_, n) => enter(who, person.email, { state: `tab${n}` }))
    const answers = await Promise.all(tabs)
    expect(answers.every((page) => 'code' in answerOf(page))).toBe(true)
    expect(Object.keys((await shownSession(sessionId)).session_metadata).sort()).toEqual(['tab0', 'tab1', 'tab2', 'tab3'])
  })

  it('its ends come nearer, the earliest counts, and beyond the tenant’s limit the log warns', async () => {
    await scene.use(
      `const at = Date.parse(event.session.authenticated_at); api.session.setExpiresAt(at + 7200e3); api.session.setIdleExpiresAt(at + 600e3)`,
      `api.session.setExpiresAt(Date.parse(event.session.authenticated_at) + 3600e3)`,
    )
    const { who, person, page, sessionId } = await firstLogin()
    const { authenticatedAt, expiresAt, idleExpiresAt } = (await session(sessionId))!
    expect(Date.parse(expiresAt) - Date.parse(authenticatedAt)).toBe(3600e3)
    expect(Date.parse(idleExpiresAt) - Date.parse(authenticatedAt)).toBe(600e3)
    expect(page.headers.getSetCookie().join()).toContain(`Expires=${new Date(expiresAt).toUTCString()}`)
    // The idle end was for this once; the other one stays.
    await scene.use(`api.session.setExpiresAt(Date.now() + 1e300)`)
    await enter(who, person.email)
    const after = (await session(sessionId))!
    expect(after.expiresAt).toBe(expiresAt)
    expect(after.idleExpiresAt).toBe(expiresAt)
    const [warning] = only(await logsOf(person.userId, 'w'), 'w')
    expect(warning.description).toContain(sessionId)
    await scene.use(`api.session.setExpiresAt(1)`)
    expect(answerOf(await enter(who, person.email))).toHaveProperty('code')
    expect(await session(sessionId)).toBeUndefined()
  })

  it('its cookie is kept as it says, by later answers too', async () => {
    await scene.use(`api.session.setCookieMode('non-persistent'); api.idToken.setCustomClaim('mode', event.session.cookie.mode)`)
    const { who, person, page, sessionId } = await firstLogin()
    expect(page.headers.getSetCookie().find((cookie) => cookie.startsWith('auth0='))).not.toContain('Expires')
    expect((await decisionsOf(page)).claims.idToken).toEqual({ mode: 'non-persistent' })
    await scene.use(`api.idToken.setCustomClaim('mode', event.session.cookie.mode)`)
    const silent = await enter(who, person.email, { prompt: 'none' })
    expect(silent.headers.getSetCookie().find((cookie) => cookie.startsWith('auth0='))).not.toContain('Expires')
    expect((await decisionsOf(silent)).claims.idToken).toEqual({ mode: 'non-persistent' })
    expect(await shownSession(sessionId)).toMatchObject({ cookie: { mode: 'non-persistent' } })
  })

  it('its end refuses the login, takes the cookie, and with it the refresh tokens unless they are to stay, and is told', async () => {
    const listening = { backchannel_logout_urls: ['https://rp.invalid/logout'], backchannel_logout_initiators: { mode: 'all' } }
    await service.api('PATCH', `clients/${client.client_id}`, { oidc_logout: listening })
    const revokedAfter = async (options: string) => {
      await scene.use()
      const { who, person, page, sessionId } = await firstLogin()
      const { body } = await redeemCode(service, client, answerOf(page)['code']!)
      await scene.use(`api.user.setUserMetadata('revoked', 1); api.session.setMetadata('x', '1'); api.session.revoke('Go away'${options})`)
      const refused = await enter(who, person.email)
      expect(answerOf(refused)).toEqual({ error: 'access_denied', error_description: 'Go away', state: 'some state' })
      expect(who.cookies.has('auth0')).toBe(false)
      expect(await session(sessionId)).toBeUndefined()
      expect(await userMetadata(person.userId)).toEqual({ revoked: 1 })
      await eventually(async () => {
        const { rows } = await service.pool.query('select initiator from logout_messages where session_id = $1', [sessionId])
        return rows[0]?.initiator === 'session-revoked'
      })
      const [revoked] = only(await logsOf(person.userId, 'session_revoked'), 'session_revoked')
      expect(revoked.details).toMatchObject({ session_id: sessionId })
      expect(only(await logsOf(person.userId, 'f'), 'f')).toHaveLength(1)
      await scene.use()
      return { person, refreshToken: body.refresh_token }
    }
    const exchange = async (refreshToken: string) => {
      const form = new URLSearchParams({ grant_type: 'refresh_token', client_id: client.client_id, refresh_token: refreshToken })
      return (await fetch(`${service.url}oauth/token`, { method: 'POST', body: form })).status
    }
    const ended = await revokedAfter('')
    await eventually(async () => {
      const marks = await recorded(service, 'RefreshTokensRevoked')
      return marks.some(({ metadata }) => metadata['userId'] === ended.person.userId)
    })
    expect(await exchange(ended.refreshToken)).toBe(403)
    const kept = await revokedAfter(`, { preserveRefreshTokens: true }`)
    expect(await exchange(kept.refreshToken)).toBe(200)
    await service.api('PATCH', `clients/${client.client_id}`, { oidc_logout: null })
  })
})

describe('a login that an Action sends elsewhere', () => {
  const action = `
    exports.onExecutePostLogin = async (event, api) => {
      api.user.setUserMetadata('sent', true); api.transaction.setMetadata('kept', 'x'); api.idToken.setCustomClaim('first', event.transaction.id)
      const session_token = api.redirect.encodeToken({ secret: 'shared', payload: { for: 'terms' } })
      api.redirect.sendUserTo('https://terms.example/accept?lang=de', { query: { session_token } })
    }
    exports.onContinuePostLogin = async (event, api) => {
      const { query, body, method } = event.request
      if ((body.answer ?? query.answer) === 'no') return api.access.deny('You must accept the terms.')
      const proof = query.proof ? api.redirect.validateToken({ secret: 'shared', tokenParameterName: 'proof' }).said : undefined
      api.authentication.recordMethod('https://terms.example/')
      api.idToken.setCustomClaim('back', { method, query: Object.keys(query).sort(), body, proof, kept: event.transaction.metadata.kept, same: event.transaction.id })
    }`
  const afterwards = `api.idToken.setCustomClaim('after', [event.user.user_metadata.sent, event.authentication.methods.map(({ name }) => name)])`

  async function sentAway(more: Record<string, string> = {}): Promise<Awaited<ReturnType<typeof firstLogin>> & { readonly state: string }> {
    const login = await firstLogin(more)
    const { location } = login.page
    expect(location?.origin).toBe('https://terms.example')
    return { ...login, state: location!.searchParams.get('state')! }
  }

  it('goes on where it was when the browser is back, once', async () => {
    await scene.use(action, afterwards)
    const { who, person, page, sessionId, state } = await sentAway()
    expect(page.location!.searchParams.get('lang')).toBe('de')
    expect(claimsOf(page.location!.searchParams.get('session_token')!)).toMatchObject({ sub: person.userId, iss: 'localhost', for: 'terms' })
    expect(await userMetadata(person.userId)).toEqual({ sent: true })
    const proof = token({ state, sub: person.userId, said: 'yes' })
    const back = `/continue?${new URLSearchParams({ state, proof }).toString()}`
    const stranger = await visitor().get(back)
    expect({ status: stranger.status, alert: stranger.alert }).toMatchObject({ status: 400, alert: expect.stringContaining('invalid_request') })
    const done = await who.get(back)
    const { idToken } = (await decisionsOf(done)).claims
    expect(idToken).toMatchObject({
      back: { method: 'GET', query: ['proof', 'state'], body: {}, proof: 'yes', kept: 'x', same: idToken['first'] },
      after: [true, ['pwd', 'https://terms.example/']],
    })
    expect(answerOf(done)['state']).toBe('some state')
    expect((await session(sessionId))!.methods.map(({ name }) => name)).toEqual(['pwd', 'https://terms.example/'])
    const again = await who.get(back)
    expect({ status: again.status, alert: again.alert }).toMatchObject({ status: 400, alert: expect.stringContaining('invalid_request') })
    const [entry, ...others] = only(await logsOf(person.userId, 's'), 's', 'f')
    expect(others).toEqual([])
    const execution = await eventually(async () => {
      const { body } = await service.api('GET', `actions/executions/${entry.details.actions.executions[0]}`)
      return body.status === 'final' && body
    })
    expect(execution.results).toHaveLength(3)
  })

  it('leaves nothing in clear, and nothing for anybody else', async () => {
    await scene.use(action)
    const { who, person, state } = await sentAway()
    const { rows } = await service.pool.query<{ text: string }>('select s::text as text from suspended_logins s')
    expect(rows).toHaveLength(1)
    expect(rows[0]!.text).not.toMatch(new RegExp(`${state}|${person.email}|${person.userId.replace('|', '.')}|terms`))
    const other = await firstLogin()
    expect((await other.who.get(`/continue?state=${state}`)).status).toBe(400)
    for (const path of [
      '/continue',
      '/continue?state=',
      '/continue?state=%00',
      `/continue?state=${'x'.repeat(43)}`,
      `/continue?state=${state}&state=${state}`,
    ]) {
      const page = await who.get(path)
      expect([path, page.status, page.alert]).toEqual([path, 400, expect.stringContaining('invalid_request')])
    }
    expect((await who.post('/continue', { state: 'x' })).status).toBe(400)
    await service.pool.query(`update suspended_logins set expires_at = now() - interval '1 second'`)
    expect((await who.get(`/continue?state=${state}`)).status).toBe(400)
  })

  it('sent in several times, to several workers, is answered once', async () => {
    await scene.use(action)
    const { who, person, state } = await sentAway()
    const other = await anotherWorker(service)
    try {
      const there = new Visitor(other.scene.service.url)
      for (const [name, value] of who.cookies) there.cookies.set(name, value)
      const pages = await Promise.all(Array.from({ length: 6 }, (_, n) => (n % 2 ? there : who).get(`/continue?state=${state}`)))
      expect(pages.map(({ status }) => status).sort()).toEqual([302, 400, 400, 400, 400, 400])
    } finally {
      await other.close()
    }
    const codes = (await recorded(service, 'AuthorizationCodeIssued')).filter(({ data }) => data['userId'] === person.userId)
    expect(codes).toHaveLength(1)
  })

  it('in two tabs is two', async () => {
    await scene.use(action)
    const { who, person, state } = await sentAway()
    const second = (await enter(who, person.email, { state: 'second' })).location!.searchParams.get('state')!
    const answers = [await who.get(`/continue?state=${second}`), await who.get(`/continue?state=${state}`)].map(answerOf)
    expect(answers.map(({ state }) => state)).toEqual(['second', 'some state'])
    expect(answers.every((answer) => 'code' in answer)).toBe(true)
  })

  it('may come back by a form of the other site, with which no cookie comes', async () => {
    await scene.use(action)
    const { who, state } = await sentAway()
    const crossSite = await visitor().post(`/continue?state=${state}`, { answer: '<yes>', state })
    expect(crossSite.status).toBe(200)
    const done = await who.submit(crossSite, {})
    expect((await decisionsOf(done)).claims.idToken).toMatchObject({ back: { method: 'POST', query: ['state'], body: { answer: '<yes>' } } })
    const anotherTry = await visitor().submit(crossSite, {})
    expect(anotherTry.status).toBe(400)
  })

  it('can be refused then', async () => {
    await scene.use(action)
    const { who, person, state } = await sentAway()
    expect(answerOf(await who.get(`/continue?state=${state}&answer=no`))).toMatchObject({
      error: 'access_denied',
      error_description: 'You must accept the terms.',
      state: 'some state',
    })
    expect(only(await logsOf(person.userId, 'f'), 's', 'f')).toHaveLength(1)
  })

  it('reads everything anew: who was blocked, logged out or somebody else meanwhile does not go on', async () => {
    await scene.use(action)
    const blocked = await sentAway()
    await service.api('PATCH', `users/${encodeURIComponent(blocked.person.userId)}`, { blocked: true })
    expect((await blocked.who.get(`/continue?state=${blocked.state}`)).html).toContain('name="password"')
    const revoked = await sentAway()
    await service.api('DELETE', `sessions/${revoked.sessionId}`)
    expect((await revoked.who.get(`/continue?state=${revoked.state}`)).html).toContain('name="password"')
    const replaced = await sentAway()
    await enter(replaced.who, (await aPerson(service)).email, { prompt: 'login' })
    expect((await replaced.who.get(`/continue?state=${replaced.state}`)).html).toContain('name="password"')
    const unbound = await sentAway()
    await scene.bind('post-login')
    expect(answerOf(await unbound.who.get(`/continue?state=${unbound.state}`))).toMatchObject({ error: 'server_error' })
  })
})

describe('consent', () => {
  it('comes before the Actions, and is not asked for again after a redirect', async () => {
    const stranger = await aClient(service, { is_first_party: false })
    const connection = (await service.api('GET', `connections?name=${DIRECTORY}`)).body[0]
    await service.api('PATCH', `connections/${connection.id}/clients`, [{ client_id: stranger.client_id, status: true }])
    await scene.use(`
      exports.onExecutePostLogin = async (event, api) => {
        api.user.setUserMetadata('ran', true)
        if (event.transaction.prompt.includes('consent')) api.redirect.sendUserTo('https://terms.example/')
      }
      exports.onContinuePostLogin = async () => {}`)
    const person = await aPerson(service)
    const who = visitor()
    const asked = await enter(who, person.email, {}, stranger)
    expect(asked.html).toContain('value="accept"')
    expect((await userMetadata(person.userId)) ?? {}).toEqual({})
    expect(answerOf(await who.submit(asked, { action: 'accept' }))).toHaveProperty('code')
    expect(await userMetadata(person.userId)).toEqual({ ran: true })
    const askedAgain = await enter(who, person.email, { prompt: 'consent' }, stranger)
    const { location } = await who.submit(askedAgain, { action: 'accept' })
    expect(answerOf(await who.get(`/continue?state=${location!.searchParams.get('state')}`))).toHaveProperty('code')
  })
})

describe('hostile values of an Action', () => {
  it('break nothing that keeps or shows them', async () => {
    const odd = String.raw`"\u0000\ud800é'<b>"`
    await scene.use(
      `const odd = ${odd}
       api.idToken.setCustomClaim(odd, { [odd]: odd }); api.accessToken.setCustomClaim('__proto__', odd)
       api.user.setUserMetadata(odd, odd); api.user.setAppMetadata('constructor', { ['__proto__']: 1 })
       api.session.setMetadata('v', odd.slice(1)); api.refreshToken.setMetadata('v', odd.slice(1)); api.session.setExpiresAt(1e308)
       api.transaction.setMetadata(odd, odd); console.log(odd)`,
    )
    const { who, person, page, sessionId } = await firstLogin()
    expect(Object.values((await decisionsOf(page)).claims.idToken)).toHaveLength(1)
    expect(Object.keys(await userMetadata(person.userId))).toHaveLength(1)
    expect((await shownSession(sessionId)).session_metadata).toHaveProperty('v')
    await scene.use(`api.access.deny(${odd} + '\\r\\nSet-Cookie: x=1')`)
    const refused = await enter(who, person.email)
    expect(refused.status).toBe(302)
    expect(answerOf(refused)['error_description']).toContain('Set-Cookie: x=1')
    expect(refused.headers.getSetCookie().join()).not.toContain('x=1')
    expect(only(await logsOf(person.userId, 'f'), 'f')[0].description).toContain('Set-Cookie: x=1')
    for (const body of ['[]', 'null', '{"state":{"__proto__":1}}', '{']) {
      const res = await fetch(`${service.url}continue?state=x`, {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json', cookie: `login=${'a'.repeat(43)}` },
      })
      expect([body, res.status]).toEqual([body, 400])
    }
    expect((await fetch(`${service.url}continue`, { method: 'PUT' })).status).toBe(405)
  })
})

describe('deploying', () => {
  it('a new version while people log in loses no login, and every one runs one of the two', async () => {
    const [deployed] = await scene.use(`api.idToken.setCustomClaim('version', 1)`)
    const people = await Promise.all(Array.from({ length: 3 }, () => firstLogin()))
    const versions = new Set<unknown>()
    let going = true
    const load = people.map(async ({ who, person }) => {
      while (going) versions.add(JSON.stringify((await decisionsOf(await enter(who, person.email))).claims.idToken))
    })
    const code = `exports.onExecutePostLogin = async (event, api) => { api.idToken.setCustomClaim('version', 2) }`
    await service.api('PATCH', `actions/actions/${deployed.id}`, { code })
    await scene.built(deployed.id)
    expect((await service.api('POST', `actions/actions/${deployed.id}/deploy`)).status).toBe(200)
    await eventually(() => versions.has('{"version":2}'))
    going = false
    await Promise.all(load)
    expect([...versions].sort()).toEqual(['{"version":1}', '{"version":2}'])
  })
})
