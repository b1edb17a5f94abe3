import { jest } from '@jest/globals'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { ActionsSandbox } from '../../src/actions/run/actions-sandbox.js'
import type { ClientDocument } from '../../src/authorization/index.js'
import { ApplyToSession } from '../../src/sessions/index.js'
import { access, ActionExchanges, identity } from '../support/action-exchanges.js'
import type { ActionsScene } from '../support/actions.js'
import type { Json, TestApp } from '../support/app.js'
import { eventually } from '../support/eventually.js'
import { PKCE, redeemCode } from '../support/logins.js'
import { mmdbFile } from '../support/mmdb.js'
import { type Answer, type OAuthScene, ROTATING, UNKNOWN } from '../support/oauth.js'
import { aClient, anApi, aPerson, authorizeUrl, DIRECTORY, PASSWORD } from '../support/people.js'
import { recorded } from '../support/recorded.js'
import { ROOT, temporaryFolder } from '../support/service.js'
import { answerOf, Visitor } from '../support/visitor.js'

/*
 * Actions from the login to the tokens and through their exchanges, with the samples of the documentation letter by letter; one further Action does
 * what the request tells it to.
 */
const sample = (name: string): string => readFileSync(path.join(ROOT, 'test/support/sample-actions', `${name}.js`), 'utf8')

const folder = temporaryFolder()
let service: TestApp
let scene: OAuthScene
let actions: ActionsScene
let client: ClientDocument
let audience: string
let told: Json
beforeAll(async () => {
  const places = path.join(folder, 'city.mmdb')
  writeFileSync(places, mmdbFile('GeoLite2-City', '203.0.114.0', 24, { country: { iso_code: 'FR', names: { en: 'France' } } }))
  ;({ service, scene, actions, told } = await ActionExchanges.start({ ACTIONS_TIMEOUT_MS: '4000', GEOIP_CITY_FILE: places }))
  audience = await anApi(service, { allow_online_access: true })
  client = await aClient(service, { organization_usage: 'allow', refresh_token: ROTATING })
})
afterAll(async () => {
  await service.close()
  rmSync(folder, { recursive: true })
})

const IN_FRANCE = { 'x-forwarded-for': '203.0.114.7', 'user-agent': 'Firefox/140' }

interface Login {
  readonly who: Visitor
  readonly userId: string
  readonly tokens: Answer
}
/** Somebody new logs in, and the client redeems the code. */
async function login(more: Record<string, string> = {}, prepare: (userId: string) => Promise<unknown> = () => Promise.resolve()): Promise<Login> {
  const { userId, email } = await aPerson(service)
  await prepare(userId)
  const who = new Visitor(service.url, (url, init) => fetch(url, { ...init, headers: { ...init?.headers, ...IN_FRANCE } }))
  const form = await who.get(authorizeUrl(client, { scope: 'openid profile offline_access read:plants', audience, ...PKCE, ...more }))
  const page = await who.submit(form, { username: email, password: PASSWORD, action: 'default' })
  return { who, userId, tokens: await redeemCode(service, client, answerOf(page)['code']!) }
}
const act = (token: string, what = '', headers: Record<string, string> = {}): Promise<Answer> =>
  scene.token(client, { grant_type: 'refresh_token', refresh_token: token, act: what }, headers)
const recordOf = async (userId: string): Promise<Json> => (await service.api('GET', `users/${encodeURIComponent(userId)}/refresh-tokens`)).body.tokens[0]
const entry = (type: string, userId: string): Promise<Json> =>
  eventually(async () => (await service.api('GET', `logs?q=${encodeURIComponent(`type:${type} AND user_id:"${userId}"`)}`)).body[0])
const execution = (id: string): Promise<Json> => eventually(async () => (await service.api('GET', `actions/executions/${id}`)).body)

