import type { ClientDocument } from '../../src/authorization/index.js'
import type { Json, TestApp } from '../support/app.js'
import { eventually } from '../support/eventually.js'
import type { Answer, OAuthScene } from '../support/oauth.js'
import { claims, notPartOf, organizationLogins, type OrganizationStage, organizationStage } from '../support/organization-logins.js'
import { aClient, aPerson, PASSWORD } from '../support/people.js'
import { recorded } from '../support/recorded.js'
import { answerOf, hiddenFields, Visitor } from '../support/visitor.js'

let stage: OrganizationStage
let service: TestApp
let scene: OAuthScene
let client: ClientDocument
let directory: string
beforeAll(async () => {
  stage = await organizationStage()
  ;({ service, scene, client, directory } = stage)
})
afterAll(() => service.close())

const { api, organizationOf, join, naming, ask, login, tokens } = organizationLogins(() => stage)

describe('an authorization request', () => {
  it('is refused where the client, the parameter or the organization is not for it', async () => {
    const { id, name } = await organizationOf()
    const requiring = await aClient(service, { organization_usage: 'require' })
    const denying = await aClient(service)
    const off = await organizationOf([], { is_enabled: false })
    const none = (await api('POST', 'organizations', { name: 'no-connections' })).body.id
    const choosing = await aClient(service, { organization_usage: 'allow' })
    await api('POST', 'connections', { name: 'elsewhere', strategy: 'auth0', enabled_clients: [choosing.client_id] })
    await api('PATCH', `connections/${directory}/clients`, [{ client_id: choosing.client_id, status: true }])
    for (const [url, error, error_description] of [
      [ask(undefined, {}, requiring), 'invalid_request', 'parameter organization is required for this client'],
      [ask(id, {}, denying), 'invalid_request', 'parameter organization is not allowed for this client'],
      [ask(name), 'invalid_request', 'authorization request parameter organization must be an organization id'],
      [ask('org_0000000000000000'), 'invalid_request', 'parameter organization is invalid: org_0000000000000000'],
      [ask(`org_'"<b>\u{1f600}`), 'invalid_request', `parameter organization is invalid: org_'"<b>\u{1f600}`],
      [ask(id, { invitation: 'ticket' }), 'invalid_request', 'invitation not found or already used'],
      [ask(id, { connection: 'elsewhere' }, choosing), 'invalid_request', 'the connection is not enabled'],
      [ask(none), 'unauthorized_client', 'no connections enabled for the organization'],
      [ask(off.id), 'unauthorized_client', 'no connections enabled for the organization'],
    ] as const) {
      for (const prompt of [{}, { prompt: 'none' }]) {
        const page = await new Visitor(service.url).get(`${url}&${new URLSearchParams(prompt).toString()}`)
        expect(answerOf(page)).toEqual({ error, error_description, state: 'some state' })
      }
    }
    expect((await new Visitor(service.url).get(ask(id, {}, requiring))).status).toBe(200)
  })
})

it('an answer goes to the address that has the name of the organization, where one is registered', async () => {
  const person = await aPerson(service)
  const [{ id, name }, other] = [await organizationOf([person]), await organizationOf([person])]
  const tenants = await aClient(service, { organization_usage: 'allow', callbacks: ['https://{organization_name}.app.example/cb'] })
  const who = new Visitor(service.url)
  const at = (organization: string | undefined): string => ask(organization, { redirect_uri: `https://${name}.app.example/cb` }, tenants)
  const page = await who.submit(await who.get(at(id)), { username: person.email, password: PASSWORD, action: 'default' })
  expect(page.location!.host).toBe(`${name}.app.example`)
  expect(answerOf(page)).toHaveProperty('code')
  for (const url of [at(other.id), at(undefined)]) expect(await who.get(url)).toMatchObject({ status: 403, location: undefined })
})

