import { jest } from '@jest/globals'
import { Audit } from '../../src/audit/audit.js'
import { IssueRefreshTokenHandler } from '../../src/tokens/commands/issue-refresh-token.js'
import { CheckPasswordHandler } from '../../src/users/commands/check-password.js'
import { ChangePassword, ChangeUser, DeleteUser, FindConnection } from '../../src/users/index.js'
import type { TestApp } from '../support/app.js'
import { type Answer, type OAuthScene, SECRET } from '../support/oauth.js'
import { PasswordLogins, REALM_GRANT, WRONG } from '../support/password-logins.js'
import { anApi, aPerson, DIRECTORY, PASSWORD } from '../support/people.js'
import { recorded } from '../support/recorded.js'

/* Whom the grants by password refuse, and how (spec/oauth.md §1.2, §6.3). */

let logins: PasswordLogins
let service: TestApp
let scene: OAuthScene
let directoryId: string
beforeAll(async () => {
  logins = await PasswordLogins.start()
  ;({ service, scene } = logins)
  directoryId = (await service.queries.execute(new FindConnection(DIRECTORY)))!.id
})
afterAll(() => service.close())

const invalid = (status: number, error_description: string) => ({ status, body: { error: 'invalid_request', error_description } })
/** All that a caller can tell answers apart by, but for the time and the places in the log. */
const seen = ({ status, headers, body }: Answer): object => {
  const shown = [...headers].filter(([name]) => !['date', 'etag', 'x-log-position', 'x-request-id'].includes(name))
  return { status, body, headers: shown.map(([name, value]) => (name.startsWith('x-ratelimit') ? name : [name, value])) }
}

