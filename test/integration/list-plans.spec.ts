import { jest } from '@jest/globals'
import pg from 'pg'
import { createOwnerClient } from '../../src/database/pool.js'
import { PersonKeys } from '../../src/keys/person-keys.js'
import { LIST_VALUES, type ListQuestion, listQuestions } from '../bench/lists/questions.js'
import { type Call, setUpLists } from '../bench/lists/scene.js'
import { seedLists } from '../bench/lists/seed.js'
import { OAuthScene, ROTATING } from '../support/oauth.js'
import { startApp, type TestApp } from '../support/app.js'
import { type ExplainedPlan, type PlanNode, planNodes, rowsRead } from '../support/plan-nodes.js'

jest.setTimeout(240_000)

const SIZES = { tokens: 60_000, logs: 60_000 }

let service: TestApp
let questions: readonly ListQuestion[]
beforeAll(async () => {
  service = await startApp({ LOGS_RETENTION_DAYS: '60' })
  const owner = createOwnerClient(service.config.databaseUrl)
  await owner.connect()
  const call: Call = async (method, path, body) => (await service.api(method, path, body)).body
  const scene = await setUpLists(call, owner, service.app.get(PersonKeys))
  await seedLists(owner, scene, SIZES)
  questions = listQuestions((await owner.query(LIST_VALUES, [3])).rows[0], scene.clientId)
  await owner.end()
  watch()
})
afterAll(async () => {
  pg.Client.prototype.query = original
  await service.close()
})

interface Asked {
  readonly client: pg.Client
  readonly text: string
  readonly values: readonly unknown[]
}
const asked: Asked[] = []
const original = pg.Client.prototype.query

/** Listens to what the HTTP part asks the database. */
function watch(): void {
  const ours = new WeakSet<pg.Client>()
  service.pool.on('acquire', (client) => ours.add(client as unknown as pg.Client))
  pg.Client.prototype.query = function (this: pg.Client, ...args: unknown[]) {
    const [query, values] = args as [string | { text?: string; values?: unknown[] }, unknown]
    const text = typeof query === 'string' ? query : query.text
    const given = typeof query === 'string' || !query.values ? values : query.values
    if (text !== undefined && ours.has(this)) asked.push({ client: this, text, values: Array.isArray(given) ? given : [] })
    return (original as (...all: unknown[]) => unknown).apply(this, args)
  } as typeof original
}

