import { randomUUID } from 'node:crypto'
import pg from 'pg'
import type { ClientDocument } from '../../src/authorization/index.js'
import { EndOverdueInvitations } from '../../src/users/index.js'
import { type Json, startApp, type TestApp } from '../support/app.js'
import { ActionsScene } from '../support/actions.js'
import { eventually } from '../support/eventually.js'
import { PKCE, redeemCode } from '../support/logins.js'
import { claimsOf } from '../support/oauth.js'
import { aClient, aPerson, authorizeUrl, DIRECTORY, PASSWORD } from '../support/people.js'
import { recorded } from '../support/recorded.js'
import { answerOf, type Page, Visitor } from '../support/visitor.js'

const GONE = { error: 'invalid_request', error_description: 'invitation not found or already used', state: 'some state' }
const NOT_THEIRS = { error: 'access_denied', error_description: 'the specified account is not allowed to accept the current invitation', state: 'some state' }

let service: TestApp
let client: ClientDocument
let directory: string
beforeAll(async () => {
  service = await startApp()
  client = await aClient(service, { organization_usage: 'require', initiate_login_uri: 'https://app.example/login' })
  directory = (await api('GET', `connections?name=${DIRECTORY}`)).body[0].id
  await api('PATCH', `connections/${directory}/clients`, [{ client_id: client.client_id, status: true }])
})
afterAll(() => service.close())

interface Invited {
  readonly id: string
  readonly organization: string
  readonly email: string
  /** What the application makes of the link. */
  readonly asked: Readonly<Record<string, string>>
}

const api = (method: string, path: string, body?: unknown): Promise<{ status: number; body: Json }> => service.api(method, path, body)
const organizationOf = async (connection: object = {}): Promise<string> =>
  (await api('POST', 'organizations', { name: randomUUID(), enabled_connections: [{ connection_id: directory, ...connection }] })).body.id

/** Somebody invited by the operator; the application passes on what stands in the link. */
async function invite(email = `${randomUUID()}@example.com`, more: object = {}, organization?: string): Promise<Invited> {
  const of = organization ?? (await organizationOf())
  const body = { inviter: { name: 'Ada' }, invitee: { email }, client_id: client.client_id, ...more }
  const made = (await api('POST', `organizations/${of}/invitations`, body)).body
  const { searchParams } = new URL(made.invitation_url)
  const asked = { invitation: searchParams.get('invitation')!, organization: searchParams.get('organization')! }
  return { id: made.id, organization: of, email, asked }
}
const ask = (parameters: Readonly<Record<string, string>>, of = client): string => authorizeUrl(of, { ...PKCE, ...parameters })
const follow = ({ asked }: Invited, who = new Visitor(service.url), more: Record<string, string> = {}): Promise<Page> => who.get(ask({ ...asked, ...more }))
const isSignUp = ({ html }: Page): boolean => html.includes('autocomplete="new-password"')
const showsAddress = ({ html }: Page, email: string): boolean => html.includes(`value="${email}"`)

/** As whoever is invited does it, on the page that comes. */
async function accept(invited: Invited, who = new Visitor(service.url), email = invited.email): Promise<Page> {
  const page = await follow(invited, who)
  return who.submit(page, { [isSignUp(page) ? 'email' : 'username']: email, password: PASSWORD, action: 'default' })
}
const organizationIn = async (page: Page): Promise<unknown> =>
  (claimsOf((await redeemCode(service, client, answerOf(page)['code']!)).body.id_token) as Json).org_id
const userBy = async (email: string): Promise<Json> => (await api('GET', `users-by-email?email=${email}`)).body[0]
const membersOf = async ({ organization }: Invited): Promise<string[]> =>
  (await api('GET', `organizations/${organization}/members`)).body.map(({ user_id }: Json) => user_id)
const openOnes = async ({ organization }: Invited): Promise<string[]> =>
  (await api('GET', `organizations/${organization}/invitations`)).body.map(({ id }: Json) => id)
const events = async (type: string, { organization }: Invited): Promise<Json[]> =>
  (await recorded(service, type)).filter(({ metadata }) => metadata['organizationId'] === organization)
const logs = (type: string, { organization }: Invited): Promise<Json[]> =>
  eventually(async () => {
    const { body } = await api('GET', `logs?q=type:${type}%20AND%20organization_id:${organization}`)
    return body.length > 0 && body
  })

