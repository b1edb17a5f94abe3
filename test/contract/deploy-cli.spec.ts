import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { jest } from '@jest/globals'
import { tlsFiles } from '../../src/processes/local-authority.js'
import { ActionsScene } from '../support/actions.js'
import { type Json, MANAGEMENT_CLIENT, startApp, type TestApp } from '../support/app.js'
import { DeployCli, filesOf } from '../support/deploy-cli.js'
import { fetchTrusting } from '../support/https.js'
import { temporaryFolder } from '../support/service.js'

jest.setTimeout(300_000)

const AUDIENCE = 'https://orders.example.com/'
let folder: string
let [from, to]: TestApp[] = []
let [source, target]: DeployCli[] = []
beforeAll(async () => {
  folder = temporaryFolder()
  const tls = (await tlsFiles({ tls: 'auto', dataDir: folder, issuer: 'https://localhost/' }))!
  const trusting = fetchTrusting(readFileSync(tls.authority!))
  ;[from, to] = [await startApp({}, tls, undefined, trusting), await startApp({}, tls, undefined, trusting)]
  ;[source, target] = [from, to].map(
    ({ url }) =>
      new DeployCli({ domain: new URL(url).host, clientId: MANAGEMENT_CLIENT.id, clientSecret: MANAGEMENT_CLIENT.secret, authority: tls.authority! }),
  )
})
afterAll(async () => {
  await from!.close()
  await to!.close()
  rmSync(folder, { recursive: true })
})

const make = async (service: TestApp, at: string, body: object, method = 'POST'): Promise<Json> => {
  const { status, body: made } = await service.api(method, at, body)
  if (status >= 300) throw new Error(`${method} ${at}: ${status} ${JSON.stringify(made)}`)
  return made
}

/** One of everything that a tenant has. */
async function furnish(service: TestApp): Promise<void> {
  await make(service, 'tenants/settings', { friendly_name: 'Orders', session_lifetime: 100, flags: { revoke_refresh_token_grant: true } }, 'PATCH')
  await make(service, 'branding', { colors: { primary: '#0b6b4b', page_background: '#ffffff' } }, 'PATCH')
  await make(service, 'prompts', { identifier_first: true }, 'PATCH')
  await make(service, 'attack-protection/brute-force-protection', { max_attempts: 7, allowlist: ['192.0.2.1'] }, 'PATCH')
  const scopes = [{ value: 'read:orders', description: 'Reads' }, { value: 'write:orders' }]
  await make(service, 'resource-servers', { identifier: AUDIENCE, name: 'Orders', scopes, allow_offline_access: true, token_lifetime: 3600 })
  const refresh_token = { rotation_type: 'rotating', expiration_type: 'expiring', leeway: 3, token_lifetime: 86_400, idle_token_lifetime: 3600 }
  const shop = { name: 'Shop', app_type: 'spa', token_endpoint_auth_method: 'none', callbacks: ['https://shop.example/cb'], refresh_token }
  const { client_id: shopId } = await make(service, 'clients', shop)
  const { client_id: robotId } = await make(service, 'clients', { name: 'Robot', app_type: 'non_interactive', client_metadata: { team: 'a' } })
  await make(service, 'client-grants', { client_id: robotId, audience: AUDIENCE, scope: ['read:orders'] })
  const [database] = (await service.api('GET', 'connections?name=Username-Password-Authentication')).body
  await make(service, `connections/${database.id}/clients`, [{ client_id: shopId, status: true }], 'PATCH')
  // The tool adds it to each database that it writes.
  const options = { ...database.options, disable_self_service_change_password: false }
  await make(service, `connections/${database.id}`, { options }, 'PATCH')
  const oidc = {
    type: 'back_channel',
    client_id: 'us',
    client_secret: 'theirs-and-ours',
    discovery_url: 'https://idp.example/.well-known/openid-configuration',
  }
  await make(service, 'connections', { name: 'partner', strategy: 'oidc', display_name: 'Partner', options: oidc, enabled_clients: [shopId] })
  const role = await make(service, 'roles', { name: 'Clerk', description: 'Reads orders' })
  await make(service, `roles/${role.id}/permissions`, { permissions: [{ resource_server_identifier: AUDIENCE, permission_name: 'read:orders' }] })
  const actions = new ActionsScene(service)
  const claims = await actions.deployed(`api.accessToken.setCustomClaim('https://orders.example/plan', event.secrets.PLAN)`, {
    name: 'add-claims',
    secrets: [{ name: 'PLAN', value: 'gold' }],
  })
  await actions.bind('post-login', claims, await actions.deployed('api.idToken.setCustomClaim("https://orders.example/seen", true)', { name: 'second' }))
  const organization = await make(service, 'organizations', { name: 'acme', display_name: 'Acme', metadata: { tier: 'a' } })
  await make(service, `organizations/${organization.id}/enabled_connections`, { connection_id: database.id, assign_membership_on_login: true })
}