const LARGE = /^(tenant_logs|refresh_tokens|refresh_token_devices|sessions|consents|device_keys|events)/
const OF_LARGE = /from \(?(tenant_logs|refresh_tokens|refresh_token_devices|sessions|consents|device_keys|events)|join (tenant_logs|refresh_tokens)/

/** The plans of the statements on large tables that an answer took, as the pool's connections make them: one for all values. */
async function plansOf(path: string): Promise<PlanNode[]> {
  asked.length = 0
  const { status, body } = await service.api('GET', path)
  expect({ path, status, body: status === 200 ? undefined : body }).toEqual({ path, status: 200 })
  const nodes: PlanNode[] = []
  const statements = [...asked]
  const db = await service.pool.connect()
  for (const [n, { client, text, values }] of statements.entries()) {
    if (!/^\s*(select|with)/i.test(text) || !OF_LARGE.test(text)) continue
    const since = statements.slice(0, n).filter((before) => before.client === client)
    const settings = since.slice(since.findLastIndex(({ text: begin }) => /^begin/i.test(begin))).filter(({ text: set }) => /set local/i.test(set))
    await db.query('begin')
    for (const { text: set } of settings) await db.query(set.replace(/^begin;/, ''))
    await db.query(`prepare asked as ${text}`)
    const { rows } = await db.query<ExplainedPlan>(
      `explain (analyze, format json) execute asked${values.length > 0 ? `(${values.map(literal).join(', ')})` : ''}`,
    )
    await db.query('deallocate asked')
    await db.query('rollback')
    nodes.push(...planNodes(rows[0]!))
  }
  db.release()
  return nodes
}

function literal(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  if (Buffer.isBuffer(value)) return `'\\x${value.toString('hex')}'`
  if (value instanceof Date) return `'${value.toISOString()}'`
  if (Array.isArray(value)) return pg.escapeLiteral(`{${value.map((item) => JSON.stringify(String(item))).join(',')}}`)
  return pg.escapeLiteral(typeof value === 'string' ? value : JSON.stringify(value))
}

/** Rows that finding the newest event takes, which a list waits for: one from each partition that is not empty. */
const MARK = 4
const OF_MARK = /^events_(\d{4}_\d\d|default)_epoch_xid_sequence_idx$/

/** By the list's name: the index that it is read by, and how many rows of tables and indexes at most. Among them those of every partition. */
const EXPECTED: Readonly<Record<string, readonly [RegExp, number]>> = {
  "a user's refresh tokens": [/^refresh_tokens_user_id_id_idx$/, 102],
  'refresh tokens by user': [/^refresh_tokens_user_id_id_idx$/, 102],
  'refresh tokens by user and client': [/^refresh_tokens_user_id_id_idx$/, 102],
  'refresh tokens by client': [/^refresh_tokens_client_id_created_at_id_idx$/, 102],
  'refresh tokens by the largest client': [/^refresh_tokens_client_id_created_at_id_idx$/, 102],
  'refresh tokens by a small client': [/^refresh_tokens_client_id_created_at_id_idx$/, 122],
  'refresh tokens by session': [/^refresh_tokens_session_id_id_idx$/, 20],
  'refresh tokens by API': [/^refresh_tokens_audience_created_at_id_idx$/, 102],
  'refresh tokens by second of issue': [/^refresh_tokens_created_at_id_idx$/, 20],
  'refresh tokens by client from a time on': [/^refresh_tokens_client_id_created_at_id_idx$/, 102],
  'refresh tokens by device credential': [/^refresh_tokens_device_credential_id_id_idx$/, 20],
  'refresh tokens by address (of nobody)': [/^refresh_token_devices_last_ip_id_idx$|^refresh_tokens_pkey$/, 20],
  "a user's sessions": [/^sessions_user_id_id_idx$/, 20],
  'grants of a user': [/^consents_user_id_created_at_id_idx$/, 20],
  'grants for an API': [/^consents_audience_created_at_id_idx$/, 50],
  'grants of the largest client': [/^consents_client_id_created_at_id_idx$/, 50],
  'device credentials of a user': [/^refresh_tokens_user_id_(id|client_id_created_at_id)_idx$/, 100],
  'device credentials of a client': [/^refresh_tokens_client_id_created_at_id_idx$/, 1000],
  'public keys of a user': [/^device_keys_user_id_device_lookup_key$/, 20],
  'log by checkpoint': [/^tenant_logs_pkey$/, 100],
  'log by page, the first': [/^tenant_logs_date_idx$/, 200],
  'log by page, the last': [/^tenant_logs_date_idx$/, 1200],
  'log, oldest first': [/^tenant_logs_date_idx$/, 200],
  'log of a user': [/^tenant_logs_user_id_date_idx$/, 100],
  'log by type': [/^tenant_logs_(type_)?date_idx$/, 200],
  'log by several types': [/^tenant_logs_type_date_idx$/, 200],
  'log by client': [/^tenant_logs_(client_id_)?date_idx$/, 500],
  'log by user and type': [/^tenant_logs_(user_id|type)_date_idx$/, 500],
  'log by address (of nobody)': [/^tenant_logs_ip_lookup_date_idx$/, 20],
  'log by time': [/^tenant_logs_date_idx$/, 50],
  'log after a log_id': [/^tenant_logs_(date_idx|pkey)$/, 200],
}

it('every list is expected to be read by something', () => {
  expect(questions.map(({ name }) => name).sort()).toEqual(Object.keys(EXPECTED).sort())
})

describe('among many rows', () => {
  it.each(Object.keys(EXPECTED))('%s: by its index, and no more rows than it takes', async (name) => {
    const [index, most] = EXPECTED[name]!
    for (const path of questions.find((question) => question.name === name)!.paths.slice(0, 3)) await readBy(path, index, most)
  })

  it(`a refresh token's history: by its stream, and the rows of the log by their times`, async () => {
    const scene = new OAuthScene(service)
    const client = await scene.client({ refresh_token: ROTATING })
    await scene.api()
    const { familyId, refreshToken } = await scene.refreshToken(client, await scene.user())
    expect((await scene.refresh(client, refreshToken)).status).toBe(200)
    await readBy(`refresh-tokens/${familyId}/history`, /^events_(\d{4}_\d\d|default)_pkey$|^tenant_logs_(user_id_)?date_idx$/, 100)
  })
})

/** Sorting is for what was found: a page, or what all partitions' indexes have of the rare thing that is asked for. */
async function readBy(path: string, index: RegExp, most: number): Promise<void> {
  const nodes = await plansOf(path)
  const scans = nodes
    .filter(({ 'Node Type': type }) => /Scan/.test(type) && type !== 'Bitmap Heap Scan')
    .filter((node) => LARGE.test(node['Relation Name'] ?? node['Index Name'] ?? ''))
  expect({ path, scans: scans.length }).not.toEqual({ path, scans: 0 })
  const used = scans.map((node) => node['Index Name']?.replace(/^(tenant_logs)_\d{8}_\d{8}/, '$1') ?? node['Node Type'])
  expect({ path, used: used.filter((name) => !index.test(name) && !OF_MARK.test(name)) }).toEqual({ path, used: [] })
  const read = nodes.filter((node) => LARGE.test(node['Relation Name'] ?? '')).map(rowsRead)
  expect(read.reduce((sum, rows) => sum + rows, 0)).toBeLessThanOrEqual(most + MARK)
}
