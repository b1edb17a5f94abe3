import { randomUUID } from 'node:crypto'
import type { ClientDocument } from '../../src/authorization/index.js'
import type { Json, TestApp } from '../support/app.js'
import { eventually } from '../support/eventually.js'
import { GONE, type InvitationStage, type Invited, invitationsOn, invitationStage, isSignUp, showsAddress } from '../support/invited.js'
import { aPerson, PASSWORD } from '../support/people.js'
import { answerOf, Visitor } from '../support/visitor.js'

let stage: InvitationStage
let service: TestApp
let client: ClientDocument
beforeAll(async () => {
  stage = await invitationStage()
  ;({ service, client } = stage)
})
afterAll(() => service.close())

const { api, organizationOf, invite, ask, follow, accept, organizationIn, membersOf, openOnes, events, logs } = invitationsOn(() => stage)
const userBy = async (email: string): Promise<Json> => (await api('GET', `users-by-email?email=${email}`)).body[0]

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
