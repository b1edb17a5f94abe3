import type pg from 'pg'
import { createOwnerClient, createPool } from '../../src/database/pool.js'
import { migrate } from '../../src/database/migrate.js'
import { type HashedFilter, rangeOf } from '../../src/tokens/queries/refresh-token-filter.js'
import { IN_ORDER, pageQuery, SCANNED } from '../../src/tokens/queries/refresh-token-pages.js'
import { freshDatabase } from '../support/database.js'
import { type ExplainedPlan, type PlanNode, planNodes, rowsRead } from '../support/plan-nodes.js'

const ROWS = 60_000
const TAKE = 50
let pool: pg.Pool
beforeAll(async () => {
  const databaseUrl = await freshDatabase()
  await migrate(databaseUrl)
  const owner = createOwnerClient(databaseUrl)
  await owner.connect()
  // One client has half of all tokens, the others a few each; times go up with the numbers.
  await owner.query(`
    insert into refresh_tokens (id, user_id, client_id, session_id, audience, scope, rotating, created_at, expires_at, position)
    select 'rt_' || md5(n::text), 'auth0|' || n % 5000, case when n % 2 = 0 then 'large' else 'small-' || n % 3001 end, 'session-' || n % 20000,
      case when n % 3 = 0 then 'https://common' else 'https://rare-' || n % 4001 end, '[]', true, '2026-01-01'::timestamptz + n * interval '1 second',
      now() + interval '1 day', n
    from generate_series(1, ${ROWS}) n`)
  await owner.query(`
    insert into refresh_token_devices (id, initial_ip, initial_user_agent, last_ip, last_user_agent)
    select id, decode(lpad(to_hex(position % 20000), 16, '0'), 'hex'), decode(lpad(to_hex(position % 7), 16, '0'), 'hex'),
      decode(lpad(to_hex(position % 20000), 16, '0'), 'hex'), decode(lpad(to_hex(position % 7), 16, '0'), 'hex')
    from refresh_tokens`)
  await owner.query('vacuum analyze refresh_tokens, refresh_token_devices')
  await owner.end()
  pool = createPool(databaseUrl, 2)
})
afterAll(() => pool.end())

async function planOf(filter: HashedFilter, after: string | null = null): Promise<{ nodes: PlanNode[]; found: number }> {
  const { text, values } = pageQuery(rangeOf(filter)!, after, TAKE)
  const db = await pool.connect()
  try {
    await db.query(IN_ORDER)
    const { rows: found } = await db.query(text, values)
    const { rows } = await db.query<ExplainedPlan>(`explain (analyze, format json) ${text}`, values)
    await db.query('rollback')
    return { nodes: planNodes(rows[0]!), found: found.filter(({ id }: { id: string | null }) => id !== null).length }
  } finally {
    db.release()
  }
}

const bytes = (n: number): Buffer => Buffer.from(n.toString(16).padStart(16, '0'), 'hex')
const at = (second: number): string => new Date(Date.parse('2026-01-01T00:00:00Z') + second * 1000).toISOString()

