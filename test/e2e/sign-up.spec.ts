import { randomUUID } from 'node:crypto'
import type { ClientDocument } from '../../src/authorization/index.js'
import { PersonKeys } from '../../src/keys/person-keys.js'
import { CreateConnection, DATABASE_OPTIONS, FindAccount } from '../../src/users/index.js'
import { startApp, type TestApp } from '../support/app.js'
import { PKCE } from '../support/logins.js'
import { recorded } from '../support/recorded.js'
import { aClient, aPerson, authorizeUrl, DIRECTORY, PASSWORD } from '../support/people.js'
import { answerOf, type Page, Visitor } from '../support/visitor.js'

let service: TestApp
let client: ClientDocument
beforeAll(async () => {
  service = await startApp()
  client = await aClient(service)
})
afterAll(() => service.close())

const open = async (parameters: Record<string, string> = {}, app = client): Promise<{ who: Visitor; page: Page }> => {
  const who = new Visitor(service.url)
  return { who, page: await who.get(authorizeUrl(app, parameters)) }
}
const follow = (who: Visitor, { html }: Page, text: string): Promise<Page> =>
  who.get(new RegExp(`<a href="([^"]+)">${text}</a>`).exec(html)![1]!.replaceAll('&amp;', '&'))
const aConnection = async (name: string, enabled: string[], options: object = {}): Promise<void> => {
  const id = `con_${name}`
  const document = {
    id,
    name,
    strategy: 'auth0',
    options: { ...DATABASE_OPTIONS, ...options },
    realms: [name],
    enabled_clients: enabled,
    is_domain_connection: false,
  }
  await service.commands.execute(new CreateConnection(document, {}))
}

describe('signing up', () => {
  it('has a page of its own, with the fields of the contract, and a way back', async () => {
    const { who, page } = await open({ screen_hint: 'signup', login_hint: 'me@example.com' })
    expect(page.html).toMatch(/<input\s+id="email"\s+name="email"[^>]*value="me@example.com"/)
    expect(page.html).toMatch(/<input\s+id="password"\s+name="password"/)
    expect(page.html).toContain('<button type="submit" name="action" value="default">')
    expect((await follow(who, page, 'Log in')).html).toContain('name="username"')
  })

  it('makes an account, logs its person in, and seals who they are', async () => {
    const { who, page } = await open({ screen_hint: 'signup' })
    const answer = await who.submit(page, { email: 'New.Person@example.com', password: PASSWORD, action: 'default' })
    expect(answerOf(answer)).toMatchObject({ code: expect.any(String), state: 'some state' })
    const [signedUp] = await recorded(service, 'UserSignedUp')
    const userId = signedUp!.metadata['userId'] as string
    expect(signedUp!.metadata).toMatchObject({ clientId: client.client_id, connection: DIRECTORY })
    const account = await service.queries.execute(new FindAccount(userId))
    expect(await service.app.get(PersonKeys).open(account!.profile.email!)).toBe('new.person@example.com')
    const again = await open()
    expect((await again.who.submit(again.page, { username: 'new.person@example.com', password: PASSWORD })).status).toBe(302)
    const { rows } = await service.pool.query(`select 1 from events where data::text || metadata::text ilike '%new.person%'`)
    expect(rows).toEqual([])
  })

  it.each([
    ['an address that is taken', undefined, PASSWORD, 'An account with this email address exists already.'],
    ['no address', 'nobody', PASSWORD, 'Please enter a valid email address.'],
    ['an address with a NUL', 'a\u0000@example.com', PASSWORD, 'Please enter a valid email address.'],
    ['a short password', 'a@example.com', 'Ab1', expect.stringContaining('at least 8 characters')],
    ['nothing', '', '', 'Please enter an email address and a password.'],
  ])('is refused for %s, on the form, and recorded', async (_, email, password, problem) => {
    const { who, page } = await open({ screen_hint: 'signup' })
    const taken = await aPerson(service)
    const refused = await who.submit(page, { email: email ?? taken.email, password })
    expect({ status: refused.status, alert: refused.alert }).toEqual({ status: 400, alert: problem })
    if (password !== '') expect((await recorded(service, 'SignupFailed')).at(-1)!.data['description']).toEqual(problem)
  })

  it('makes one account of many tries at once', async () => {
    const { who, page } = await open({ screen_hint: 'signup' })
    const tries = await Promise.all(Array.from({ length: 5 }, () => who.submit(page, { email: 'once@example.com', password: PASSWORD })))
    expect(tries.map(({ status }) => status).sort()).toEqual([302, 400, 400, 400, 400])
  })

  it('is not there where the connection has none', async () => {
    const app = await aClient(service)
    await aConnection('closed', [app.client_id], { disable_signup: true })
    const { who, page } = await open({ screen_hint: 'signup' }, app)
    expect(page.html).toContain('name="username"')
    expect(page.html).not.toContain('Sign up')
    const refused = await who.post('/u/signup', {
      transaction: /name="transaction" value="([^"]+)"/.exec(page.html)![1]!,
      email: 'x@example.com',
      password: PASSWORD,
    })
    expect(refused.location).toBeUndefined()
    expect((await recorded(service, 'SignupFailed')).at(-1)!.data['description']).toBe('Sign-up is not possible here.')
  })
})