describe('the samples', () => {
  let organization: Json
  let samples: Json[]
  beforeAll(async () => {
    const [{ id: directory }] = (await service.api('GET', `connections?name=${DIRECTORY}`)).body
    const body = { name: 'acme', display_name: 'Acme Corp', enabled_connections: [{ connection_id: directory }] }
    organization = (await service.api('POST', 'organizations', body)).body
    const names = ['set-organization-context', 'set-device-information', 'consume-organization-context', 'validate-device-information', 'online-token-check']
    samples = []
    for (const name of names) samples.push(await actions.deployed(sample(name)))
    await actions.bind('post-login', ...samples, told)
  })

  test('C02, C03: an organization’s context and a device’s add up at the login, and are there at each exchange', async () => {
    const join = (userId: string) => service.api('POST', `organizations/${organization.id}/members`, { members: [userId] })
    const { userId, tokens } = await login({ organization: organization.id, act: `api.refreshToken.setMetadata('own', '1')` }, join)
    const all = {
      org_id: organization.id,
      org_slug: 'acme',
      org_name: 'Acme Corp',
      initial_ip: '203.0.114.7',
      initial_asn: 'unknown',
      initial_country: 'FR',
      initial_user_agent: 'Firefox/140',
      own: '1',
    }
    expect((await recordOf(userId)).refresh_token_metadata).toEqual(all)

    const told = `api.accessToken.setCustomClaim('https://x.example/org', event.refresh_token.metadata.org_id); api.refreshToken.setMetadata('own', '2')`
    const answer = await act(tokens.body.refresh_token, told, IN_FRANCE)
    expect(access(answer)).toMatchObject({ org_id: organization.id, 'https://x.example/org': organization.id })
    expect((await recordOf(userId)).refresh_token_metadata).toEqual({ ...all, own: '2' })
    const { details } = await entry('sertft', userId)
    const { results } = await execution(details.actions.executions[0])
    const consumed = results.find(({ action_id }: Json) => action_id === samples[2].id)
    expect(consumed.logs).toBe('Refresh token exchange for organization: acme')
    expect(JSON.stringify(results)).toContain('org_id is set by the service alone')
  })

  test('a country that changed is noted in the metadata, where addresses are known', async () => {
    const holder = await scene.client({ refresh_token: ROTATING })
    const changed = async (initial_country: string, headers: Record<string, string>): Promise<Json> => {
      const userId = await scene.user()
      const { refreshToken } = await scene.refreshToken(holder, userId, { metadata: { initial_country } })
      expect((await scene.refresh(holder, refreshToken)).status).toBe(200)
      const second = await scene.refreshToken(holder, userId, { metadata: { initial_country } })
      await scene.token(holder, { grant_type: 'refresh_token', refresh_token: second.refreshToken }, headers)
      return (await service.api('GET', `refresh-tokens/${second.familyId}`)).body.refresh_token_metadata
    }
    expect(await changed('DE', IN_FRANCE)).toEqual({ initial_country: 'DE', country_changed: 'true', last_country: 'FR' })
    expect(await changed('FR', IN_FRANCE)).toEqual({ initial_country: 'FR' })
    expect(await changed('DE', {})).toEqual({ initial_country: 'DE' })
  })

  test('an online token brings its session’s information into the tokens', async () => {
    const { tokens } = await login({ scope: 'openid profile online_access read:plants' })
    const { sid } = identity(tokens)
    expect(identity(await act(tokens.body.refresh_token))).not.toHaveProperty('info')
    await service.api('PATCH', `sessions/${sid}`, { session_metadata: { importantInformation: 'x' } })
    const answer = await act(tokens.body.refresh_token)
    expect([access(answer).info, identity(answer).info]).toEqual(['x', 'x'])
  })
})

