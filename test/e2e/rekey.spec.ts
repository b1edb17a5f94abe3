import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { decryptSecrets as actionSecrets } from '../../src/actions/action/secrets.js'
import { foldDatabase } from '../../src/cli/fold.js'
import { rekeyDatabase } from '../../src/cli/rekey.js'
import { verifyDatabase } from '../../src/cli/verify.js'
import { createOwnerClient } from '../../src/database/pool.js'
import { deciders } from '../../src/deciders.js'
import { keptTables } from '../../src/kept-tables.js'
import { RootKeys } from '../../src/keys/root-key.js'
import { decryptSecrets as logStreamSecrets } from '../../src/management/log-streams/secrets.js'
import { sealedColumns } from '../../src/sealed-columns.js'
import { ActionsScene } from '../support/actions.js'
import { type Json, startApp, type TestApp } from '../support/app.js'
import { ENCRYPTION_KEY } from '../support/bootstrapped.js'
import { AUDIENCE, OAuthScene, ROTATING, UNKNOWN } from '../support/oauth.js'

const execute = promisify(execFile)
const NEWEST = Buffer.alloc(32, 9).toString('base64')
const ROTATED = `${NEWEST},${ENCRYPTION_KEY}`
const rootKeys = (list: string): RootKeys => new RootKeys(list.split(',').map((key) => Buffer.from(key, 'base64')))
const both = rootKeys(ROTATED)
const [, olderId] = both.ids

let service: TestApp
let client: Awaited<ReturnType<OAuthScene['client']>>
let refreshToken: string
let paths: string[]
let before: Json[]

beforeAll(async () => {
  service = await startApp({ ALLOW_PRIVATE_TARGETS: 'true' })
  const scene = new OAuthScene(service)
  await scene.api()
  client = await scene.client({ refresh_token: ROTATING })
  const userId = await scene.user()
  ;({ refreshToken } = await scene.refreshToken(client, userId))
  const made = async (path: string, body: object): Promise<string> => {
    const answer = await service.api('POST', path, body)
    expect(answer).toMatchObject({ body: { id: expect.any(String) } })
    return `${path}/${answer.body.id}`
  }
  const sink = { httpEndpoint: 'http://127.0.0.1:9/', httpAuthorization: 'Bearer s', httpCustomHeaders: [{ header: 'X-Key', value: 'h' }] }
  await made('log-streams', { name: 'stream', type: 'http', filters: [{ type: 'category', name: 'auth.signup.fail' }], sink })
  const actions = new ActionsScene(service)
  await actions.deployed('', {
    secrets: [
      { name: 'ONE', value: '1' },
      { name: 'rk1.00000000.', value: '2' },
    ],
  })
  paths = [
    `users/${encodeURIComponent(userId)}`,
    `clients/${client.client_id}`,
    await made('resource-servers', { identifier: 'https://hs256.example.com/', signing_alg: 'HS256' }),
    await made('connections', { name: 'upstream', strategy: 'oidc', options: { type: 'back_channel', client_id: 'up', client_secret: 'Upstream-1' } }),
  ]
  before = await everything()
})
afterAll(() => service.close())

/** What cannot be told without opening what is stored. */
async function everything(): Promise<Json[]> {
  const answers = await Promise.all(paths.map((path) => service.api('GET', path)))
  const keys = new RootKeys(service.config.encryptionKeys)
  const rowsOf = async (query: string): Promise<Json[]> => (await service.pool.query(query)).rows
  const actions = await rowsOf(`select id, encrypted_secrets as secrets from actions union all select action_id, encrypted_secrets from action_versions`)
  const streams = await rowsOf('select id, secrets from log_streams')
  return [
    ...answers.map(({ status, body }) => ({ status, body })),
    ...actions.map(({ id, secrets }) => actionSecrets(keys, id, secrets)),
    ...streams.map(({ id, secrets }) => logStreamSecrets(keys, id, secrets)),
  ]
}