describe('the page to sign up is one step from the login page and back', () => {
  const signsUpFrom = async (who: Visitor, login: Page): Promise<Page> => {
    const back = await follow(who, await follow(who, login, 'Sign up'), 'Log in')
    expect([back.status, back.html]).toEqual([200, expect.stringContaining('name="username"')])
    const page = await follow(who, back, 'Sign up')
    expect([page.status, page.html]).toEqual([200, expect.stringContaining('name="email"')])
    return who.submit(page, { email: `${randomUUID()}@example.com`, password: PASSWORD, action: 'default' })
  }

  it('for an application of somebody else that may not say what comes first', async () => {
    const app = await aClient(service, { is_first_party: false, third_party_security_mode: 'strict' })
    await aConnection('theirs', [app.client_id])
    const { who, page } = await open(PKCE, app)
    const consent = await signsUpFrom(who, page)
    expect(answerOf(await who.submit(consent, { action: 'accept' }))).toMatchObject({ code: expect.any(String) })
  })

  it('for somebody who wants another account than the one that is logged in', async () => {
    const { who, page } = await open()
    await who.submit(page, { username: (await aPerson(service)).email, password: PASSWORD })
    const choice = await who.get(authorizeUrl(client, { prompt: 'select_account' }))
    expect(answerOf(await signsUpFrom(who, await who.submit(choice, { action: 'other' })))).toMatchObject({ code: expect.any(String) })
  })

  it('for somebody who goes on without an organization', async () => {
    const app = await aClient(service, { organization_usage: 'allow', organization_require_behavior: 'pre_login_prompt' })
    const { who, page } = await open({}, app)
    expect(answerOf(await signsUpFrom(who, await who.submit(page, { action: 'decline' })))).toMatchObject({ code: expect.any(String) })
  })
})

describe('connections', () => {
  it('are those that the client has; others are offered by button, and have people of their own', async () => {
    const app = await aClient(service)
    await aConnection('staff', [app.client_id])
    await aConnection('guests', [app.client_id], { requires_username: true })
    const person = await aPerson(service)
    const { who, page } = await open({}, app)
    expect(page.html).toContain('<button class="other" type="submit" name="connection" value="guests" formnovalidate>')
    // Of the default directory, which this client has not.
    expect((await who.submit(page, { username: person.email, password: PASSWORD })).alert).toBe('Wrong email or password.')
    const guests = await who.submit(page, { connection: 'guests' })
    expect([guests.status, guests.html.includes('Username or email address')]).toEqual([200, true])
    expect(guests.html).toContain('name="connection" value="staff"')
    expect(answerOf(await who.submit(page, { connection: DIRECTORY }))).toMatchObject({ error: 'invalid_request' })
  })

  it('a session of which the client has not, answers it nothing', async () => {
    const app = await aClient(service)
    await aConnection('partners', [app.client_id])
    const { who, page } = await open()
    const { email } = await aPerson(service)
    expect((await who.submit(page, { username: email, password: PASSWORD })).status).toBe(302)
    expect(answerOf(await who.get(authorizeUrl(app, { prompt: 'none' })))).toMatchObject({ error: 'login_required' })
  })

  it('one that is taken from the client lets nobody in, nor who was asked for consent before', async () => {
    const app = await aClient(service)
    await aConnection('first', [app.client_id])
    await aConnection('second', [app.client_id])
    const { who, page } = await open({ prompt: 'consent', screen_hint: 'signup' }, app)
    const consent = await who.submit(page, { email: 'first@example.com', password: PASSWORD, action: 'default' })
    expect((await service.api('PATCH', 'connections/con_first/clients', [{ client_id: app.client_id, status: false }])).status).toBe(204)
    const refused = await who.submit(consent, { action: 'accept' })
    expect([refused.status, refused.html]).toEqual([200, expect.stringContaining('name="password"')])
  })
})
