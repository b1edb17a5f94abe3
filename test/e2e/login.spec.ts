import { jest } from '@jest/globals'
import { type ClientDocument, RedeemAuthorizationCode } from '../../src/authorization/index.js'
import { DeleteUser, FindConnection } from '../../src/users/index.js'
import { startApp, type TestApp } from '../support/app.js'
import { eventually } from '../support/eventually.js'
import { type Recorded, recorded } from '../support/recorded.js'
import { aClient, aPerson, authorizeUrl, CALLBACK, DIRECTORY, PASSWORD } from '../support/people.js'
import { answerOf, hiddenFields, type Page, Visitor } from '../support/visitor.js'

let service: TestApp
let client: ClientDocument
beforeAll(async () => {
  service = await startApp()
  client = await aClient(service)
})
afterAll(() => service.close())

const visitor = (): Visitor => new Visitor(service.url)
const events = (type: string): Promise<Recorded[]> => recorded(service, type)

describe('the login page', () => {
  it('has the fields of the contract, labels, and no script', async () => {
    const page = await visitor().get(authorizeUrl(client, { login_hint: '"><b>me@example.com' }))
    expect(page.status).toBe(200)
    expect(page.html).toMatch(/<input\s+id="username"\s+name="username"[^>]* value="&quot;&gt;&lt;b&gt;me@example.com"/)
    expect(page.html).toMatch(/<input\s+id="password"\s+name="password"\s+type="password"/)
    expect(page.html).toContain('<button type="submit" name="action" value="default">')
    expect(page.html).toContain('<label for="username">')
    expect(page.html).toContain('<label for="password">')
    expect(page.html).not.toContain('<script')
    expect(page.html).toContain('Garden Planner')
  })

  it('cannot be framed, stored, or made to load anything', async () => {
    const { headers } = await visitor().get(authorizeUrl(client))
    expect(headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; style-src 'sha256-[^']+'; img-src data:; base-uri 'none'; frame-ancestors 'none'$/,
    )
    expect(headers.get('x-frame-options')).toBe('deny')
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('referrer-policy')).toBe('same-origin')
    expect(headers.getSetCookie()).toEqual([expect.stringMatching(/^login=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax$/)])
  })

  it('logs a person in, under any spelling of the address, and starts a session', async () => {
    const person = await aPerson(service)
    const who = visitor()
    const form = await who.get(authorizeUrl(client, { nonce: 'n-1', max_age: '100' }))
    const page = await who.submit(form, { username: ` ${person.email.toUpperCase()} `, password: PASSWORD, action: 'default' })
    expect(page.status).toBe(302)
    expect(page.headers.getSetCookie()).toEqual([expect.stringMatching(/^auth0=[^;]+; Path=\/; HttpOnly; SameSite=Lax; Expires=/)])
    const exchange = { code: answerOf(page)['code']!, clientId: client.client_id, redirectUri: CALLBACK, familyId: 'f1' }
    const redeemed = await service.commands.execute(new RedeemAuthorizationCode(exchange, {}))
    expect(redeemed).toMatchObject({
      kind: 'redeemed',
      grant: { userId: person.userId, nonce: 'n-1', maxAgeSent: true, scope: ['openid', 'profile', 'email'] },
    })
    const [started] = (await events('SessionStarted')).filter(({ data }) => data['userId'] === person.userId)
    expect(started!.metadata).toMatchObject({ userId: person.userId, clientId: client.client_id, sessionId: expect.any(String), origin: expect.any(String) })
  })
})