describe('a request by password', () => {
  it('that lacks something says what', async () => {
    const person = await aPerson(service)
    const missing = (name: string) => invalid(400, `Missing required parameter: ${name}`)
    expect(await logins.login({ email: '' })).toMatchObject(missing('username'))
    expect(await logins.login(person, { password: '' })).toMatchObject(missing('password'))
    expect(await logins.login(person, { grant_type: REALM_GRANT })).toMatchObject(missing('realm'))
  })

  it('is told the same of a wrong password and of a name that nobody has', async () => {
    const person = await aPerson(service)
    const wrong = await logins.login(person, { password: 'wrong' })
    expect(wrong).toMatchObject(WRONG)
    for (const email of ['nobody@example.com', 'nobody', ' ', "'; drop table users", 'ünïcode 🌱', 'x'.repeat(5000)])
      expect(seen(await logins.login({ email }, { password: 'wrong' }))).toEqual(seen(wrong))
    expect(seen(await logins.login(person, { password: 'x'.repeat(50_000) }))).toEqual(seen(wrong))
  })

  it('that names no connection to use is told so', async () => {
    const person = await aPerson(service)
    const realm = (name: string, client = logins.client): Promise<Answer> => logins.login(person, { grant_type: REALM_GRANT, realm: name }, client)
    expect(await realm('x')).toMatchObject(invalid(403, `Unknown realm 'x'`))
    expect(await realm(`"\\ü`)).toMatchObject(invalid(403, `Unknown realm '"??'`))
    await service.api('POST', 'connections', { name: 'elsewhere', strategy: 'auth0' })
    expect(await realm('elsewhere')).toMatchObject(invalid(403, 'the connection is not enabled'))
    await service.api('POST', 'connections', { name: 'social', strategy: 'google-oauth2' })
    expect(await realm('social')).toMatchObject(invalid(403, `Unknown realm 'social'`))

    const client = await logins.other()
    const only = (await service.api('GET', 'connections?name=elsewhere')).body[0]
    await service.api('PATCH', `connections/${only.id}/clients`, [{ client_id: client.client_id, status: true }])
    expect(await logins.login(person, {}, client)).toMatchObject(invalid(403, 'the connection is not enabled'))
    expect(await realm('elsewhere', client)).toMatchObject(WRONG)

    const undirected = 'Authorization server not configured with default connection.'
    for (const default_directory of ['', 'gone']) {
      await service.api('PATCH', 'tenants/settings', { default_directory })
      expect(await logins.login(person)).toMatchObject(invalid(403, undirected))
    }
    await service.api('PATCH', 'tenants/settings', { default_directory: DIRECTORY })
    expect((await logins.login(person)).status).toBe(200)
  })

  it('comes from a client that may know passwords, or not at all', async () => {
    const person = await aPerson(service)
    const notAllowed = (grant: string) => ({
      status: 403,
      body: { error: 'unauthorized_client', error_description: `Grant type '${grant}' not allowed for the client.` },
    })
    const publicly = { token_endpoint_auth_method: 'none' } as const
    const strict = { is_first_party: false, third_party_security_mode: 'strict' }
    for (const members of [
      { grant_types: ['authorization_code', 'refresh_token', REALM_GRANT] },
      { ...publicly },
      { ...publicly, app_type: 'spa' },
      { is_first_party: false },
      strict,
      { ...strict, ...publicly, app_type: 'native' },
    ])
      expect(await logins.login(person, {}, await logins.other(members))).toMatchObject(notAllowed('password'))
    const realm = { grant_type: REALM_GRANT, realm: DIRECTORY }
    expect(await logins.login(person, realm, await logins.other({ grant_types: ['password'] }))).toMatchObject(notAllowed(REALM_GRANT))
    expect(await logins.login(person, { client_secret: 'wrong' })).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
    expect((await recorded(service, 'LoggedInWithoutSession')).filter(({ data }) => data['userId'] === person.userId)).toEqual([])
  })

  it('is for an API that the client may use, or for none', async () => {
    const person = await aPerson(service)
    const denied = (error_description: unknown) => ({ status: 403, body: { error: 'access_denied', error_description } })
    const nowhere = 'https://nowhere.example/'
    expect(await logins.login(person, { audience: nowhere })).toMatchObject(denied(`Service not found: ${nowhere}`))
    const closed = await anApi(service, { subject_type_authorization: { user: { policy: 'require_client_grant' } } })
    expect(await logins.login(person, { audience: closed })).toMatchObject(denied(expect.stringContaining('You need to create a "client-grant"')))
    const bound = await anApi(service, { proof_of_possession: { mechanism: 'dpop', required: true } })
    expect(await logins.login(person, { audience: bound })).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
    // Before anybody's password is looked at.
    expect(await logins.login(person, { audience: nowhere, password: 'wrong' })).toMatchObject(denied(`Service not found: ${nowhere}`))
  })

  it('knows no organizations', async () => {
    const person = await aPerson(service)
    const { body: organization } = await service.api('POST', 'organizations', { name: 'gardeners' })
    const named = { organization: organization.id as string }
    const not = invalid(400, 'parameter organization is not allowed for this grant')
    expect(await logins.login(person, named)).toMatchObject(not)
    const allowing = await logins.other({ organization_usage: 'allow' })
    expect(await logins.login(person, named, allowing)).toMatchObject(not)
    expect((await logins.login(person, {}, allowing)).status).toBe(200)
    const requiring = await logins.other({ organization_usage: 'require' })
    for (const more of [{}, named]) {
      const answer = await logins.login(person, more, requiring)
      expect(answer).toMatchObject(invalid(400, 'parameter organization is required for this client'))
    }
  })

  it('is refused to people who are blocked, and only with the right password, and to nobody', async () => {
    const person = await aPerson(service)
    const context = {}
    await service.commands.execute(new ChangeUser(person.userId, { attributes: { blocked: true } }, context))
    expect(await logins.login(person, { password: 'wrong' })).toMatchObject(WRONG)
    expect(await logins.login(person)).toMatchObject({ status: 403, body: { error: 'unauthorized', error_description: 'user is blocked' } })
    expect(await logins.user(person.userId)).not.toHaveProperty('logins_count')
    await service.commands.execute(new DeleteUser(person.userId, context))
    expect(await logins.login(person)).toMatchObject(WRONG)
  })

  it('of hostile values is refused cleanly, and nothing comes of it', async () => {
    const person = await aPerson(service)
    const hostile = [
      '\u0000',
      '\ud800',
      '%00',
      '{}',
      '[]',
      '../..',
      '<script>',
      "' or 1=1 --",
      '\u202e',
      '\r\nx: y',
      '🌱'.repeat(300),
      '__proto__',
      'x'.repeat(20_000),
    ]
    for (const value of hostile)
      for (const name of ['username', 'password', 'realm', 'audience', 'organization']) {
        const asked = { grant_type: REALM_GRANT, username: person.email, password: 'wrong', realm: DIRECTORY, [name]: value }
        const { status, body } = await scene.json('oauth/token', { client_id: logins.client.client_id, client_secret: SECRET, ...asked })
        expect({ name, value: value.slice(0, 20), is4xx: status >= 400 && status < 500, body }).toMatchObject({
          is4xx: true,
          body: { error: expect.any(String), error_description: expect.any(String) },
        })
        await service.pool.query('delete from login_attempts')
      }
    for (const scope of hostile.filter((value) => !/\0|\p{Surrogate}/u.test(value)))
      expect(await logins.login(person, { scope })).toMatchObject({ status: 200, body: { token_type: 'Bearer' } })
    for (const password of [{ $ne: null }, ['a'], true, null])
      expect(
        (
          await scene.json('oauth/token', {
            client_id: logins.client.client_id,
            client_secret: SECRET,
            grant_type: 'password',
            username: person.email,
            password,
          })
        ).status,
      ).toBeGreaterThanOrEqual(400)
    expect((await scene.form('oauth/token', { username: person.email, password: PASSWORD, grant_type: 'password' })).status).toBe(401)
  })
})

