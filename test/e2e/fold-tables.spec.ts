import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { foldDatabase } from '../../src/cli/fold.js'
import { migrate } from '../../src/database/migrate.js'
import { createOwnerClient } from '../../src/database/pool.js'
import { deciders } from '../../src/deciders.js'
import { keptTables } from '../../src/kept-tables.js'
import { SettleConsent } from '../../src/authorization/commands/settle-consent.js'
import { ActionsScene } from '../support/actions.js'
import { type Json, startApp, type TestApp } from '../support/app.js'
import { freshDatabase } from '../support/database.js'
import { OAuthScene, ROTATING } from '../support/oauth.js'

/* Whoever owns the database changes what requests are decided by, and no event. */

const SPLUNK = { splunkDomain: 'splunk.example.com', splunkPort: '8088', splunkToken: 'secret', splunkSecure: true }

let service: TestApp
let owner: pg.Client
let made: { client: Json; api: Json; grant: Json; connection: Json; organization: Json; role: Json; action: Json; logStream: Json; userId: string }
beforeAll(async () => {
  service = await startApp()
  owner = createOwnerClient(service.config.databaseUrl)
  await owner.connect()
  const post = async (path: string, body: object): Promise<Json> => (await service.api('POST', path, body)).body
  const scene = new OAuthScene(service)
  const userId = await scene.user()
  const client = await scene.client({ refresh_token: ROTATING })
  const api = await post('resource-servers', { identifier: 'https://kept', scopes: [{ value: 'read:x' }] })
  const grant = await post('client-grants', { client_id: client.client_id, audience: api.identifier, scope: ['read:x'] })
  const [connection] = (await service.api('GET', 'connections')).body
  const organization = await post('organizations', { name: 'kept' })
  const role = await post('roles', { name: 'kept' })
  const actions = new ActionsScene(service)
  const action = await actions.deployed('exports.onExecutePostLogin = async () => {}')
  await actions.bind('post-login', action)
  const logStream = await post('log-streams', { type: 'splunk', status: 'paused', sink: SPLUNK })
  made = { client, api, grant, connection, organization, role, action, logStream, userId }
  const asked = { client, api: undefined, clientGrantScope: undefined, scope: ['openid'] } as unknown as SettleConsent['request']
  await service.commands.execute(new SettleConsent(asked, { userId, administrator: false, createdAt: '2026-01-01T00:00:00Z' }, true, {}))
  await scene.refreshToken(client, userId)
  expect((await service.api('DELETE', `users/${encodeURIComponent(userId)}/refresh-tokens`)).status).toBe(202)
  // All of these have been changed and taken away as well.
  const gone = await post('roles', { name: 'gone' })
  await service.api('PATCH', `roles/${role.id}`, { description: 'changed' })
  await service.api('DELETE', `roles/${gone.id}`)
  await service.api('PATCH', 'tenants/settings', { friendly_name: 'Kept' })
  await service.api('POST', 'keys/signing/rotate')
})
afterAll(async () => {
  await owner.end()
  await service.close()
})

async function found(): Promise<string[]> {
  const differences: string[] = []
  const { different } = await foldDatabase(
    service.config.databaseUrl,
    deciders,
    ({ reason, ...named }) => differences.push(`${'reader' in named ? `reader ${named.reader}` : named.streamId}: ${reason}`),
    keptTables,
  )
  expect(different).toBe(differences.length)
  return differences
}

/** What `fold` finds after a change, which is then taken back. */
async function foundAfter(sql: string, values: unknown[] = []): Promise<string[]> {
  const [, table] = /(?:update|delete from|insert into) (\w+)/.exec(sql)!
  await owner.query(`create table undo_rows as select * from ${table!}`)
  try {
    await owner.query('set session_replication_role = replica')
    await owner.query(sql, values)
    return await found()
  } finally {
    await owner.query(`delete from ${table!}`)
    await owner.query(`insert into ${table!} select * from undo_rows`)
    await owner.query('drop table undo_rows')
    await owner.query('set session_replication_role = origin')
  }
}

it('has nothing to say of a database that was never used', async () => {
  const url = await freshDatabase()
  await migrate(url)
  expect(await foldDatabase(url, deciders, () => undefined, keptTables)).toEqual({ streams: 0, events: 0, stale: 0, different: 0 })
})

it('agrees with what commands have kept', async () => {
  for (const { table } of keptTables) expect([table, (await owner.query(`select from ${table}`)).rowCount! > 0]).toEqual([table, true])
  expect(await found()).toEqual([])
})

