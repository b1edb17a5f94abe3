import { FindConnection } from '../../src/users/index.js'
import type { Json, TestApp } from '../support/app.js'
import { dpopKey, tokenWithProof } from '../support/dpop.js'
import { headerOf, type OAuthScene } from '../support/oauth.js'
import { access, identity, PasswordLogins, REALM_GRANT } from '../support/password-logins.js'
import { anApi, aPerson, DIRECTORY, PASSWORD } from '../support/people.js'
import { recorded } from '../support/recorded.js'

/* What a person's password brings at the token endpoint (spec/oauth.md §6.3). Refusals: password-grant-refusals.spec.ts. */

let logins: PasswordLogins
let service: TestApp
let scene: OAuthScene
beforeAll(async () => {
  logins = await PasswordLogins.start()
  ;({ service, scene } = logins)
})
afterAll(() => service.close())

describe('a password', () => {
  it('brings an access token with all scopes of the API where none is asked for, and neither session nor cookie', async () => {
    const person = await aPerson(service)
    const began = Math.floor(Date.now() / 1000)
    const answer = await logins.login(person)
    const { access_token, ...rest } = answer.body
    expect(answer.status).toBe(200)
    expect(rest).toEqual({ token_type: 'Bearer', expires_in: 86_400, scope: 'read:plants water:plants' })
    expect([answer.headers.get('cache-control'), answer.headers.get('pragma'), answer.headers.get('set-cookie')]).toEqual(['no-store', 'no-cache', null])
    const { iat, exp, jti, ...claims } = access(answer)
    const parties = { iss: service.url, sub: person.userId, aud: logins.audience, azp: logins.client.client_id }
    expect(claims).toEqual({ ...parties, gty: 'password', scope: 'read:plants water:plants' })
    expect({ lasts: exp - iat, isNew: iat >= began, jti }).toEqual({ lasts: 86_400, isNew: true, jti: expect.any(String) })
    expect(headerOf(access_token)).toMatchObject({ typ: 'JWT' })
    expect((await recorded(service, 'SessionStarted')).filter(({ data }) => data['userId'] === person.userId)).toEqual([])
    expect(await logins.refreshTokens(person.userId)).toEqual([])
  })

  it('brings an ID token about the person, that names no session', async () => {
    const person = await aPerson(service, { attributes: { nickname: 'ada' } })
    const began = Math.floor(Date.now() / 1000)
    const answer = await logins.login(person, { scope: 'openid profile email unheard:of read:plants' })
    expect(answer.body.scope).toBe('openid profile email read:plants')
    expect(access(answer)).toMatchObject({ aud: [logins.audience, `${service.url}userinfo`], scope: 'openid profile email read:plants' })
    const claims = identity(answer)
    expect(claims).toMatchObject({ sub: person.userId, aud: logins.client.client_id, email: person.email, nickname: 'ada' })
    expect(claims).not.toHaveProperty('sid')
    expect(claims).not.toHaveProperty('nonce')
    expect(claims.auth_time).toBeGreaterThanOrEqual(began - 1)
    expect(claims.auth_time).toBeLessThanOrEqual(claims.iat)
  })

  it('brings a refresh token that rotates as others do, and belongs to no session', async () => {
    const person = await aPerson(service)
    const answer = await logins.login(person, { scope: 'openid offline_access read:plants' })
    expect(answer.body.scope).toBe('openid offline_access read:plants')
    const [{ id, session_id, rotating, client_id }] = (await logins.refreshTokens(person.userId)) as [Json]
    expect({ session_id, rotating, client_id }).toEqual({ session_id: null, rotating: true, client_id: logins.client.client_id })
    const next = await scene.refresh(logins.client, answer.body.refresh_token)
    expect(next).toMatchObject({ status: 200, body: { scope: 'openid offline_access read:plants', refresh_token: expect.any(String) } })
    expect(access(next)).toMatchObject({ sub: person.userId, gty: 'refresh_token', aud: [logins.audience, `${service.url}userinfo`] })
    expect(identity(next)).toMatchObject({ sub: person.userId, auth_time: identity(answer).auth_time })
    expect(identity(next)).not.toHaveProperty('sid')
    const { body: history } = await service.api('GET', `refresh-tokens/${id}/history`)
    const [issued] = await logins.entries(`type:sepft AND user_id:"${person.userId}"`)
    expect(history.history[0]).toMatchObject({ log_id: issued.log_id, details: { access_token: { jti: access(answer).jti } } })
  })

  it('brings no refresh token where the API, the client or the kind of scope does not', async () => {
    const person = await aPerson(service)
    const never = await anApi(service, { allow_offline_access: false })
    const without = await logins.other({ grant_types: ['password'] })
    for (const answer of [
      await logins.login(person, { scope: 'read:plants offline_access', audience: never }),
      await logins.login(person, { scope: 'read:plants offline_access' }, without),
      await logins.login(person, { scope: 'read:plants online_access' }),
    ]) {
      expect(answer).toMatchObject({ status: 200, body: { scope: 'read:plants' } })
      expect(answer.body).not.toHaveProperty('refresh_token')
    }
    expect(await logins.login(person, { scope: 'offline_access online_access' })).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
    expect(await logins.refreshTokens(person.userId)).toEqual([])
  })

  it('opens /userinfo where no API is asked for, and the tenant’s default API where there is one', async () => {
    const person = await aPerson(service)
    const plain = await logins.login(person, { audience: '', scope: 'openid email offline_access' })
    expect(plain.body).toMatchObject({ scope: 'openid email offline_access', expires_in: 86_400, refresh_token: expect.any(String) })
    const userinfo = await scene.send('GET', 'userinfo', undefined, { authorization: `Bearer ${plain.body.access_token}` })
    expect(userinfo).toMatchObject({ status: 200, body: { sub: person.userId, email: person.email } })
    expect((await logins.login(person, { audience: '' })).body).not.toHaveProperty('scope')
    await service.api('PATCH', 'tenants/settings', { default_audience: logins.audience })
    expect(access(await logins.login(person, { audience: '' })).aud).toBe(logins.audience)
    // As Auth0's older samples have it: its address is the audience.
    const audience = `${service.url}userinfo`
    const named = await logins.login(person, { audience, scope: 'openid offline_access' })
    expect((await scene.send('GET', 'userinfo', undefined, { authorization: `Bearer ${named.body.access_token}` })).status).toBe(200)
    const next = await scene.refresh(logins.client, named.body.refresh_token, { audience })
    expect(next).toMatchObject({ status: 200, body: { scope: 'openid offline_access' } })
    await service.api('PATCH', 'tenants/settings', { default_audience: '' })
  })

  it('brings what the person is permitted, where the API enforces that', async () => {
    const person = await aPerson(service)
    const audience = await anApi(service, { enforce_policies: true, token_dialect: 'access_token_authz' })
    expect(access(await logins.login(person, { audience }))).toMatchObject({ permissions: [] })
    const permissions = [{ resource_server_identifier: audience, permission_name: 'water:plants' }]
    expect((await service.api('POST', `users/${encodeURIComponent(person.userId)}/permissions`, { permissions })).status).toBe(201)
    const answer = await logins.login(person, { audience })
    expect(answer.body.scope).toBe('water:plants')
    expect(access(answer)).toMatchObject({ scope: 'water:plants', permissions: ['water:plants'] })
  })

  it('is one of the connection that the realm names', async () => {
    const { body: branch } = await service.api('POST', 'connections', { name: 'branch', strategy: 'auth0', options: { requires_username: true } })
    const { body: user } = await service.api('POST', 'users', { connection: 'branch', email: 'ada@example.com', username: 'ada', password: 'Another-Horse-1' })
    const client = await logins.other()
    const directory = await service.queries.execute(new FindConnection(DIRECTORY))
    for (const { id } of [branch, directory!])
      expect((await service.api('PATCH', `connections/${id}/clients`, [{ client_id: client.client_id, status: true }])).status).toBe(204)
    const asked = { grant_type: REALM_GRANT, realm: 'branch', password: 'Another-Horse-1' }
    for (const email of ['ada', ' ADA@example.com '])
      expect(access(await logins.login({ email }, asked, client))).toMatchObject({ sub: user.user_id, gty: 'password' })
    // Neither is the other's, and without a realm it is the default directory, whatever `realm` says.
    const person = await aPerson(service)
    expect((await logins.login(person, asked, client)).status).toBe(403)
    expect((await logins.login(person, { realm: 'branch' }, client)).status).toBe(200)
    expect((await logins.login({ email: 'ada' }, { password: 'Another-Horse-1' }, client)).status).toBe(403)
  })

  it('passed on by a native application brings tokens that its DPoP key binds', async () => {
    const person = await aPerson(service)
    const native = await logins.other({ token_endpoint_auth_method: 'none', app_type: 'native' })
    expect((await logins.login(person, {}, native)).status).toBe(200)
    const key = await dpopKey()
    const asked = { grant_type: 'password', username: person.email, password: PASSWORD, scope: 'openid offline_access' }
    const answer = await tokenWithProof(scene, native, key, asked)
    expect(answer).toMatchObject({ status: 200, body: { token_type: 'DPoP' } })
    const exchange = { grant_type: 'refresh_token', refresh_token: answer.body.refresh_token }
    expect(await scene.token(native, exchange)).toMatchObject({ status: 403, body: { error: 'invalid_grant' } })
    expect((await tokenWithProof(scene, native, key, exchange)).status).toBe(200)
  })

  it('lets the client have what it wants, as the grants tell, until that is taken away', async () => {
    const person = await aPerson(service)
    const { body } = await logins.login(person, { scope: 'read:plants offline_access' })
    const of = `grants?user_id=${encodeURIComponent(person.userId)}`
    const [grant, ...others] = (await service.api('GET', of)).body
    expect(others).toEqual([])
    expect(grant).toMatchObject({ clientID: logins.client.client_id, audience: logins.audience, scope: ['read:plants', 'offline_access'] })
    expect((await service.api('DELETE', `grants/${grant.id}`)).status).toBe(204)
    expect(await scene.refresh(logins.client, body.refresh_token)).toMatchObject({ status: 403, body: { error: 'invalid_grant' } })
  })

  it('counts as a login of the person, from where it came', async () => {
    const person = await aPerson(service)
    expect((await logins.form(person, PASSWORD, '203.0.113.20')).status).toBe(302)
    const before = await logins.user(person.userId)
    expect(before).toMatchObject({ logins_count: 1, last_ip: '203.0.113.20' })
    await logins.login(person, { password: 'wrong' }, undefined, { 'x-forwarded-for': '203.0.113.22' })
    await logins.login(person, {}, undefined, { 'x-forwarded-for': '203.0.113.21' })
    const after = await logins.user(person.userId)
    expect(after).toMatchObject({ logins_count: 2, last_ip: '203.0.113.21' })
    expect(Date.parse(after.last_login)).toBeGreaterThan(Date.parse(before.last_login))
  })

  it('sent twice at once brings two logins, each with tokens of its own', async () => {
    const person = await aPerson(service)
    const answers = await Promise.all(Array.from({ length: 5 }, () => logins.login(person, { scope: 'openid offline_access' })))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
    expect(new Set(answers.map(({ body }) => body.refresh_token)).size).toBe(5)
    expect(await logins.refreshTokens(person.userId)).toHaveLength(5)
    expect(await logins.user(person.userId)).toMatchObject({ logins_count: 5 })
    for (const { body } of answers) expect((await scene.refresh(logins.client, body.refresh_token)).status).toBe(200)
  })
})
