import type { Json, TestApp } from '../support/app.js'
import { access, PasswordLogins, REALM_GRANT } from '../support/password-logins.js'
import { aPerson, DIRECTORY, PASSWORD } from '../support/people.js'

/* What the log tells of passwords at the token endpoint (spec/logs.md §2.1, §2.2, §2.5). */

let logins: PasswordLogins
let service: TestApp
beforeAll(async () => {
  logins = await PasswordLogins.start()
  ;({ service } = logins)
})
afterAll(() => service.close())

const FROM = { 'x-forwarded-for': '203.0.113.50', 'user-agent': 'Firefox/140' }
const about = ({ userId }: { userId: string }, count: number): Promise<Json[]> => logins.entries(`user_id:"${userId}"`, count)
const requested = () => ({ requested_client_id: logins.client.client_id })

describe('the log', () => {
  it('tells of tokens that a password brought', async () => {
    const person = await aPerson(service)
    const answer = await logins.login(person, { scope: 'openid offline_access read:plants' }, undefined, FROM)
    const [{ id: familyId }] = (await logins.refreshTokens(person.userId)) as [Json]
    const rows = await about(person, 1)
    expect(rows).toMatchObject([
      {
        type: 'sepft',
        user_id: person.userId,
        user_name: person.email,
        client_id: logins.client.client_id,
        client_name: logins.client.name,
        connection: DIRECTORY,
        strategy: 'auth0',
        audience: logins.audience,
        scope: 'openid offline_access read:plants',
        ip: '203.0.113.50',
        details: { ...requested(), access_token_jti: access(answer).jti, actions: { executions: [] }, familyId, refresh_token: { access: 'offline' } },
      },
    ])
    const again = await logins.login(person)
    expect((await about(person, 2))[1]).toMatchObject({ type: 'sepft', details: { access_token_jti: access(again).jti } })
    expect((await about(person, 2))[1].details).not.toHaveProperty('refresh_token')
  })

  it('tells of wrong ones as the login page does, and of the grant that failed', async () => {
    const person = await aPerson(service)
    const client = await logins.other()
    await logins.login(person, { password: 'wrong' }, client, FROM)
    const wrong = { description: 'Wrong email or password.', user_id: person.userId, user_name: person.email, connection: DIRECTORY, ip: '203.0.113.50' }
    expect(await about(person, 2)).toMatchObject([
      { type: 'fp', ...wrong, details: { error: { reason: 'wrong-password' } } },
      {
        type: 'fepft',
        ...wrong,
        audience: logins.audience,
        details: { requested_client_id: client.client_id, error: { oauthError: 'invalid_grant', reason: 'wrong-password' } },
      },
    ])
    const realm = { grant_type: REALM_GRANT, realm: DIRECTORY }
    await logins.login({ email: 'no.one@example.com' }, { ...realm, password: 'wrong' }, client, FROM)
    const nobody = { user_id: '', user_name: 'no.one@example.com', connection: DIRECTORY, ip: '203.0.113.50' }
    expect(await logins.entries('user_name:"no.one@example.com"', 2)).toMatchObject([
      { type: 'fu', ...nobody },
      { type: 'fepft', ...nobody, details: { error: { oauthError: 'invalid_grant', reason: 'unknown-user' } } },
    ])
    expect((await logins.entries(`client_id:"${client.client_id}"`, 4)).map(({ type }: Json) => type as string)).toEqual(['fp', 'fepft', 'fu', 'fepft'])
  })

  it('tells when they were too many, once', async () => {
    const person = await aPerson(service)
    for (let n = 0; n < 13; n++) await logins.login(person, { password: 'wrong' })
    const types = (await about(person, 21)).map(({ type }: Json) => type as string)
    const count = (name: string): number => types.filter((type) => type === name).length
    expect({ fp: count('fp'), fepft: count('fepft'), limit_wc: count('limit_wc'), all: types.length }).toEqual({ fp: 10, fepft: 10, limit_wc: 1, all: 21 })
  })

  it('tells whom it was that may not come in, and what was wrong with the request', async () => {
    const person = await aPerson(service)
    const trusted = await logins.other({ is_token_endpoint_ip_header_trusted: true })
    await service.api('PATCH', `users/${encodeURIComponent(person.userId)}`, { blocked: true })
    await logins.login(person, {}, trusted, { ...FROM, 'auth0-forwarded-for': '203.0.113.51' })
    const blocked = { type: 'fepft', description: 'user is blocked', user_name: person.email, connection: DIRECTORY, ip: '203.0.113.51' }
    const [row] = await logins.entries(`user_id:"${person.userId}" AND type:fepft`)
    expect(row).toMatchObject({ ...blocked, details: { error: { oauthError: 'unauthorized', reason: 'user-blocked' } } })
    const asked = await logins.other()
    await logins.login(person, { grant_type: REALM_GRANT, realm: 'someone@example.com' }, asked)
    const [unknown, ...others] = await logins.entries(`client_id:"${asked.client_id}"`)
    expect(others).toEqual([])
    // Whoever puts a name in the wrong place does not put it into the log.
    expect(unknown).toMatchObject({ type: 'fepft', description: 'Unknown realm *', details: { error: { oauthError: 'invalid_request' } } })
  })

  it('counts the day’s logins and active users', async () => {
    const person = await aPerson(service)
    const stats = async (): Promise<[number, number]> => {
      const [day] = (await service.api('GET', 'stats/daily')).body
      return [day?.logins ?? 0, (await service.api('GET', 'stats/active-users')).body]
    }
    const [logged, active] = await stats()
    await logins.login(person)
    await logins.login(person)
    await about(person, 2)
    expect(await stats()).toEqual([logged + 2, active + 1])
  })

  it('holds no password and no address in clear, nor does anything else', async () => {
    const person = await aPerson(service)
    const secret = `Secret-${person.userId.slice(-12)}`
    await logins.login(person)
    await logins.login(person, { password: secret })
    await logins.login({ email: 'unheard.of@example.com' }, { password: secret })
    await logins.login(person, { password: secret, audience: 'https://nowhere.example/' })
    await logins.entries(`client_id:"${logins.client.client_id}" AND type:fepft`, 3)
    for (const table of ['events', 'streams', 'tenant_logs', 'login_attempts'])
      for (const text of [secret, PASSWORD, person.email, 'unheard.of@example.com']) {
        const { rows } = await service.pool.query<{ n: number }>(`select count(*)::int as n from ${table} t where strpos(t::text, $1) > 0`, [text])
        expect({ table, text, n: rows[0]!.n }).toEqual({ table, text, n: 0 })
      }
  })
})