describe('a wrong password', () => {
  it('is told as one that belongs to nobody is, on the form, and recorded', async () => {
    const person = await aPerson(service)
    for (const username of [person.email, 'nobody@example.com']) {
      const who = visitor()
      const page = await who.submit(await who.get(authorizeUrl(client)), { username, password: 'wrong', action: 'default' })
      expect({ status: page.status, alert: page.alert }).toEqual({ status: 400, alert: 'Wrong email or password.' })
      expect(page.html).toContain(`value="${username}"`)
      expect(page.html).not.toContain('"wrong"')
      const again = await who.submit(page, { username: person.email, password: PASSWORD, action: 'default' })
      expect(answerOf(again)).toMatchObject({ code: expect.any(String), state: 'some state' })
    }
    const failed = (await events('LoginFailed')).slice(-2)
    expect(failed.map(({ data, metadata }) => [data['reason'], metadata['userId']])).toEqual([
      ['wrong-password', person.userId],
      ['unknown-user', undefined],
    ])
    expect(JSON.stringify(failed)).not.toContain('nobody@example.com')
  })

  it('counts, for one account from one address, up to ten; then nothing is looked at, and others are not concerned', async () => {
    const person = await aPerson(service)
    const other = await aPerson(service)
    const who = visitor()
    const form = await who.get(authorizeUrl(client))
    const attempts = await Promise.all(Array.from({ length: 15 }, () => who.submit(form, { username: person.email, password: 'wrong' })))
    expect(attempts.map(({ status }) => status).sort()).toEqual([...new Array<number>(10).fill(400), ...new Array<number>(5).fill(429)])
    const locked = await who.submit(form, { username: person.email, password: PASSWORD })
    expect(locked.status).toBe(429)
    expect(locked.alert).toContain('too_many_attempts')
    expect(locked.headers.get('retry-after')).toBe('900')
    expect((await events('AccountLocked')).filter(({ metadata }) => metadata['userId'] === person.userId)).toHaveLength(1)
    expect((await who.submit(form, { username: other.email, password: PASSWORD })).status).toBe(302)
    const elsewhere = await who.post('/u/login', { ...hiddenFields(form), username: person.email, password: PASSWORD }, { 'x-forwarded-for': '203.0.113.9' })
    expect(elsewhere.status).toBe(302)
    await service.pool.query(`update login_attempts set ends_at = clock_timestamp() - interval '1 second'`)
    expect((await who.submit(form, { username: person.email, password: PASSWORD })).status).toBe(302)
  })

  it('is forgotten with a right one', async () => {
    const person = await aPerson(service)
    const who = visitor()
    const form = await who.get(authorizeUrl(client))
    for (let round = 0; round < 2; round++) {
      for (let n = 0; n < 9; n++) await who.submit(form, { username: person.email, password: 'wrong' })
      expect((await who.submit(form, { username: person.email, password: PASSWORD })).status).toBe(302)
    }
  })

  it.each([
    [{}],
    [{ username: 'x' }],
    [{ password: 'x' }],
    [{ username: '\u0000', password: '\u0000' }],
    [{ username: 'x'.repeat(50_000), password: 'x'.repeat(40_000) }],
  ])('may be anything at all (%#)', async (fields: Record<string, string>) => {
    const who = visitor()
    expect((await who.submit(await who.get(authorizeUrl(client)), fields)).status).toBe(400)
  })
})

describe('a person who may not log in', () => {
  it('is told so through the application when blocked, and only with the right password', async () => {
    const person = await aPerson(service)
    const { status } = await service.api('PATCH', `users/${encodeURIComponent(person.userId)}`, { blocked: true })
    expect(status).toBe(200)
    const who = visitor()
    const form = await who.get(authorizeUrl(client))
    expect((await who.submit(form, { username: person.email, password: 'wrong' })).alert).toBe('Wrong email or password.')
    expect(answerOf(await who.submit(form, { username: person.email, password: PASSWORD }))).toEqual({
      error: 'unauthorized',
      error_description: 'user is blocked',
      state: 'some state',
    })
    expect((await events('LoginFailed')).at(-1)).toMatchObject({ data: { reason: 'blocked' }, metadata: { userId: person.userId } })
  })

  it('is nobody once deleted', async () => {
    const person = await aPerson(service)
    await service.commands.execute(new DeleteUser(person.userId, {}))
    const who = visitor()
    const page = await who.submit(await who.get(authorizeUrl(client)), { username: person.email, password: PASSWORD })
    expect([page.status, page.alert]).toEqual([400, 'Wrong email or password.'])
  })
})

describe('a form', () => {
  const forged = async (change: (who: Visitor, form: Page) => Promise<Page>): Promise<Page> => {
    const who = visitor()
    return change(who, await who.get(authorizeUrl(client)))
  }

  it('is worth nothing in another browser, without its cookie, or changed', async () => {
    const person = await aPerson(service)
    const fields = { username: person.email, password: PASSWORD }
    const elsewhere = visitor()
    await elsewhere.get(authorizeUrl(client))
    const pages = [
      await forged((_, form) => elsewhere.submit(form, fields)),
      await forged((_, form) => visitor().submit(form, fields)),
      await forged((who, form) => who.post('/u/login', { ...fields, transaction: `${hiddenFields(form)['transaction']}x` })),
      await forged((who) => who.post('/u/login', { ...fields, transaction: 'x' })),
      await forged((who) => who.post('/u/login', fields)),
    ]
    for (const page of pages) {
      expect([page.status, page.location, page.headers.getSetCookie()]).toEqual([400, undefined, []])
      expect(page.alert).toContain('invalid_request')
    }
  })

  it('is too old after an hour, and leads back to the application', async () => {
    const app = await aClient(service, { initiate_login_uri: 'https://app.example/login' })
    const who = visitor()
    const form = await who.get(authorizeUrl(app))
    const now = jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 3_600_000)
    try {
      const page = await who.submit(form, { username: 'x', password: 'x' })
      expect([page.status, page.alert]).toEqual([400, 'This page was open for too long. Please start again. invalid_request'])
      expect(page.html).toContain('href="https://app.example/login"')
    } finally {
      now.mockRestore()
    }
  })

  it('has one hour for all pages of a login', async () => {
    const who = visitor()
    const first = await who.get(authorizeUrl(client, { prompt: 'login' }))
    const start = Date.now()
    const now = jest.spyOn(Date, 'now').mockReturnValue(start + 1_800_000)
    try {
      const wrong = await who.submit(first, { username: 'nobody@example.com', password: 'x' })
      const other = await who.submit(first, { connection: DIRECTORY })
      for (const later of [wrong, other]) expect(later.html).toContain('name="password"')
      now.mockReturnValue(start + 3_600_000)
      for (const later of [wrong, other]) {
        const page = await who.submit(later, { username: 'nobody@example.com', password: 'x' })
        expect([page.status, page.alert]).toEqual([400, 'This page was open for too long. Please start again. invalid_request'])
      }
    } finally {
      now.mockRestore()
    }
  })

  it('is read as a form only, and its address shows nothing', async () => {
    const json = await fetch(`${service.url}u/login`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' })
    expect(json.status).toBe(400)
    for (const path of ['u/login', 'u/signup', 'u/consent', 'u/organization-selection', 'u/organization-picker']) {
      const page = await visitor().get(path)
      expect([page.status, page.headers.get('allow')]).toEqual([405, 'POST'])
    }
  })

  it('gets what the settings say when it is sent, not when it was shown', async () => {
    const app = await aClient(service)
    const who = visitor()
    const form = await who.get(authorizeUrl(app))
    const { status } = await service.api('PATCH', `clients/${app.client_id}`, { callbacks: ['https://other.example/cb'] })
    expect(status).toBe(200)
    const person = await aPerson(service)
    // Within the second that settings are cached for.
    await eventually(async () => (await who.submit(form, { username: person.email, password: PASSWORD })).status === 403)
  })
})

