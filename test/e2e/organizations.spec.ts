import type { ClientDocument } from '../../src/authorization/index.js'
import { DeleteOrganization } from '../../src/users/index.js'
import { type Json, startApp, type TestApp } from '../support/app.js'
import { ActionsScene } from '../support/actions.js'
import { eventually } from '../support/eventually.js'
import { PKCE, redeemCode } from '../support/logins.js'
import { type Answer, AUDIENCE, claimsOf, OAuthScene, ROTATING } from '../support/oauth.js'
import { aClient, aPerson, anApi, authorizeUrl, DIRECTORY, PASSWORD } from '../support/people.js'
import { recorded } from '../support/recorded.js'
import { answerOf, hiddenFields, type Page, Visitor } from '../support/visitor.js'

let service: TestApp
let scene: OAuthScene
let client: ClientDocument
let audience: string
let directory: string
beforeAll(async () => {
  service = await startApp()
  scene = new OAuthScene(service)
  audience = await anApi(service)
  client = await aClient(service, { organization_usage: 'allow', refresh_token: ROTATING })
  directory = (await api('GET', `connections?name=${DIRECTORY}`)).body[0].id
})
afterAll(() => service.close())

type Person = Awaited<ReturnType<typeof aPerson>>
const api = (method: string, path: string, body?: unknown): Promise<{ status: number; body: Json }> => service.api(method, path, body)
let made = 0
/** An organization of which these are members; its connection is the default directory. */
async function organizationOf(members: readonly Person[] = [], connection: object = {}, more: object = {}): Promise<{ id: string; name: string }> {
  const name = `org-${++made}`
  const { body } = await api('POST', 'organizations', { name, enabled_connections: [{ connection_id: directory, ...connection }], ...more })
  if (members.length > 0) await api('POST', `organizations/${body.id}/members`, { members: members.map(({ userId }) => userId) })
  return { id: body.id, name }
}
const leave = (id: string, { userId }: Person): Promise<unknown> => api('DELETE', `organizations/${id}/members`, { members: [userId] })
const join = (id: string, { userId }: Person): Promise<unknown> => api('POST', `organizations/${id}/members`, { members: [userId] })

const WANTED = { scope: 'openid offline_access read:plants', ...PKCE }
const ask = (organization: string | undefined, more: Record<string, string> = {}, of = client): string =>
  authorizeUrl(of, { ...WANTED, audience, ...(organization !== undefined && { organization }), ...more })

/** The answer of a login on the form, or at once where a session is good for it. */
async function login(organization: string | undefined, { email }: Person, who = new Visitor(service.url), more: Record<string, string> = {}): Promise<Page> {
  const page = await who.get(ask(organization, more))
  return page.location ? page : who.submit(page, { username: email, password: PASSWORD, action: 'default' })
}
const tokens = async (page: Page, of = client): Promise<Answer> => redeemCode(service, of, answerOf(page)['code']!)
const claims = (jwt: string): Json => claimsOf(jwt)
const notPartOf = ({ userId }: Person, id: string): string => `user ${userId} is not part of the ${id} organization`
const naming = (on: boolean): Promise<unknown> => api('PATCH', 'tenants/settings', { allow_organization_name_in_authentication_api: on })

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
      expect(answerOf(await login('no-such-name', person))).toMatchObject({ error_description: 'parameter organization is invalid: no-such-name' })
    } finally {
      await naming(false)
    }
  })
})

