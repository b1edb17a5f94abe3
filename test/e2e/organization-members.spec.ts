import { DeleteOrganization } from '../../src/users/index.js'
import type { ClientDocument } from '../../src/authorization/index.js'
import { ActionsScene } from '../support/actions.js'
import type { Json, TestApp } from '../support/app.js'
import { eventually } from '../support/eventually.js'
import { type Answer, AUDIENCE, type OAuthScene } from '../support/oauth.js'
import { claims, notPartOf, organizationLogins, type OrganizationStage, organizationStage } from '../support/organization-logins.js'
import { aClient, anApi, aPerson, PASSWORD } from '../support/people.js'
import { recorded } from '../support/recorded.js'
import { Visitor } from '../support/visitor.js'

let stage: OrganizationStage
let service: TestApp
let scene: OAuthScene
let client: ClientDocument
beforeAll(async () => {
  stage = await organizationStage()
  ;({ service, scene, client } = stage)
})
afterAll(() => service.close())

let made = 0
const { api, organizationOf, leave, join, naming, ask, login, tokens } = organizationLogins(() => stage)

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