function write(at: string, file: string, files: Record<string, string>, from: string, to: string): void {
  expect(files[file]).toContain(from)
  writeFileSync(path.join(at, file), files[file]!.replace(from, to))
}

/** The order of members says nothing. */
const meaning = (files: Record<string, string>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(files).map(([file, text]) => [file, file.endsWith('.json') ? JSON.parse(text) : text]))

/** Events that are about something done, and no change of the tenant: requests and their tokens. */
const REQUESTS = ['ManagementRequestSucceeded', 'ManagementRequestFailed', 'SecretRead', 'ClientTokenIssued']
/** What the tool does at every import: it deploys each action again, and takes each role's permissions and gives them back. */
const BY_HABIT = ['ActionRedeployed', 'RolePermissionsRemoved', 'RolePermissionsAdded']

const changes = async ({ pool }: TestApp): Promise<{ type: string; data: unknown }[]> => {
  const { rows } = await pool.query<{ type: string; data: unknown }>(`select type, data from events where not type = any($1) order by sequence`, [REQUESTS])
  return rows
}

it('X9: a whole tenant is exported, imported elsewhere and exported again the same; a second import changes nothing', async () => {
  await furnish(from!)
  const [first, second] = [path.join(folder, 'first'), path.join(folder, 'second')]
  expect(await source!.export(first)).toMatchObject({ code: 0 })
  const exported = filesOf(first)
  expect(Object.keys(exported)).toEqual(expect.arrayContaining(['tenant.json', 'clients/Shop.json', 'roles/Clerk.json', 'actions/add-claims/code.js']))

  expect(JSON.parse(exported['actions/add-claims.json']!)).toMatchObject({ name: 'add-claims', deployed: true })
  expect(JSON.parse(exported['triggers/triggers.json']!)).toMatchObject({ 'post-login': [{ action_name: 'add-claims' }, { action_name: 'second' }] })

  // Values of secrets stay where they are: whoever imports elsewhere brings them.
  write(first, 'actions/add-claims.json', exported, '"name": "PLAN"', '"name": "PLAN", "value": "gold"')
  write(first, 'connections/partner.json', exported, '##CONNECTIONS_OIDC_SECRET##', 'theirs-and-ours')
  const imported = await target!.import(first)
  expect(imported).toMatchObject({ code: 0 })
  const { bindings } = (await to!.api('GET', 'actions/triggers/post-login/bindings')).body
  expect(bindings).toMatchObject([{ action: { name: 'add-claims', all_changes_deployed: true } }, { action: { name: 'second' } }])
  expect(await target!.export(second)).toMatchObject({ code: 0 })
  expect(meaning(filesOf(second))).toEqual(meaning(exported))

  const before = await changes(to!)
  expect(await target!.import(second)).toMatchObject({ code: 0 })
  const after = (await changes(to!)).slice(before.length)
  expect(after.filter(({ type }) => !BY_HABIT.includes(type))).toEqual([])
  const [taken, given] = ['RolePermissionsRemoved', 'RolePermissionsAdded'].map((habit) => after.filter(({ type }) => type === habit).map(({ data }) => data))
  expect(given).toEqual(taken)
  const { body: kept } = await to!.api('GET', 'connections?name=partner')
  expect(kept).toMatchObject([{ options: { client_secret: 'theirs-and-ours' } }])
})
