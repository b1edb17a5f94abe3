import { jest } from '@jest/globals'
import { ActionsSandbox } from '../../src/actions/run/actions-sandbox.js'
import { ChangePassword, ChangeUser, DeleteUser } from '../../src/users/index.js'
import { ActionsScene } from '../support/actions.js'
import type { Json, TestApp } from '../support/app.js'
import type { Answer, OAuthScene } from '../support/oauth.js'
import { access, identity, PasswordLogins, WRONG } from '../support/password-logins.js'
import { aPerson, DIRECTORY, PASSWORD } from '../support/people.js'
import { recorded } from '../support/recorded.js'

/* Post-login Actions at a login by password (spec/actions.md §2.1, column PW; §4.1). */

/** The Action does what the request tells it to, so that there is one to build. */
const TOLD = `
const AsyncFunction = (async () => {}).constructor
exports.onExecutePostLogin = async (event, api) => {
  const act = event.request.body.act
  if (act) await new AsyncFunction('event', 'api', act)(event, api)
}`

let logins: PasswordLogins
let service: TestApp
let scene: OAuthScene
beforeAll(async () => {
  logins = await PasswordLogins.start()
  ;({ service, scene } = logins)
  const actions = new ActionsScene(service)
  await actions.bind('post-login', await actions.deployed(TOLD))
})
afterAll(() => service.close())

type Person = Awaited<ReturnType<typeof aPerson>>
const SCOPE = 'openid offline_access read:plants'
const told = (person: Person, act: string, more: Record<string, string> = {}): Promise<Answer> => logins.login(person, { scope: SCOPE, act, ...more })
const refused = (error: string, error_description: string) => ({ status: 403, body: { error, error_description } })
const entry = async (type: string, { userId }: Person): Promise<Json> => (await logins.entries(`type:${type} AND user_id:"${userId}"`)).at(-1)
const none = async ({ userId }: Person): Promise<void> => {
  expect(await logins.refreshTokens(userId)).toEqual([])
  expect((await recorded(service, 'PasswordGrantSucceeded')).filter(({ metadata }) => metadata['userId'] === userId)).toEqual([])
}