it.each([
  [
    'a callback of a client',
    `update clients set document = document || '{"callbacks": ["https://evil"]}' where client_id = $1`,
    () => made.client.client_id,
    'client',
  ],
  ['a key of a client', `update clients set credentials = '[{"id": "x"}]' where client_id = $1`, () => made.client.client_id, 'client'],
  ['a client that is gone', 'delete from clients where client_id = $1', () => made.client.client_id, 'client'],
  ['an API', `update resource_servers set document = document || '{"allow_offline_access": true}' where id = $1`, () => made.api.id, 'resource_server'],
  ['a client grant', `update client_grants set document = document || '{"scope": ["write:x"]}' where id = $1`, () => made.grant.id, 'client_grant'],
  ['an administrator', 'update users set administrator = true where user_id = $1', () => made.userId, 'user'],
  ['a person', `update users set document = document - 'blocked' || '{"blocked": true}' where user_id = $1`, () => made.userId, 'user'],
  ['logins that had ended', `update users set logins_ended_at = '2020-01-01' where user_id = $1`, () => made.userId, 'user'],
  ['a connection', `update connections set document = document || '{"is_domain_connection": true}' where id = $1`, () => made.connection.id, 'connection'],
  ['an organization', `update organizations set document = document || '{"name": "other"}' where id = $1`, () => made.organization.id, 'organization'],
  ['a role', `update roles set document = document || '{"name": "other"}' where id = $1`, () => made.role.id, 'role'],
  ['an Action', `update actions set document = document || '{"x": 1}' where id = $1`, () => made.action.id, 'action'],
  ['the code of an Action', `update actions set code = 'exfiltrate()' where id = $1`, () => made.action.id, 'action'],
  ['the code of a version', `update action_versions set code = 'exfiltrate()' where action_id = $1`, () => made.action.id, 'action'],
  [
    'where the log goes',
    `update log_streams set document = jsonb_set(document, '{sink,splunkDomain}', '"evil.example.com"') where id = $1`,
    () => made.logStream.id,
    'log_stream',
  ],
  ['a secret of a log stream', `update log_streams set secrets = secrets || '{"other": "x"}' where id = $1`, () => made.logStream.id, 'log_stream'],
  ['a log stream that is gone', 'delete from log_streams where id = $1', () => made.logStream.id, 'log_stream'],
  ['what is bound', 'delete from trigger_bindings where action_id = $1', () => made.action.id, 'trigger_bindings'],
] as const)('names %s that was changed', async (_, sql, id, streamType) => {
  expect(await foundAfter(sql, [id()])).toEqual([expect.stringMatching(new RegExp(`^${streamType}-.*: (its row in|has no row in) `))])
})

it('names what is one for the tenant, a key that nobody made, and a revocation that was taken away', async () => {
  expect(await foundAfter(`update tenant_settings set document = '{}'`)).toEqual(['tenant-tenant: its row in tenant_settings is not what its state says'])
  expect(await foundAfter(`update consents set scope = '["openid", "all"]'`)).toEqual([expect.stringMatching(/^consent-.* its row in consents is not/)])
  const planted = `insert into signing_keys (kid, alg, public_key, status, created_at) values ('planted', 'RS256', '{}', 'previous', now())`
  expect(await foundAfter(planted)).toEqual(['signing_keys-tenant: its row in signing_keys is not what its state says'])
  expect(await foundAfter('delete from refresh_token_marks')).toEqual([expect.stringMatching(/^refresh_token_mark-.* has no row in refresh_token_marks/)])
  const unfounded = `insert into roles (id, document, created_at, updated_at) values ('rol_x', '{}', now(), now())`
  expect(await foundAfter(unfounded)).toEqual(['role-rol_x: has a row in roles that no event made'])
})

const keyOf = async (personId: string): Promise<string> =>
  (await owner.query<{ id: string }>('select id from person_keys where person_id = $1', [personId])).rows[0]!.id

it("names a person's key that is gone though nobody was erased", async () => {
  const [visitor] = (await owner.query<{ person_id: string }>(`select person_id from person_keys where person_id like 'visitor-%'`)).rows
  for (const personId of [made.userId, visitor!.person_id]) {
    const missing = `person-${await keyOf(personId)}: its key is missing from person_keys, and no event erased it`
    expect(await foundAfter('delete from person_keys where person_id = $1', [personId])).toEqual([missing])
  }
})

it("names a person's key that is there though they were erased, and no other", async () => {
  const userId = await new OAuthScene(service).user()
  const { rows } = await owner.query<{ id: string; encrypted_key: string }>('select id, encrypted_key from person_keys where person_id = $1', [userId])
  expect((await service.api('DELETE', `users/${encodeURIComponent(userId)}`)).status).toBe(204)
  expect(await found()).toEqual([])
  const restored = 'insert into person_keys (id, person_id, encrypted_key) values ($1, $2, $3)'
  expect(await foundAfter(restored, [rows[0]!.id, userId, rows[0]!.encrypted_key])).toEqual([
    `person-${rows[0]!.id}: its key is in person_keys, though it was erased`,
  ])
})

it('is not misled by texts of strangers that look like sealed ones', async () => {
  const looksSealed = `pd1.${randomUUID()}.${'a'.repeat(16)}.${'b'.repeat(64)}`
  const body = new URLSearchParams({
    grant_type: 'refresh_token',
    client_id: looksSealed,
    refresh_token: looksSealed,
    scope: looksSealed,
    audience: looksSealed,
  })
  await fetch(`${service.url}oauth/token`, { method: 'POST', body })
  expect(await found()).toEqual([])
})
