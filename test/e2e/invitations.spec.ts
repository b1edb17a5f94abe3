import { randomUUID } from 'node:crypto'
import pg from 'pg'
import type { ClientDocument } from '../../src/authorization/index.js'
import { EndOverdueInvitations } from '../../src/users/index.js'
import { ActionsScene } from '../support/actions.js'
import type { TestApp } from '../support/app.js'
import { eventually } from '../support/eventually.js'
import { GONE, type InvitationStage, invitationsOn, invitationStage, showsAddress } from '../support/invited.js'
import { aClient, aPerson, DIRECTORY, PASSWORD } from '../support/people.js'
import { answerOf, type Page, Visitor } from '../support/visitor.js'

const NOT_THEIRS = { error: 'access_denied', error_description: 'the specified account is not allowed to accept the current invitation', state: 'some state' }

let stage: InvitationStage
let service: TestApp
let client: ClientDocument
beforeAll(async () => {
  stage = await invitationStage()
  ;({ service, client } = stage)
})
afterAll(() => service.close())

const { api, organizationOf, invite, ask, follow, accept, organizationIn, membersOf, openOnes, events, logs } = invitationsOn(() => stage)

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