describe('somebody who logs in to an organization', () => {
  it('gets tokens that say so, and so do their successors and the log', async () => {
    const person = await aPerson(service)
    const { id, name } = await organizationOf([person])
    const { body } = await tokens(await login(id, person))
    for (const jwt of [body.id_token, body.access_token]) {
      expect(claims(jwt).org_id).toBe(id)
      expect(claims(jwt)).not.toHaveProperty('org_name')
    }
    const next = (await scene.refresh(client, body.refresh_token, { organization: 'org_other' })).body
    expect([claims(next.id_token).org_id, claims(next.access_token).org_id]).toEqual([id, id])
    const managing = { authorization: `Bearer ${await service.managementToken(['read:refresh_tokens'])}` }
    const introspect = (token: string): Promise<Answer> => scene.form('oauth/introspect', { token }, managing)
    expect([(await introspect(next.refresh_token)).body, (await introspect(next.access_token)).body]).toMatchObject([{ org_id: id }, { org_id: id }])
    const logs = await eventually(async () => {
      const found = (await api('GET', `logs?q=organization_id:${id}%20AND%20type:(seacft%20OR%20sertft)`)).body
      return found.length === 2 && found
    })
    expect(logs.map(({ type }: Json) => type).sort()).toEqual(['seacft', 'sertft'])
    for (const row of logs) expect(row).toMatchObject({ organization_id: id, organization_name: name })
  })

  it('is refused without membership, logged in or not, and no session begins', async () => {
    const person = await aPerson(service)
    const { id } = await organizationOf()
    const who = new Visitor(service.url)
    const refused = { error: 'access_denied', error_description: notPartOf(person, id), state: 'some state' }
    expect(answerOf(await login(id, person, who))).toEqual(refused)
    expect((await who.get(ask(undefined))).status).toBe(200)
    expect(answerOf(await login(undefined, person, who))).toHaveProperty('code')
    expect(answerOf(await who.get(ask(id)))).toEqual(refused)
    expect(answerOf(await who.get(ask(id, { prompt: 'none' })))).toEqual(refused)
    await join(id, person)
    expect(claims((await tokens(await who.get(ask(id, { prompt: 'none' })))).body.id_token).org_id).toBe(id)
  })

  it('may go on to another organization of theirs with one session, each with tokens of its own', async () => {
    const person = await aPerson(service)
    const [first, second] = [await organizationOf([person]), await organizationOf([person])]
    const who = new Visitor(service.url)
    const inFirst = (await tokens(await login(first.id, person, who))).body
    const inSecond = (await tokens(await who.get(ask(second.id)))).body
    const inNone = (await tokens(await who.get(ask(undefined)))).body
    const sid = claims(inFirst.id_token).sid
    for (const [{ id_token }, org_id] of [
      [inFirst, first.id],
      [inSecond, second.id],
      [inNone, undefined],
    ] as const) {
      // prettier-ignore
      expect([claims(id_token).sid, claims(id_token).org_id]).toEqual([sid, org_id])
    }
    expect(claims((await scene.refresh(client, inFirst.refresh_token)).body.access_token).org_id).toBe(first.id)
  })

  it('becomes a member where the connection makes members, once, which is in the log', async () => {
    const person = await aPerson(service)
    const { id } = await organizationOf([], { assign_membership_on_login: true })
    const [, other] = await Promise.all([login(id, person), login(id, person)])
    expect(claims((await tokens(other)).body.id_token).org_id).toBe(id)
    const added = (await recorded(service, 'OrganizationMemberAdded')).filter(({ metadata }) => metadata['organizationId'] === id)
    expect(added).toMatchObject([{ data: { organizationId: id, reason: 'auto_membership' }, metadata: { userId: person.userId, clientId: client.client_id } }])
    const logs = await eventually(async () => {
      const found = (await api('GET', `logs?q=type:organization_member_added%20AND%20organization_id:${id}`)).body
      return found.length > 0 && found
    })
    expect(logs).toMatchObject([{ user_id: person.userId, details: { reason: 'auto_membership' } }])
  })

  it('signs up only where the organization has that open', async () => {
    const closed = await organizationOf()
    const open = await organizationOf([], { is_signup_enabled: true, assign_membership_on_login: true })
    const fields = { email: 'new-member@example.com', password: PASSWORD, action: 'default' }
    const who = new Visitor(service.url)
    const form = await who.get(ask(closed.id, { screen_hint: 'signup' }))
    expect(form.html).not.toContain('name="email"')
    const page = await who.submit(await who.get(ask(open.id, { screen_hint: 'signup' })), fields)
    expect(claims((await tokens(page)).body.id_token).org_id).toBe(open.id)
    await who.post('/u/signup', { ...hiddenFields(form), ...fields, email: 'nobody@example.com' })
    expect((await api('GET', 'users-by-email?email=nobody@example.com')).body).toEqual([])
  })

  it('names it by its name, and finds that in tokens, where the tenant wants names', async () => {
    const person = await aPerson(service)
    const { id, name } = await organizationOf([person])
    await naming(true)
    try {
      const { body } = await tokens(await login(name, person))
      const renamed = (await api('PATCH', `organizations/${id}`, { name: `${name}-new` })).body.name
      const next = (await scene.refresh(client, body.refresh_token)).body
      for (const [jwt, org_name] of [
        [body.id_token, name],
        [body.access_token, name],
        [next.access_token, renamed],
      ] as const) {
        // prettier-ignore
        expect(claims(jwt)).toMatchObject({ org_id: id, org_name })
      }
      // As somebody spells it: SDKs compare the claim with what the application sent in lower case.
      expect(claims((await tokens(await login(renamed.toUpperCase(), person))).body.id_token)).toMatchObject({ org_id: id, org_name: renamed })
      expect(answerOf(await login('no-such-name', person))).toMatchObject({ error_description: 'parameter organization is invalid: no-such-name' })
    } finally {
      await naming(false)
    }
  })
})