describe('somebody new who follows the link', () => {
  it('signs up as the address that is invited, and is a member with what the invitation brings; then it is used up', async () => {
    const role = (await api('POST', 'roles', { name: 'Gardener' })).body.id
    const invited = await invite(undefined, { roles: [role], user_metadata: { lang: 'de' }, app_metadata: { plan: 'gold' } })
    const who = new Visitor(service.url)
    const page = await follow(invited, who)
    expect([isSignUp(page), showsAddress(page, invited.email)]).toEqual([true, true])
    const other = await who.submit(page, { email: 'somebody.else@example.com', password: PASSWORD, action: 'default' })
    expect(other).toMatchObject({ status: 400, alert: 'This invitation is for another email address.' })
    const answer = await who.submit(page, { email: invited.email.toUpperCase(), password: PASSWORD, action: 'default' })
    expect(await organizationIn(answer)).toBe(invited.organization)

    const user = await userBy(invited.email)
    expect(user).toMatchObject({ email_verified: true, user_metadata: { lang: 'de' }, app_metadata: { plan: 'gold' } })
    expect(await membersOf(invited)).toEqual([user.user_id])
    const roles = (await api('GET', `organizations/${invited.organization}/members/${encodeURIComponent(user.user_id)}/roles`)).body
    expect(roles).toMatchObject([{ id: role }])
    expect(await openOnes(invited)).toEqual([])
    for (const again of [who, new Visitor(service.url)]) expect(answerOf(await follow(invited, again))).toEqual(GONE)

    const invitation = { id: invited.id, organization_id: invited.organization }
    expect(await logs('si', invited)).toMatchObject([{ user_id: user.user_id, client_id: client.client_id, details: { invitation } }])
    expect(await logs('organization_member_added', invited)).toMatchObject([{ user_id: user.user_id, details: { reason: 'invitation' } }])
    await eventually(async () => (await events('InvitationEnded', invited)).length > 0)
    expect(await events('InvitationEnded', invited)).toMatchObject([{ data: { reason: 'accepted' } }])
    await eventually(async () => (await service.pool.query('select from person_keys where person_id = $1', [`invitation-${invited.id}`])).rowCount === 0)
  })

  it('does so where sign-up is closed to everybody else, but not where it is closed altogether', async () => {
    const connection = { name: `closed-${randomUUID()}`, strategy: 'auth0', enabled_clients: [client.client_id], options: { disable_signup: true } }
    const connection_id = (await api('POST', 'connections', connection)).body.id
    const withConnection = async (more: object): Promise<Invited> => {
      const { id } = (await api('POST', 'organizations', { name: randomUUID(), enabled_connections: [{ connection_id, ...more }] })).body
      return invite(undefined, {}, id)
    }
    const open = await withConnection({ is_signup_enabled: true })
    expect(isSignUp(await new Visitor(service.url).get(ask({ organization: open.organization, screen_hint: 'signup' })))).toBe(false)
    expect(answerOf(await accept(open))).toHaveProperty('code')
    expect(isSignUp(await follow(await withConnection({}), undefined, { screen_hint: 'signup' }))).toBe(false)
  })

  it('has shown nothing of their address where the link did not go there', async () => {
    const invited = await invite(undefined, { send_invitation_email: false })
    expect(answerOf(await accept(invited))).toHaveProperty('code')
    expect((await userBy(invited.email)).email_verified).toBe(false)
  })
})