describe('what was decided at the login', () => {
  beforeAll(() => actions.bind('post-login', told))

  test('shapes the tokens of the code without asking again, and nothing of it is left at the exchange', async () => {
    const at = Date.now() + 900_000
    const what = `
      api.idToken.setCustomClaim('runs', runs); api.accessToken.setCustomClaim('https://x/a', 1); api.idToken.setCustomClaim('auth_time', 1)
      api.accessToken.addScope('read:x'); api.accessToken.removeScope('profile')
      api.refreshToken.setMetadata('a', '1'); api.refreshToken.setExpiresAt(${at}); api.refreshToken.setIdleExpiresAt(Date.now() + 60000)`
    const { tokens, userId } = await login({ act: what })
    expect(tokens.body.scope).toBe('openid offline_access read:plants read:x')
    expect(access(tokens)).toMatchObject({ 'https://x/a': 1, scope: 'openid offline_access read:plants read:x' })
    const { runs, auth_time } = identity(tokens)
    expect(auth_time).toBeGreaterThan(1)
    const record = await recordOf(userId)
    expect(record).toMatchObject({ refresh_token_metadata: { a: '1' }, expires_at: new Date(at).toISOString() })
    expect(Date.parse(record.idle_expires_at)).toBeLessThan(Date.now() + 61_000)
    const { body } = await service.api('GET', `refresh-tokens/${record.id}/history`)
    expect(body.history[0]).toMatchObject({ type: 'issued', details: { actions: { versions: [{ action_id: told.id, number: 1 }] } } })

    const answer = await act(tokens.body.refresh_token, `api.idToken.setCustomClaim('runs', runs)`)
    expect(identity(answer).runs).toBe(runs + 1)
    expect(answer.body.scope).toBe('openid profile offline_access read:plants')
    expect(access(answer)).not.toHaveProperty('https://x/a')
    expect(Date.parse((await recordOf(userId)).idle_expires_at)).toBeGreaterThan(Date.now() + 500_000)
  })

  test('is bounded by the client’s lifetimes, which the log tells, and is dropped where there is no refresh token', async () => {
    const what = `api.refreshToken.setMetadata('a', '1'); api.refreshToken.setExpiresAt(Date.now() + 90 * 86400e3)`
    const { userId } = await login({ act: what })
    const { id, expires_at } = await recordOf(userId)
    expect(Date.parse(expires_at)).toBeLessThan(Date.now() + 3_601_000)
    const { description } = await entry('w', userId)
    expect(description).toMatch(`absolute end of refresh token ${id}; it is ${expires_at}.`)
    const { tokens } = await login({ act: what, scope: 'openid' })
    expect(tokens).toMatchObject({ status: 200, body: { scope: 'openid' } })
    expect(tokens.body).not.toHaveProperty('refresh_token')
  })
})

test('an exchange tells by what the person has proved who they are, however long that is ago', async () => {
  await actions.bind('post-login', told)
  const methods = async ({ body }: Answer): Promise<Json> =>
    identity(await act(body.refresh_token, `api.idToken.setCustomClaim('methods', event.authentication.methods)`)).methods
  const { who, tokens } = await login()
  const { auth_time, sid } = identity(tokens)
  expect(await methods(tokens)).toEqual([{ name: 'pwd', timestamp: new Date(auth_time * 1000).toISOString() }])
  await service.commands.execute(new ApplyToSession(sid, { methods: ['https://terms.example/'] }, {}))
  const page = await who.get(authorizeUrl(client, { scope: 'openid offline_access', audience, ...PKCE, prompt: 'none' }))
  const later = await redeemCode(service, client, answerOf(page)['code']!)
  await service.api('DELETE', `sessions/${sid}`)
  const timestamp = expect.any(String)
  const both = [
    { name: 'pwd', timestamp },
    { name: 'https://terms.example/', timestamp },
  ]
  expect(await methods(later)).toEqual(both)
})