describe('an Action', () => {
  it('is told of the login, without a session, a refresh token or the password', async () => {
    const person = await aPerson(service, { attributes: { app_metadata: { plan: 'gold' } } })
    const act = `api.idToken.setCustomClaim('event', event)`
    const sent = { 'accept-language': 'de-AT,de', 'x-forwarded-for': '192.0.2.9', 'user-agent': 'Firefox/140' }
    const { event } = identity(await logins.login(person, { scope: SCOPE, act, correlation_id: 'c-1' }, undefined, sent))
    expect(event).toMatchObject({
      client: { client_id: logins.client.client_id, name: logins.client.name },
      connection: { name: DIRECTORY, strategy: 'auth0' },
      request: { ip: '192.0.2.9', hostname: 'localhost', method: 'POST', user_agent: 'Firefox/140', language: 'de-AT', query: {} },
      resource_server: { identifier: logins.audience },
      stats: { logins_count: 1 },
      transaction: { protocol: 'oauth2-password', requested_scopes: SCOPE.split(' '), correlation_id: 'c-1', metadata: {} },
      user: { user_id: person.userId, email: person.email, app_metadata: { plan: 'gold' } },
      authentication: { methods: [{ name: 'pwd', timestamp: expect.stringMatching(/Z$/) }] },
      authorization: { roles: [] },
    })
    for (const name of ['session', 'refresh_token', 'organization']) expect(event).not.toHaveProperty(name)
    expect(event.request.body).toMatchObject({ grant_type: 'password', username: person.email, scope: SCOPE })
    for (const name of ['password', 'client_secret']) expect(event.request.body).not.toHaveProperty(name)
    expect(JSON.stringify(event)).not.toContain(PASSWORD)
    expect(event.transaction).not.toHaveProperty('id')

    const again = identity(await told(person, act, { audience: '', scope: 'openid' })).event
    expect(again).toMatchObject({ stats: { logins_count: 2 }, transaction: { requested_scopes: ['openid'] } })
    expect(again).not.toHaveProperty('resource_server')
  })

  it('shapes the tokens, and what it attaches goes with the refresh token', async () => {
    const person = await aPerson(service)
    const act = `
      api.accessToken.setCustomClaim('https://x/a', 1); api.idToken.setCustomClaim('https://x/i', 2)
      api.accessToken.addScope('prune:plants'); api.accessToken.removeScope('read:plants')
      api.refreshToken.setMetadata('device', 'phone'); api.refreshToken.setExpiresAt(Date.now() + 60_000)
      api.user.setAppMetadata('seen', true); api.session.setCookieMode('persistent'); api.session.deleteMetadata('x')`
    const answer = await told(person, act)
    expect(access(answer)).toMatchObject({ 'https://x/a': 1, gty: 'password', scope: 'openid offline_access prune:plants' })
    expect(answer.body.scope).toBe('openid offline_access prune:plants')
    expect(identity(answer)).toMatchObject({ 'https://x/i': 2 })
    const [{ id, expires_at }] = (await logins.refreshTokens(person.userId)) as [Json]
    expect(Date.parse(expires_at) - Date.now()).toBeLessThan(61_000)
    expect((await service.api('GET', `refresh-tokens/${id}`)).body.refresh_token_metadata).toEqual({ device: 'phone' })
    expect((await logins.user(person.userId)).app_metadata).toEqual({ seen: true })
    const next = await scene.refresh(logins.client, answer.body.refresh_token)
    expect(next.body.scope).toBe(SCOPE)
    const { details } = await entry('sepft', person)
    const [execution] = details.actions.executions
    expect((await service.api('GET', `actions/executions/${execution}`)).body).toMatchObject({ trigger_id: 'post-login' })
  })

  it('denies it, in its own words; the login counts all the same', async () => {
    const person = await aPerson(service)
    const answer = await told(person, `api.user.setUserMetadata('denied', 1); api.access.deny('Nicht für Dich, ' + event.user.email)`)
    expect(answer).toMatchObject(refused('access_denied', `Nicht für Dich, ${person.email}`))
    expect(await logins.user(person.userId)).toMatchObject({ logins_count: 1, user_metadata: { denied: 1 } })
    const { description, details, connection } = await entry('fepft', person)
    expect({ description, connection }).toEqual({ description: `Nicht für Dich, ${person.email}`, connection: DIRECTORY })
    expect(details).toMatchObject({ error: { oauthError: 'access_denied' }, actions: { executions: [expect.any(String)] } })
    // What an Action says of somebody is theirs.
    const [failure] = (await recorded(service, 'ExchangeFailed')).slice(-1)
    expect(JSON.stringify(failure)).not.toContain(person.email)
    await none(person)
  })

  it.each([
    [
      'has no session to set metadata on',
      `api.session.setMetadata('d', '1')`,
      'access_denied',
      'Failed to set session metadata: Cannot set metadata on a session that does not exist.',
    ],
    ['can send nobody elsewhere', `api.redirect.sendUserTo('https://elsewhere.example/')`, 'interaction_required', expect.any(String)],
    ['can ask for no second factor', `api.user.setUserMetadata('x', 1); api.multifactor.enable('any')`, 'mfa_required', 'Multifactor authentication required'],
    ['that fails lets nobody in', `api.user.setUserMetadata('x', 1); throw new Error('oh')`, 'access_denied', 'oh'],
    ['may revoke what there is not yet', `api.refreshToken.revoke('bye')`, 'access_denied', 'bye'],
    ['may end a session that there is not', `api.session.revoke('out')`, 'access_denied', 'out'],
    [
      'attaches what can be attached',
      `api.refreshToken.setMetadata('a b', 'x')`,
      'access_denied',
      expect.stringContaining('Failed to set refresh token metadata'),
    ],
  ])('%s', async (_, act, error, description) => {
    const person = await aPerson(service)
    expect(await told(person, act)).toMatchObject(refused(error, description as string))
    expect(await entry('fepft', person)).toMatchObject({ details: { error: { oauthError: error } } })
    if (error === 'mfa_required') expect(await entry('mfar', person)).toMatchObject({ details: { requested_client_id: logins.client.client_id } })
    expect(await logins.user(person.userId)).not.toHaveProperty('user_metadata')
    await none(person)
  })
})

describe('while the Actions run', () => {
  type Run = ActionsSandbox['run']
  /** Does something after the password was found right, and before the Actions have decided. */
  function meanwhile(work: () => Promise<unknown>): void {
    const sandbox = service.app.get(ActionsSandbox, { strict: false })
    const run: Run = sandbox.run.bind(sandbox)
    const spy = jest.spyOn(sandbox, 'run').mockImplementation(async (...job) => {
      spy.mockRestore()
      await work()
      return run(...job)
    })
  }
  const act = `api.idToken.setCustomClaim('x', 1)`

  it.each([
    ['gets another password', ({ userId }: Person) => new ChangePassword(userId, 'Another-Horse-1', {}), WRONG],
    ['is deleted', ({ userId }: Person) => new DeleteUser(userId, {}), WRONG],
    ['is blocked', ({ userId }: Person) => new ChangeUser(userId, { attributes: { blocked: true } }, {}), refused('unauthorized', 'user is blocked')],
  ])('whoever %s gets nothing', async (_, change, answer) => {
    const person = await aPerson(service)
    meanwhile(() => service.commands.execute(change(person)))
    expect(await told(person, act)).toMatchObject(answer)
    expect((await recorded(service, 'PasswordGrantSucceeded')).filter(({ metadata }) => metadata['userId'] === person.userId)).toEqual([])
    expect((await recorded(service, 'FamilyStarted')).filter(({ data }) => data['userId'] === person.userId)).toEqual([])
  })

  it('all refresh tokens of the person may end, and with them the one that is on its way', async () => {
    const person = await aPerson(service)
    meanwhile(() => service.api('DELETE', `users/${encodeURIComponent(person.userId)}/refresh-tokens`))
    const { status, body } = await told(person, act)
    expect(status).toBe(200)
    expect(await scene.refresh(logins.client, body.refresh_token)).toMatchObject({ status: 403, body: { error: 'invalid_grant' } })
  })
})