describe('consent', () => {
  it('is asked for a client of somebody else, and may be declined', async () => {
    const directory = await service.queries.execute(new FindConnection(DIRECTORY))
    expect((await service.api('PATCH', `connections/${directory!.id}`, { is_domain_connection: true })).status).toBe(200)
    const app = await aClient(service, { is_first_party: false })
    const person = await aPerson(service)
    const pkce = { code_challenge: 'x'.repeat(43), code_challenge_method: 'S256' }
    expect(answerOf(await visitor().get(authorizeUrl(app)))).toMatchObject({ error: 'invalid_request' })
    const who = visitor()
    const asked = await who.submit(await who.get(authorizeUrl(app, pkce)), { username: person.email, password: PASSWORD })
    expect(asked.html).toContain('<button type="submit" name="action" value="accept">')
    expect(asked.html).toContain('See your email address')
    expect(answerOf(await who.submit(asked, { action: 'deny' }))).toEqual({
      error: 'access_denied',
      error_description: 'User did not authorize the request',
      state: 'some state',
    })
    expect(answerOf(await who.submit(asked, { action: 'accept' }))).toMatchObject({ code: expect.any(String) })
    expect(answerOf(await who.get(authorizeUrl(app, { ...pkce, prompt: 'none' })))).toMatchObject({ code: expect.any(String) })
    expect(answerOf(await who.get(authorizeUrl(app, { ...pkce, prompt: 'none', scope: 'openid profile email phone' })))).toMatchObject({
      error: 'consent_required',
      error_description: 'Consent required',
    })
  })

  it('of one session is not given by another, nor by a form that asked for no consent', async () => {
    const first = await aPerson(service)
    const second = await aPerson(service)
    const who = visitor()
    const login = await who.get(authorizeUrl(client, { prompt: 'consent' }))
    const asked = await who.submit(login, { username: first.email, password: PASSWORD })
    await who.submit(login, { username: second.email, password: PASSWORD })
    expect((await who.submit(asked, { action: 'accept' })).html).toContain('name="username"')
    expect((await who.post('/u/consent', { ...hiddenFields(login), action: 'accept' })).status).toBe(400)
  })
})

describe('an authorization code', () => {
  const codeFor = async (parameters: Record<string, string> = {}): Promise<string> => {
    const person = await aPerson(service)
    const who = visitor()
    return answerOf(await who.submit(await who.get(authorizeUrl(client, parameters)), { username: person.email, password: PASSWORD }))['code']!
  }

  it('is redeemed by one of many at once', async () => {
    const code = await codeFor()
    const tries = Array.from({ length: 8 }, (_, n) =>
      service.commands.execute(new RedeemAuthorizationCode({ code, clientId: client.client_id, redirectUri: CALLBACK, familyId: `f${n}` }, {})),
    )
    const outcomes = await Promise.all(tries)
    const winner = outcomes.findIndex(({ kind }) => kind === 'redeemed')
    expect(outcomes.filter(({ kind }) => kind === 'redeemed')).toHaveLength(1)
    const losers = outcomes.filter((_, n) => n !== winner)
    for (const loser of losers) expect(loser).toMatchObject({ kind: 'refused', error: 'invalid_grant', replayed: { familyId: `f${winner}` } })
    expect((await events('AuthorizationCodeReplayed')).filter(({ data }) => data['familyId'] === `f${winner}`)).toHaveLength(1)
  })

  it('stands nowhere in clear', async () => {
    const code = await codeFor()
    const { rows } = await service.pool.query(`select count(*)::int as n from events where data::text like $1 or stream_id like $1`, [`%${code}%`])
    expect(rows[0].n).toBe(0)
  })
})