describe('somebody known who follows the link', () => {
  it('logs in, joins, and keeps what they had', async () => {
    const person = await aPerson(service)
    const path = `users/${encodeURIComponent(person.userId)}`
    await api('PATCH', path, { user_metadata: { lang: 'en', theme: 'dark' } })
    const invited = await invite(person.email, { user_metadata: { lang: 'de' } })
    const page = await follow(invited)
    expect([isSignUp(page), showsAddress(page, person.email)]).toEqual([false, true])
    expect(await organizationIn(await accept(invited))).toBe(invited.organization)
    expect((await api('GET', path)).body.user_metadata).toEqual({ lang: 'de', theme: 'dark' })
    expect((await api('GET', `users?search_engine=v3&q=user_metadata.lang:de`)).body.map(({ user_id }: Json) => user_id)).toContain(person.userId)
    expect(await membersOf(invited)).toEqual([person.userId])
  })

  it('joins at once with a session of their own, but never unseen', async () => {
    const person = await aPerson(service)
    const [first, second] = [await invite(person.email), await invite(person.email)]
    const who = new Visitor(service.url)
    await accept(first, who)
    expect(answerOf(await follow(second, who, { prompt: 'none' }))).toMatchObject({ error: 'interaction_required' })
    expect(await membersOf(second)).toEqual([])
    expect(await organizationIn(await follow(second, who))).toBe(second.organization)
    expect(await membersOf(second)).toEqual([person.userId])
  })

  it('gets the roles that they do not have yet where they are a member already', async () => {
    const person = await aPerson(service)
    const roles = await Promise.all(['Cook', 'Waiter'].map(async (name) => (await api('POST', 'roles', { name })).body.id))
    const invited = await invite(person.email, { roles })
    const at = `organizations/${invited.organization}/members`
    await api('POST', at, { members: [person.userId] })
    await api('POST', `${at}/${encodeURIComponent(person.userId)}/roles`, { roles: [roles[0]] })
    await accept(invited)
    expect((await api('GET', `${at}/${encodeURIComponent(person.userId)}/roles`)).body.map(({ id }: Json) => id)).toEqual(roles)
    expect(await events('OrganizationInvitationAccepted', invited)).toHaveLength(1)
  })

  it('comes through the connection that the invitation names, and no other', async () => {
    const person = await aPerson(service)
    const other = (await api('POST', 'connections', { name: `other-${randomUUID()}`, strategy: 'auth0', enabled_clients: [client.client_id] })).body.id
    const organization = await organizationOf()
    await api('POST', `organizations/${organization}/enabled_connections`, { connection_id: other })
    const invited = await invite(person.email, { connection_id: other }, organization)
    const who = new Visitor(service.url)
    const page = await follow(invited, who, { screen_hint: 'login' })
    const answer = await who.submit(page, { username: person.email, password: PASSWORD, action: 'default' })
    expect(answer).toMatchObject({ status: 400, alert: 'Wrong email or password.' })
    expect(answerOf(await accept(invited))).toHaveProperty('code')
    expect(await membersOf(invited)).not.toContain(person.userId)
  })
})