describe('an online refresh token', () => {
  beforeAll(() => actions.bind('post-login', told))
  const online = async (): Promise<{ token: string; sid: string; userId: string; who: Visitor }> => {
    const { tokens, userId, who } = await login({ scope: 'openid profile online_access read:plants' })
    return { token: tokens.body.refresh_token, sid: identity(tokens).sid, userId, who }
  }
  const session = (sid: string): Promise<Json> => service.api('GET', `sessions/${sid}`)

  test('tells its Action of the session, which changes with the exchange', async () => {
    const { token, sid, userId } = await online()
    const what = `
      api.idToken.setCustomClaim('seen', event); api.accessToken.addScope('read:x'); api.session.setMetadata('device', 'a-phone-of-ada')
      api.session.setIdleExpiresAt(Date.now() + 60000); api.user.setUserMetadata('seen', true)`
    const answer = await act(token, what)
    const { seen } = identity(answer)
    expect(seen).toMatchObject({
      session: { id: sid, user_id: userId, clients: [{ client_id: client.client_id }], cookie: { mode: 'persistent' } },
      refresh_token: { access: 'online', session_id: sid, rotating: false, resource_servers: [{ audience, scopes: 'openid profile read:plants' }] },
      authentication: { methods: [{ name: 'pwd', timestamp: expect.any(String) }] },
    })
    expect(seen.refresh_token).not.toHaveProperty('last_exchanged_at')
    expect(Date.parse(seen.refresh_token.created_at)).toBeGreaterThan(Date.parse(seen.session.created_at))
    expect(answer.body.scope.split(' ')).toContain('read:x')
    const { session_metadata, idle_expires_at } = (await session(sid)).body
    expect(session_metadata).toEqual({ device: 'a-phone-of-ada' })
    expect(Date.parse(idle_expires_at)).toBeLessThan(Date.now() + 61_000)
    expect((await service.api('GET', `users/${encodeURIComponent(userId)}`)).body.user_metadata).toEqual({ seen: true })
    expect((await entry('sertft', userId)).details.actions.executions).toHaveLength(1)
    // The idle end was for that exchange alone.
    const again = identity(await act(token, `api.idToken.setCustomClaim('own', [event.session.metadata.device, event.refresh_token])`))
    expect(again.own).toEqual([
      'a-phone-of-ada',
      { ...seen.refresh_token, last_exchanged_at: expect.any(String), idle_expires_at: expect.any(String), device: expect.anything() },
    ])
    expect(Date.parse((await session(sid)).body.idle_expires_at)).toBeGreaterThan(Date.now() + 3_600_000)
  })

  test('C24: takes no metadata; a denial leaves the session, a revocation ends it with all of them', async () => {
    const { token, sid, userId, who } = await online()
    const refused = { status: 403, body: { error: 'access_denied' } }
    expect(await act(token, `api.refreshToken.setMetadata('a', 'b')`)).toMatchObject({
      ...refused,
      body: { error_description: 'Failed to set refresh token metadata: Cannot call setMetadata on an online refresh token.' },
    })
    expect(await act(token, `api.session.setMetadata('kept', '1'); api.access.deny('not now')`)).toMatchObject({
      ...refused,
      body: { error_description: 'not now' },
    })
    expect((await session(sid)).body.session_metadata).toEqual({ kept: '1' })
    const page = await who.get(authorizeUrl(client, { scope: 'openid online_access', audience, prompt: 'none', ...PKCE }))
    const second = await redeemCode(service, client, answerOf(page)['code']!)
    expect(await act(token, `if (event.refresh_token?.access === 'online') api.refreshToken.revoke('bye')`)).toMatchObject({
      ...refused,
      body: { error_description: 'bye' },
    })
    expect(await session(sid)).toMatchObject({ status: 404 })
    for (const gone of [token, second.body.refresh_token]) expect(await act(gone)).toMatchObject(UNKNOWN)
    const refusals = await eventually(async () => {
      const { body } = await service.api('GET', `logs?q=${encodeURIComponent(`type:fertft AND user_id:"${userId}"`)}`)
      return body.length === 5 && body.filter(({ details }: Json) => details.actions?.executions.length === 1)
    })
    expect(refusals.map(({ description }: Json) => description).sort()).toEqual([
      'Failed to set refresh token metadata: Cannot call setMetadata on an online refresh token.',
      'bye',
      'not now',
    ])
  })

  test('is judged anew when an Action that held it up is done', async () => {
    const { token, sid, userId } = await online()
    const long = `await new Promise((done) => setTimeout(done, 300))`
    expect((await act(token, long)).status).toBe(200)
    const { details } = await entry('sertft', userId)
    const { created_at } = await execution(details.actions.executions[0])
    const exchanged = (await recorded(service, 'OnlineTokenExchanged')).find(({ metadata }) => metadata['sessionId'] === sid)
    expect(Date.parse(exchanged!.metadata['at'] as string)).toBeGreaterThanOrEqual(Date.parse(created_at) + 300)

    const sandbox = service.app.get(ActionsSandbox, { strict: false })
    const run = sandbox.run.bind(sandbox)
    const spy = jest.spyOn(sandbox, 'run').mockImplementation(async (...job) => {
      spy.mockRestore()
      await scene.setBlocked(userId, true)
      return run(...job)
    })
    expect(await act(token, long)).toMatchObject(UNKNOWN)
  })

  test('whose Action ends the session takes the offline ones of that session along', async () => {
    const { token, userId, who } = await online()
    const page = await who.get(authorizeUrl(client, { scope: 'openid offline_access', audience, ...PKCE }))
    const offline = await redeemCode(service, client, answerOf(page)['code']!)
    expect((await recordOf(userId)).session_id).toBe(identity(offline).sid)
    expect(await act(token, `api.session.revoke('away')`)).toMatchObject({ status: 403, body: { error_description: 'away' } })
    expect(await act(token)).toMatchObject(UNKNOWN)
    await eventually(async () => (await recordOf(userId)) === undefined)
    expect(await act(offline.body.refresh_token)).toMatchObject(UNKNOWN)
  })
})