async function restart(encryptionKey: string): Promise<void> {
  const { databaseUrl } = service.config
  await service.close()
  service = await startApp({ ALLOW_PRIVATE_TARGETS: 'true', ENCRYPTION_KEY: encryptionKey }, undefined, databaseUrl)
}

async function rekey(): Promise<{ left: number; lines: string[] }> {
  const db = createOwnerClient(service.config.databaseUrl)
  const lines: string[] = []
  await db.connect()
  try {
    return { left: await rekeyDatabase(db, both, (line) => lines.push(line)), lines }
  } finally {
    await db.end()
  }
}

const exchange = async (): Promise<unknown> => {
  const { status, body } = await new OAuthScene(service).refresh(client, refreshToken)
  if (status === 200) refreshToken = body.refresh_token!
  return { status, body }
}

/** Every column of every table that holds a text of this key. */
async function columnsUnder(keyId: string): Promise<string[]> {
  const { rows } = await service.pool.query<{ table: string; column: string }>(
    `select c.table_name as table, c.column_name as column from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
     where c.table_schema = 'public' and t.table_type = 'BASE TABLE' and c.data_type in ('text', 'json', 'jsonb')`,
  )
  const found = await Promise.all(
    rows.map(async ({ table, column }) => {
      const { rowCount } = await service.pool.query(`select from ${table} where "${column}"::text ~ $1 limit 1`, [`rk1\\.${keyId}\\.`])
      return rowCount === 0 ? [] : [`${table}.${column}`]
    }),
  )
  return found.flat().sort()
}

it('knows every column that holds texts under a root key', async () => {
  expect(await columnsUnder(olderId!)).toEqual(sealedColumns.map(({ table, column }) => `${table}.${column}`).sort())
})

it('brings everything under the newest key, beside the running service and beside itself', async () => {
  await restart(ROTATED)
  const [one, other] = await Promise.all([rekey(), rekey()])
  expect([one.left, other.left]).toEqual([0, 0])
  expect(await columnsUnder(olderId!)).toEqual([])
  expect(await everything()).toEqual(before)
  const { lines } = await rekey()
  expect(lines).toEqual([
    ...sealedColumns.map(({ table }) => `${table}: 0 changed`),
    `refresh tokens: 1 need ${olderId} to stay in ENCRYPTION_KEY`,
    `the newest key is ${both.newestId}: nothing is left under another`,
  ])
  expect(await exchange()).toMatchObject({ status: 200 })
})

it('leaves nothing that needs the older key but the refresh tokens that were made with it', async () => {
  await restart(NEWEST)
  expect(await everything()).toEqual(before)
  expect(await exchange()).toEqual(UNKNOWN)
  const { refreshToken: fresh } = await new OAuthScene(service).refreshToken(client, decodeURIComponent(paths[0]!.slice('users/'.length)), {
    audience: AUDIENCE,
  })
  expect(await new OAuthScene(service).refresh(client, fresh)).toMatchObject({ status: 200 })
  const { databaseUrl } = service.config
  expect(await verifyDatabase(databaseUrl, rootKeys(NEWEST), service.url)).toMatchObject({ ok: true })
  expect(await foldDatabase(databaseUrl, deciders, () => undefined, keptTables)).toMatchObject({ different: 0 })
})

it('is what a read model is rebuilt with, and not without', async () => {
  const env = { PATH: process.env['PATH'], DATABASE_URL: service.config.databaseUrl, ENCRYPTION_KEY }
  const refused = execute(process.execPath, ['dist/src/cli/main.js', 'rebuild', 'tenant_logs'], { env })
  await expect(refused).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^evergrant: rebuild: ENCRYPTION_KEY: the key with id \S+, which data in .* is not in the list\n$/),
  })
  expect((await service.pool.query('select from failed_events')).rowCount).toBe(0)
})