describe('who is no member any more', () => {
  it('gets nothing for a code or a refresh token; the token is good again when they come back', async () => {
    const person = await aPerson(service)
    const { id } = await organizationOf([person])
    const refused = { status: 403, body: { error: 'access_denied', error_description: notPartOf(person, id) } }
    const { refresh_token } = (await tokens(await login(id, person))).body
    const page = await login(id, person)
    await leave(id, person)
    expect(await tokens(page)).toMatchObject(refused)
    expect(await scene.refresh(client, refresh_token)).toMatchObject(refused)
    await join(id, person)
    const next = await scene.refresh(client, refresh_token)
    expect(next.status).toBe(200)
    const listed = async (): Promise<Json[]> => (await api('GET', `users/${encodeURIComponent(person.userId)}/refresh-tokens`)).body.tokens
    const [{ id: familyId }, ...others] = await listed()
    expect(others).toEqual([])
    await api('DELETE', `organizations/${id}`)
    expect(await listed()).toEqual([])
    expect((await api('GET', `refresh-tokens/${familyId}`)).status).toBe(404)
    expect(await scene.refresh(client, next.body.refresh_token)).toMatchObject({ status: 403, body: { error: 'invalid_grant' } })
    const revoked = (await recorded(service, 'RefreshTokensRevoked')).filter(({ metadata }) => metadata['organizationId'] === id)
    expect(revoked).toMatchObject([{ data: { scope: { kind: 'organization', organizationId: id }, reason: 'organization-deleted' } }])
    const logs = await eventually(async () => {
      const found = (await api('GET', `logs?q=type:srrt%20AND%20organization_id:${id}`)).body
      return found.length > 0 && found
    })
    expect(logs).toMatchObject([{ description: 'Revoked all refresh tokens of the organization' }])
  })

  it('nor when the organization is gone, whatever made it go', async () => {
    const person = await aPerson(service)
    const { id } = await organizationOf([person])
    const { refresh_token } = (await tokens(await login(id, person))).body
    await service.commands.execute(new DeleteOrganization(id, {}))
    expect((await scene.refresh(client, refresh_token)).status).toBe(403)
    const at = `users/${encodeURIComponent(person.userId)}/refresh-tokens`
    await eventually(async () => (await api('GET', at)).body.tokens.length === 0)
  })

  it('gets nothing for an online refresh token either', async () => {
    const person = await aPerson(service)
    const { id } = await organizationOf([person])
    const online = await aClient(service, { organization_usage: 'allow' })
    const plants = await anApi(service, { allow_online_access: true })
    const who = new Visitor(service.url)
    const form = await who.get(ask(id, { scope: 'openid online_access', audience: plants }, online))
    const { body } = await tokens(await who.submit(form, { username: person.email, password: PASSWORD, action: 'default' }), online)
    const other = await who.get(ask(undefined, { scope: 'openid online_access', audience: plants }, online))
    expect((await tokens(other, online)).body.refresh_token).not.toBe(body.refresh_token)
    expect(claims((await scene.refresh(online, body.refresh_token)).body.access_token).org_id).toBe(id)
    await leave(id, person)
    expect(await scene.refresh(online, body.refresh_token)).toMatchObject({ status: 403, body: { error_description: notPartOf(person, id) } })
  })
})

it('at an API that enforces permissions a member has those of their roles there, and none of their roles elsewhere', async () => {
  const person = await aPerson(service)
  const [here, there] = [await organizationOf([person]), await organizationOf([person])]
  const plants = await anApi(service, { enforce_policies: true, token_dialect: 'access_token_authz' })
  const roleWith = async (permission_name: string): Promise<string> => {
    const { id } = (await api('POST', 'roles', { name: `Role for ${permission_name} ${++made}` })).body
    await api('POST', `roles/${id}/permissions`, { permissions: [{ resource_server_identifier: plants, permission_name }] })
    return id
  }
  const user = encodeURIComponent(person.userId)
  await api('POST', `organizations/${here.id}/members/${user}/roles`, { roles: [await roleWith('read:plants')] })
  await api('POST', `users/${user}/roles`, { roles: [await roleWith('water:plants')] })
  const who = new Visitor(service.url)
  const granted = async (organization: string | undefined): Promise<string[]> => {
    const { body } = await tokens(await login(organization, person, who, { audience: plants, scope: 'openid offline_access read:plants water:plants' }))
    const next = (await scene.refresh(client, body.refresh_token)).body
    expect(claims(next.access_token).permissions).toEqual(claims(body.access_token).permissions)
    return claims(body.access_token).permissions
  }
  expect([await granted(here.id), await granted(there.id), await granted(undefined)]).toEqual([['read:plants'], [], ['water:plants']])
})

