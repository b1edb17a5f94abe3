import { rmSync } from 'node:fs'
import { tlsFiles } from '../../src/processes/local-authority.js'
import { FindConnection } from '../../src/users/index.js'
import { type Json, MANAGEMENT_CLIENT, startApp, type TestApp } from '../support/app.js'
import { Auth0Sdk } from '../support/auth0-sdk.js'
import { OAuthScene } from '../support/oauth.js'
import { temporaryFolder } from '../support/service.js'

let folder: string
let service: TestApp
let sdk: Auth0Sdk
beforeAll(async () => {
  folder = temporaryFolder()
  const tls = await tlsFiles({ tls: 'auto', dataDir: folder, issuer: 'https://localhost/' })
  service = await startApp({}, tls)
  sdk = new Auth0Sdk({ domain: new URL(service.url).host, clientId: MANAGEMENT_CLIENT.id, clientSecret: MANAGEMENT_CLIENT.secret }, tls!.authority!)
})
afterAll(async () => {
  await sdk.close()
  await service.close()
  rmSync(folder, { recursive: true })
})

it('the npm package auth0 makes organizations, fills them, reads them page by page, and takes them away', async () => {
  const { id: connection_id } = (await service.queries.execute(new FindConnection('Username-Password-Authentication')))!
  const scene = new OAuthScene(service)
  const people = await Promise.all([1, 2, 3].map(() => scene.user()))
  const [userId] = people as [string, string, string]
  const organizations = []
  for (let n = 0; n < 5; n++) organizations.push(await sdk.call('organizations.create', { name: `org-${n}`, metadata: { n: String(n) } }))
  const [{ id }] = organizations
  expect(await sdk.call('organizations.list', { take: 2 })).toEqual(organizations)
  expect(await sdk.call('organizations.search', { q: 'name:org-*', take: 2 })).toEqual(organizations)
  expect(await sdk.call('organizations.get', id)).toEqual(organizations[0])
  expect(await sdk.call('organizations.getByName', 'org-0')).toEqual(organizations[0])
  expect(await sdk.call('organizations.update', id, { display_name: 'Zero' })).toEqual({ ...organizations[0], display_name: 'Zero' })

  await sdk.call('organizations.members.create', id, { members: people })
  expect((await sdk.call('organizations.members.list', id, { take: 2 })).map(({ user_id }: Json) => user_id)).toEqual(people)
  const role = await sdk.call('roles.create', { name: 'Clerk' })
  await sdk.call('organizations.members.roles.assign', id, userId, { roles: [role.id] })
  expect(await sdk.call('organizations.members.roles.list', id, userId)).toEqual([role])
  expect(await sdk.call('users.organizations.list', userId)).toMatchObject([{ id }])
  await sdk.call('organizations.members.roles.delete', id, userId, { roles: [role.id] })
  expect(await sdk.call('organizations.members.roles.list', id, userId)).toEqual([])
  await sdk.call('organizations.members.delete', id, { members: people.slice(1) })
  expect(await sdk.call('organizations.members.list', id)).toMatchObject([{ user_id: userId }])

  const connection = { name: 'Username-Password-Authentication', strategy: 'auth0' }
  expect(await sdk.call('organizations.enabledConnections.add', id, { connection_id })).toMatchObject({ connection_id, connection })
  await sdk.call('organizations.enabledConnections.update', id, connection_id, { assign_membership_on_login: true })
  expect(await sdk.call('organizations.enabledConnections.list', id)).toMatchObject([{ connection_id, assign_membership_on_login: true }])
  expect(await sdk.call('organizations.connections.list', id)).toMatchObject([{ connection_id, is_enabled: true }])
  await sdk.call('organizations.enabledConnections.delete', id, connection_id)
  for (const list of ['enabledConnections', 'connections', 'clientGrants', 'clients', 'discoveryDomains', 'invitations']) {
    expect([list, await sdk.call(`organizations.${list}.list`, id)]).toEqual([list, []])
  }

  await scene.api()
  const client = await scene.client()
  const grant = await sdk.call('clientGrants.create', { client_id: client.client_id, audience: 'https://orders.example.com/', scope: [] })
  await sdk.call('organizations.clientGrants.create', id, { grant_id: grant.id })
  expect(await sdk.call('organizations.clientGrants.list', id)).toEqual([grant])
  expect(await sdk.call('clientGrants.organizations.list', grant.id)).toMatchObject([{ id }])
  await sdk.call('organizations.clientGrants.delete', id, grant.id)

  const app = await sdk.call('clients.create', { name: 'App', organization_usage: 'allow', initiate_login_uri: 'https://app.example/login' })
  const [inviter, invitee] = [{ name: 'Ada' }, { email: 'grace@example.com' }]
  const invitation = await sdk.call('organizations.invitations.create', id, { inviter, invitee, client_id: app.client_id })
  expect(invitation).toMatchObject({ organization_id: id, inviter, invitee, client_id: app.client_id })
  expect(invitation.invitation_url).toBe(`https://app.example/login?invitation=${invitation.ticket_id}&organization=${id}&organization_name=org-0`)
  const another = await sdk.call('organizations.invitations.create', id, { inviter, invitee, client_id: app.client_id, send_invitation_email: false })
  expect(await sdk.call('organizations.invitations.list', id, { per_page: 1 })).toEqual([another, invitation])
  expect(await sdk.call('organizations.invitations.get', id, invitation.id)).toEqual(invitation)
  expect(await sdk.call('organizations.invitations.get', id, invitation.id, { fields: 'id' })).toEqual({ id: invitation.id })
  await sdk.call('organizations.invitations.delete', id, invitation.id)
  const gone = await sdk.call('organizations.invitations.get', id, invitation.id).catch(({ statusCode, body }: Json) => ({ statusCode, body }))
  expect(gone).toMatchObject({ statusCode: 404, body: { message: 'The invitation does not exist.', errorCode: 'inexistent_invitation' } })

  await sdk.call('organizations.delete', id)
  const missing = await sdk.call('organizations.get', id).catch(({ statusCode, body }: Json) => ({ statusCode, body }))
  expect(missing).toMatchObject({ statusCode: 404, body: { message: 'No organization found by that id or name' } })
})