describe('an invitation', () => {
  it('is nothing for anybody else, and stays for whom it is', async () => {
    const [person, stranger] = [await aPerson(service), await aPerson(service)]
    const invited = await invite(person.email)
    const who = new Visitor(service.url)
    expect(answerOf(await accept(invited, who, stranger.email))).toEqual(NOT_THEIRS)
    expect(await membersOf(invited)).toEqual([])
    expect(await logs('fi', invited)).toMatchObject([{ user_id: stranger.userId, details: { invitation: { id: invited.id } } }])
    // With the stranger's session the page asks for the invited person, and silently for nobody.
    await accept(await invite(stranger.email), who)
    expect(showsAddress(await follow(invited, who), person.email)).toBe(true)
    expect(answerOf(await follow(invited, who, { prompt: 'none' }))).toMatchObject({ error: 'login_required' })
    expect(await organizationIn(await accept(invited, who))).toBe(invited.organization)
  })

  it('is refused when it is unknown, overdue, deleted, or for another organization or application', async () => {
    const [invited, deleted, overdue] = [await invite(), await invite(), await invite()]
    const { invitation, organization } = invited.asked as { invitation: string; organization: string }
    await api('DELETE', `organizations/${deleted.organization}/invitations/${deleted.id}`)
    await service.pool.query('update organization_invitations set expires_at = now() where id = $1', [overdue.id])
    const another = await aClient(service, { organization_usage: 'allow' })
    for (const url of [
      ask({ organization, invitation: 'x'.repeat(32) }),
      ask({ organization, invitation: `${invitation}'"<b>` }),
      ask({ organization: await organizationOf(), invitation }),
      ask({ organization, invitation }, another),
      ask({ invitation }, another),
      ask(deleted.asked),
      ask(overdue.asked),
    ]) {
      for (const prompt of ['', '&prompt=none']) expect(answerOf(await new Visitor(service.url).get(url + prompt))).toEqual(GONE)
    }
    await service.commands.execute(new EndOverdueInvitations())
    expect(await events('InvitationEnded', overdue)).toMatchObject([{ data: { reason: 'expired' } }])
    expect(answerOf(await accept(invited))).toHaveProperty('code')
    await service.pool.query('update organization_invitations set expires_at = now() where id = $1', [invited.id])
    await service.commands.execute(new EndOverdueInvitations())
    expect((await service.pool.query('select from organization_invitations where id = any($1)', [[invited.id, overdue.id]])).rowCount).toBe(0)
  })

  it('that ends while its page is open is refused there', async () => {
    const person = await aPerson(service)
    const invited = await invite(person.email)
    const who = new Visitor(service.url)
    const page = await follow(invited, who)
    await api('DELETE', `organizations/${invited.organization}/invitations/${invited.id}`)
    expect(answerOf(await who.submit(page, { username: person.email, password: PASSWORD, action: 'default' }))).toEqual(GONE)
    expect(await membersOf(invited)).toEqual([])
  })

  it('is accepted once by whoever does it several times at once, and each gets an answer', async () => {
    const person = await aPerson(service)
    const invited = await invite(person.email, { user_metadata: { n: 1 } })
    const answers = await Promise.all([1, 2, 3, 4].map(() => accept(invited)))
    for (const answer of answers) expect([answerOf(answer)['code'] !== undefined, answerOf(answer)['error_description']]).not.toEqual([false, undefined])
    expect(answers.some((answer) => answerOf(answer)['code'] !== undefined)).toBe(true)
    for (const type of ['OrganizationInvitationAccepted', 'OrganizationMemberAdded']) expect(await events(type, invited)).toHaveLength(1)
    expect(await membersOf(invited)).toEqual([person.userId])
  })

  it('is accepted by one of two people with the address, when both try at once', async () => {
    const { email } = await aPerson(service)
    const name = `second-${randomUUID()}`
    const second = (await api('POST', 'connections', { name, strategy: 'auth0', enabled_clients: [client.client_id] })).body.id
    await api('POST', 'users', { connection: name, email, password: PASSWORD })
    const organization = await organizationOf()
    await api('POST', `organizations/${organization}/enabled_connections`, { connection_id: second })
    const invited = await invite(email, {}, organization)
    const through = async (connection: string): Promise<Page> => {
      const who = new Visitor(service.url)
      return who.submit(await follow(invited, who, { connection }), { username: email, password: PASSWORD, action: 'default' })
    }
    const answers = (await Promise.all([through(DIRECTORY), through(name)])).map((page) => answerOf(page))
    expect(answers.filter(({ code }) => code !== undefined)).toHaveLength(1)
    expect(answers.filter(({ error }) => error !== undefined)).toEqual([GONE])
    expect(await membersOf(invited)).toHaveLength(1)
  })

  it('goes on in the login that used it: when its answer was lost, and on the pages that come after', async () => {
    const person = await aPerson(service)
    const invited = await invite(person.email)
    const who = new Visitor(service.url)
    const page = await follow(invited, who, { prompt: 'consent' })
    const fields = { username: person.email, password: PASSWORD, action: 'default' }
    await who.submit(page, fields)
    who.cookies.delete('session')
    const consent = await who.submit(page, fields)
    expect(consent.html).toContain('value="accept"')
    expect(await organizationIn(await who.submit(consent, { action: 'accept' }))).toBe(invited.organization)
    expect(await events('OrganizationInvitationAccepted', invited)).toHaveLength(1)
    await api('DELETE', `organizations/${invited.organization}/members`, { members: [person.userId] })
    const notPart = `user ${person.userId} is not part of the ${invited.organization} organization`
    expect(answerOf(await who.submit(page, fields))).toMatchObject({ error: 'access_denied', error_description: notPart })
  })

  it('goes on when an Action sent its browser elsewhere meanwhile', async () => {
    const person = await aPerson(service)
    const invited = await invite(person.email)
    const actions = new ActionsScene(service)
    await actions.use(`
      exports.onExecutePostLogin = async (event, api) => api.redirect.sendUserTo('https://terms.example/')
      exports.onContinuePostLogin = async (event, api) => api.idToken.setCustomClaim('https://x.example/in', event.organization.id)`)
    try {
      const who = new Visitor(service.url)
      const { location } = await accept(invited, who)
      expect(location!.origin).toBe('https://terms.example')
      expect(await organizationIn(await who.get(`/continue?state=${location!.searchParams.get('state')!}`))).toBe(invited.organization)
    } finally {
      await actions.bind('post-login')
    }
  })

  it('is accepted whole or not at all when the database connection dies over it', async () => {
    const person = await aPerson(service)
    const invited = await invite(person.email)
    // The app's own role sees nothing of other connections.
    const owner = new pg.Client(service.config.databaseUrl)
    await owner.connect()
    const holder = await service.pool.connect()
    try {
      await holder.query('begin')
      await holder.query('select from organization_invitations where id = $1 for update', [invited.id])
      const answer = accept(invited)
      await eventually(async () => (await owner.query(WAITING)).rowCount === 1)
      expect([await membersOf(invited), await openOnes(invited)]).toEqual([[], [invited.id]])
      await owner.query(`select pg_terminate_backend(pid) from (${WAITING}) as waiting`)
      await holder.query('rollback')
      expect(await organizationIn(await answer)).toBe(invited.organization)
    } finally {
      holder.release()
      await owner.end()
    }
    for (const type of ['OrganizationInvitationAccepted', 'OrganizationMemberAdded']) expect(await events(type, invited)).toHaveLength(1)
  })
})

const WAITING = `
  select pid from pg_stat_activity
  where datname = current_database() and wait_event_type = 'Lock' and query like 'update organization_invitations set accepted_by%'`