it('Actions are told of the organization and of the roles in it, at the login and at each exchange', async () => {
  const person = await aPerson(service)
  const { id, name } = await organizationOf([person], {}, { metadata: { plan: 'gold' } })
  const role = (await api('POST', 'roles', { name: 'Gardener' })).body.id
  await api('POST', `organizations/${id}/members/${encodeURIComponent(person.userId)}/roles`, { roles: [role] })
  const actions = new ActionsScene(service)
  await actions.use(`
    api.accessToken.setCustomClaim('https://x.example/organization', event.organization ?? null)
    api.accessToken.setCustomClaim('https://x.example/roles', event.authorization.roles)`)
  try {
    const told = { 'https://x.example/organization': { id, name, display_name: name, metadata: { plan: 'gold' } }, 'https://x.example/roles': ['Gardener'] }
    const who = new Visitor(service.url)
    const { body } = await tokens(await login(id, person, who))
    expect(claims(body.access_token)).toMatchObject({ org_id: id, ...told })
    expect(claims((await scene.refresh(client, body.refresh_token)).body.access_token)).toMatchObject(told)
    const inNone = claims((await tokens(await who.get(ask(undefined)))).body.access_token)
    expect([inNone['https://x.example/organization'], inNone['https://x.example/roles']]).toEqual([null, []])
  } finally {
    await actions.bind('post-login')
  }
})

it('a client acts for an organization as far as its grant goes', async () => {
  await scene.api()
  const machine = await scene.client()
  const [given, other] = [await organizationOf(), await organizationOf()]
  const token = (of: ClientDocument, organization?: string): Promise<Answer> =>
    scene.token(of, { grant_type: 'client_credentials', audience: AUDIENCE, ...(organization !== undefined && { organization }) })
  const grant = (await api('POST', 'client-grants', { client_id: machine.client_id, audience: AUDIENCE, scope: ['read:orders'] })).body
  const refused = (error_description: string): object => ({ status: 400, body: { error: 'invalid_request', error_description } })
  expect(await token(machine, given.id)).toMatchObject(refused('parameter organization is not allowed for this client'))
  await api('PATCH', `client-grants/${grant.id}`, { organization_usage: 'require' })
  expect(await token(machine)).toMatchObject(refused('parameter organization is required for this client'))
  expect(await token(machine, 'org_none\0')).toMatchObject({ status: 400 })
  expect(await token(machine, given.name)).toMatchObject(refused('authorization request parameter organization must be an organization id'))
  const notGiven = { status: 403, body: { error: 'access_denied', error_description: `Client is not authorized for the organization ${other.id}.` } }
  await api('POST', `organizations/${given.id}/client-grants`, { grant_id: grant.id })
  expect(await token(machine, other.id)).toMatchObject(notGiven)
  expect(claims((await token(machine, given.id)).body.access_token)).toMatchObject({ org_id: given.id, sub: `${machine.client_id}@clients` })
  await api('PATCH', `client-grants/${grant.id}`, { allow_any_organization: true, organization_usage: 'allow' })
  await naming(true)
  expect(claims((await token(machine, other.name)).body.access_token)).toMatchObject({ org_id: other.id, org_name: other.name })
  await naming(false)
  expect(claims((await token(machine)).body.access_token)).not.toHaveProperty('org_id')
  const default_organization = { organization_id: given.id, flows: ['client_credentials'] }
  expect((await api('PATCH', `clients/${machine.client_id}`, { default_organization })).status).toBe(200)
  await eventually(async () => claims((await token(machine)).body.access_token).org_id === given.id)
})