describe('a password that was right', () => {
  it('is worth nothing once it is another, or nobody’s, in the moment after, nor for who bears the id next', async () => {
    const check = service.app.get(CheckPasswordHandler, { strict: false })
    const remove = (userId: string): Promise<unknown> => service.commands.execute(new DeleteUser(userId, {}))
    const changes: ((userId: string) => Promise<unknown>)[] = [
      (userId) => service.commands.execute(new ChangePassword(userId, 'Another-Horse-1', {})),
      remove,
      async (userId) => {
        await remove(userId)
        const successor = { user_id: userId.slice('auth0|'.length), email: 'successor@example.com', password: 'Another-Horse-1' }
        expect((await service.api('POST', 'users', { ...successor, connection: DIRECTORY })).body).toMatchObject({ user_id: userId })
      },
    ]
    for (const change of changes) {
      const person = await aPerson(service)
      const execute = check.execute.bind(check)
      const spy = jest.spyOn(check, 'execute').mockImplementation(async (command) => {
        spy.mockRestore()
        const checked = await execute(command)
        await change(person.userId)
        return checked
      })
      expect(await logins.login(person)).toMatchObject(WRONG)
      expect((await recorded(service, 'LoggedInWithoutSession')).filter(({ data }) => data['userId'] === person.userId)).toEqual([])
    }
  })

  it('brings all or nothing where the database fails in the middle, and the next try is as good as new', async () => {
    const person = await aPerson(service)
    const client = await logins.other()
    const scope = 'openid offline_access'
    const lost = Object.assign(new Error('Connection terminated'), { code: 'ECONNRESET' })
    const audit = service.app.get(Audit, { strict: false })
    const failing = (type: string): { mockRestore(): void } => {
      const record = audit.record.bind(audit)
      return jest.spyOn(audit, 'record').mockImplementation((event, cause) => (event.type === type ? Promise.reject(lost) : record(event, cause)))
    }
    const unavailable = { status: 503, body: { error: 'temporarily_unavailable' } }
    for (const type of ['LoggedInWithoutSession', 'PasswordGrantSucceeded']) {
      const spy = failing(type)
      const answer = await logins.login(person, { scope }, client)
      spy.mockRestore()
      expect(answer).toMatchObject(unavailable)
      expect(answer.headers.get('retry-after')).toBe('1')
      expect(await logins.refreshTokens(person.userId)).toEqual([])
    }
    const issue = service.app.get(IssueRefreshTokenHandler, { strict: false })
    const spy = jest.spyOn(issue, 'execute').mockRejectedValueOnce(lost)
    expect(await logins.login(person, { scope }, client)).toMatchObject(unavailable)
    spy.mockRestore()
    expect(await logins.refreshTokens(person.userId)).toEqual([])
    const { status, body } = await logins.login(person, { scope }, client)
    expect(status).toBe(200)
    expect(await logins.refreshTokens(person.userId)).toHaveLength(1)
    expect((await scene.refresh(client, body.refresh_token)).status).toBe(200)
  })
})

describe('a directory', () => {
  it('that is switched off for a client refuses its people', async () => {
    const person = await aPerson(service)
    const client = await logins.other()
    expect((await logins.login(person, {}, client)).status).toBe(200)
    const off = [{ client_id: client.client_id, status: true }]
    await service.api('PATCH', `connections/${directoryId}/clients`, off)
    await service.api('PATCH', `connections/${directoryId}/clients`, [{ client_id: client.client_id, status: false }])
    expect(await logins.login(person, {}, client)).toMatchObject(invalid(403, 'the connection is not enabled'))
  })
})