/** A filter, the index whose one range it is read by, the condition of that range, and how many rows of it may be read at most. */
const FILTERS: readonly (readonly [string, HashedFilter, string, RegExp, number])[] = [
  ['user', { userId: 'auth0|7' }, 'refresh_tokens_user_id_id_idx', /user_id <= /, 100],
  ['user and client', { userId: 'auth0|8', clientId: 'large' }, 'refresh_tokens_user_id_id_idx', /user_id <= /, 100],
  ['session', { sessionId: 'session-9' }, 'refresh_tokens_session_id_id_idx', /session_id <= /, 100],
  [
    'session, of a large client',
    { sessionId: 'session-9', clientId: 'large', audience: 'https://common' },
    'refresh_tokens_session_id_id_idx',
    /session_id <= /,
    100,
  ],
  ['large client', { clientId: 'large' }, 'refresh_tokens_client_id_created_at_id_idx', /client_id <= /, 2 * TAKE],
  ['small client', { clientId: 'small-11' }, 'refresh_tokens_client_id_created_at_id_idx', /client_id <= /, 100],
  ['large client, rare API', { clientId: 'large', audience: 'https://rare-17' }, 'refresh_tokens_client_id_created_at_id_idx', /client_id <= /, SCANNED],
  [
    'large client, span of time',
    { clientId: 'large', issuedFrom: at(30_000), issuedTo: at(30_060) },
    'refresh_tokens_client_id_created_at_id_idx',
    /created_at[^>]*> ROW.*created_at\)? <= /,
    100,
  ],
  ['common API', { audience: 'https://common' }, 'refresh_tokens_audience_created_at_id_idx', /audience <= /, 2 * TAKE],
  ['span of time', { issuedFrom: at(50_000), issuedTo: at(50_020) }, 'refresh_tokens_created_at_id_idx', /created_at[^>]*> ROW.*created_at\)? <= /, 50],
  ['from a time on', { issuedFrom: at(1000) }, 'refresh_tokens_created_at_id_idx', /created_at, id\) > ROW/, 2 * TAKE],
  ['device credential', { deviceCredentialId: 'dcr_0000000000000000' }, 'refresh_tokens_device_credential_id_id_idx', /device_credential_id <= /, 10],
  ['address of issue', { initialIp: bytes(123) }, 'refresh_token_devices_initial_ip_id_idx', /initial_ip <= /, 100],
  ['last address, of a large client', { lastIp: bytes(123), clientId: 'large' }, 'refresh_token_devices_last_ip_id_idx', /last_ip <= /, 100],
  ['common browser', { initialUserAgent: bytes(3) }, 'refresh_token_devices_initial_user_agent_id_idx', /initial_user_agent <= /, SCANNED],
  ['common browser, address', { lastUserAgent: bytes(3), lastIp: bytes(123) }, 'refresh_token_devices_last_ip_id_idx', /last_ip <= /, 100],
  [
    'common browser, span of time',
    { lastUserAgent: bytes(3), issuedFrom: at(59_000) },
    'refresh_token_devices_last_user_agent_id_idx',
    /last_user_agent <= /,
    SCANNED,
  ],
]

describe('a page of the list of refresh tokens', () => {
  it.each(FILTERS)('by %s is one range of one index', async (_, filter, index, condition, most) => {
    const { nodes } = await planOf(filter)
    expect(nodes.filter(({ 'Node Type': type }) => /Seq Scan|Bitmap|Hash|Merge Join/.test(type)).map(({ 'Node Type': type }) => type)).toEqual([])
    // What is looked up by id is one row.
    const scans = nodes.filter(({ 'Index Cond': cond, 'Index Name': name }) => cond !== undefined && !/\(id = |key = /.test(cond) && !name!.includes('marks'))
    expect(new Set(scans.map(({ 'Index Name': name }) => name))).toEqual(new Set([index]))
    for (const scan of scans) {
      expect(scan['Index Cond']).toMatch(condition)
      expect(rowsRead(scan)).toBeLessThanOrEqual(most)
    }
    for (const sort of nodes.filter(({ 'Node Type': type }) => /Sort/.test(type))) expect(sort['Actual Rows']).toBeLessThanOrEqual(TAKE + 1)
  })

  it.each([
    [{ clientId: 'large' }, JSON.stringify([at(40_000), 'rt_8'])],
    [{ userId: 'auth0|7' }, 'rt_8'],
    [{ initialUserAgent: bytes(3) }, 'rt_8'],
  ])('begins where the last one ended: %j after %j', async (filter, after) => {
    const { nodes, found } = await planOf(filter, after)
    const [scan] = nodes.filter(({ 'Index Name': name }) => name?.endsWith('_id_idx'))
    expect(scan?.['Index Cond']).toMatch(/id\) > ROW\(.*rt_8/)
    expect(found).toBeGreaterThan(0)
  })
})
