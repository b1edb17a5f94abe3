import { jest } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { ActionsSandbox } from '../../src/actions/run/actions-sandbox.js'
import type { ClientDocument } from '../../src/authorization/index.js'
import { ActionLogins, only, SCOPE } from '../support/action-logins.js'
import type { ActionsScene } from '../support/actions.js'
import type { Json, TestApp } from '../support/app.js'
import { eventually } from '../support/eventually.js'
import { PKCE, redeemCode } from '../support/logins.js'
import { claimsOf } from '../support/oauth.js'
import { authorizeUrl, CALLBACK, DIRECTORY, PASSWORD } from '../support/people.js'
import { recorded } from '../support/recorded.js'
import { answerOf } from '../support/visitor.js'

let logins: ActionLogins
let service: TestApp
let scene: ActionsScene
let client: ClientDocument
let audience: string
beforeAll(async () => {
  logins = await ActionLogins.start()
  ;({ service, scene, client, audience } = logins)
})
afterAll(() => service.close())

describe('an Action that lets a login through', () => {
  it('is told of the login as the specification has it', async () => {
    await scene.use(
      `const { tenant, request, user, ...rest } = event
       api.idToken.setCustomClaim('event', { ...rest, request: { ...request, ip: typeof request.ip }, user, absent: [typeof event.refresh_token, typeof event.session.metadata] })`,
    )
    const { who, person, page, sessionId } = await logins.firstLogin({ acr_values: 'a b', login_hint: 'me', client_secret: 'hidden' })
    const { event } = (await logins.decisionsOf(page)).claims.idToken as { event: Json }
    expect(event).toMatchObject({
      client: { client_id: client.client_id, name: 'Garden Planner', metadata: { tier: 'gold' } },
      connection: { id: expect.stringMatching(/^con_/), name: DIRECTORY, strategy: 'auth0' },
      stats: { logins_count: 1 },
      authorization: { roles: [] },
      resource_server: { identifier: audience },
      authentication: { methods: [{ name: 'pwd', timestamp: expect.any(String) }] },
      request: { ip: 'string', method: 'POST', hostname: 'localhost', query: { scope: SCOPE, acr_values: 'a b', login_hint: 'me' }, body: {}, geoip: {} },
      session: { id: sessionId, user_id: person.userId, clients: [{ client_id: client.client_id }], cookie: { mode: 'persistent' } },
      transaction: {
        id: expect.any(String),
        protocol: 'oidc-basic-profile',
        requested_scopes: SCOPE.split(' '),
        acr_values: ['a', 'b'],
        ui_locales: [],
        prompt: [],
        response_type: ['code'],
        response_mode: 'query',
        redirect_uri: CALLBACK,
        state: 'some state',
        login_hint: 'me',
        locale: 'en',
        metadata: {},
      },
      user: { user_id: person.userId, email: person.email, email_verified: true, user_metadata: {}, app_metadata: {}, enrolledFactors: [] },
      absent: ['undefined', 'undefined'],
    })
    const { device } = await logins.shownSession(sessionId)
    expect(device).toMatchObject({ initial_ip: expect.any(String), initial_user_agent: expect.any(String) })
    expect(event.session.device).toEqual(Object.fromEntries(Object.entries(device).filter(([, value]) => value !== null)))
    expect(event.user.identities).toEqual([{ connection: DIRECTORY, provider: 'auth0', user_id: expect.any(String), isSocial: false }])
    expect(JSON.stringify(event)).not.toMatch(/hidden|Correct-Horse/)

    // Single sign-on is no login that counts; another login is.
    const again = (await logins.decisionsOf(await logins.enter(who, person.email))).claims.idToken['event'] as Json
    expect(again).toMatchObject({ stats: { logins_count: 1 }, session: { id: sessionId }, request: { method: 'GET' } })
    const anew = (await logins.decisionsOf(await logins.enter(who, person.email, { prompt: 'login' }))).claims.idToken['event'] as Json
    expect(anew).toMatchObject({ stats: { logins_count: 2 }, transaction: { prompt: ['login'] } })
  })

  it('puts its claims into the tokens of the code, and stands in the log once', async () => {
    await scene.use(
      `api.idToken.setCustomClaim('color', 'pink'); api.idToken.setCustomClaim('sub', 'evil')`,
      `api.accessToken.setCustomClaim('https://x/a', 1)`,
    )
    const { person, page, sessionId } = await logins.firstLogin()
    const { body } = await redeemCode(service, client, answerOf(page)['code']!)
    expect(claimsOf(body.id_token)).toMatchObject({ color: 'pink', sub: person.userId })
    expect(claimsOf(body.access_token)).toMatchObject({ 'https://x/a': 1 })
    const [entry, ...others] = only(await logins.logsOf(person.userId, 's'), 's', 'f')
    expect(others).toEqual([])
    expect(entry.details).toMatchObject({ session_id: sessionId, stats: { loginsCount: 1 }, actions: { executions: [expect.any(String)] } })
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
    const { person, page } = await logins.firstLogin()
    const { refreshToken, execution } = await logins.decisionsOf(page)
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
    const { person, page } = await logins.firstLogin()
    expect((await logins.decisionsOf(page)).claims.idToken).toEqual({ own: 'not yet', next: [true, { a: 1 }] })
    expect(await logins.userMetadata(person.userId)).toEqual({ seen: true })
    const [changed] = (await recorded(service, 'UserChanged')).filter(({ metadata }) => metadata['userId'] === person.userId)
    expect(changed!.metadata['actions']).toMatchObject({
      id: expect.any(String),
      actions: [{ decided: ['user_metadata seen', 'app_metadata plan', 'idToken.claim own'] }, {}],
    })
    expect(JSON.stringify(changed)).not.toContain('"a":1')
  })

  it('is told of a login that begins with signing up', async () => {
    await scene.use(`api.idToken.setCustomClaim('first', [event.stats.logins_count, event.user.email, event.request.body])`)
    const who = logins.visitor()
    const form = await who.get(authorizeUrl(client, { scope: SCOPE, screen_hint: 'signup', ...PKCE }))
    const page = await who.submit(form, { email: 'fresh@example.com', password: PASSWORD, action: 'default' })
    expect((await logins.decisionsOf(page)).claims.idToken).toEqual({ first: [1, 'fresh@example.com', {}] })
  })

  it('gives no code for a session that ends while it runs', async () => {
    await scene.use(`api.idToken.setCustomClaim('ran', 1)`)
    const { who, person, sessionId } = await logins.firstLogin()
    const sandbox = service.app.get(ActionsSandbox, { strict: false })
    const run = sandbox.run.bind(sandbox)
    const spy = jest.spyOn(sandbox, 'run').mockImplementation(async (...job) => {
      spy.mockRestore()
      await service.api('DELETE', `sessions/${sessionId}`)
      return run(...job)
    })
    const refused = { error: 'access_denied', error_description: 'The session ended before the login was complete.' }
    expect(answerOf(await logins.enter(who, person.email))).toMatchObject(refused)
    const codes = (await recorded(service, 'AuthorizationCodeIssued')).filter(({ data }) => data['userId'] === person.userId)
    expect(codes).toHaveLength(1)
  })

  it('costs nothing where none is bound: the code has no decisions, and the login is told at once', async () => {
    await scene.use()
    const { person, page } = await logins.firstLogin()
    await expect(logins.decisionsOf(page)).rejects.toThrow('nothing was decided')
    const [started] = (await recorded(service, 'SessionStarted')).filter(({ data }) => data['userId'] === person.userId)
    expect(started!.data).not.toHaveProperty('awaitsActions')
    expect(only(await logins.logsOf(person.userId, 's'), 's')).toHaveLength(1)
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
    const { who, person, page, sessionId } = await logins.firstLogin()
    expect(Object.values((await logins.decisionsOf(page)).claims.idToken)).toHaveLength(1)
    expect(Object.keys(await logins.userMetadata(person.userId))).toHaveLength(1)
    expect((await logins.shownSession(sessionId)).session_metadata).toHaveProperty('v')
    await scene.use(`api.access.deny(${odd} + '\\r\\nSet-Cookie: x=1')`)
    const refused = await logins.enter(who, person.email)
    expect(refused.status).toBe(302)
    expect(answerOf(refused)['error_description']).toContain('Set-Cookie: x=1')
    expect(refused.headers.getSetCookie().join()).not.toContain('x=1')
    expect(only(await logins.logsOf(person.userId, 'f'), 'f')[0].description).toContain('Set-Cookie: x=1')
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
    const people = await Promise.all(Array.from({ length: 3 }, () => logins.firstLogin()))
    const versions = new Set<unknown>()
    let going = true
    const load = people.map(async ({ who, person }) => {
      while (going) versions.add(JSON.stringify((await logins.decisionsOf(await logins.enter(who, person.email))).claims.idToken))
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
