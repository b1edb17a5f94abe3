import { randomUUID } from 'node:crypto'
import { audit, type AuditEvent } from '../../src/audit/audit.events.js'
import { authorizationCode } from '../../src/authorization/index.js'
import { createOwnerClient, createPool } from '../../src/database/pool.js'
import { BackgroundWorker } from '../../src/event-store/background-worker.js'
import { CatchUp } from '../../src/event-store/catch-up.js'
import type { Context, Decider, Event, PersonalData } from '../../src/event-store/event.js'
import { EventStore } from '../../src/event-store/event-store.js'
import { rebuildProjection } from '../../src/event-store/rebuild-projection.js'
import { LookupKey } from '../../src/keys/lookup-key.js'
import { PersonKeys } from '../../src/keys/person-keys.js'
import { personalValues } from '../../src/keys/personal-values.js'
import { RootKeys } from '../../src/keys/root-key.js'
import { showLog } from '../../src/management/logs/log.dto.js'
import { LOG_CODES } from '../../src/management/logs/log-codes.js'
import { TenantLogs } from '../../src/management/logs/tenant-logs.js'
import { tenantLogsProjection } from '../../src/management/logs/tenant-logs.projection.js'
import { parseSearch } from '../../src/management/search/parse-search.js'
import { session } from '../../src/sessions/index.js'
import { family, type FamilyEvent } from '../../src/tokens/index.js'
import { user } from '../../src/users/index.js'
import { databaseUrl } from '../support/own-database.js'
import { testSigner } from '../support/log.js'

const rootKeys = new RootKeys([Buffer.alloc(32, 5)])
const pool = createPool(databaseUrl, 8)
const store = new EventStore(pool)
const personKeys = new PersonKeys(pool, store, rootKeys)
const catchUp = new CatchUp(pool)
const logs = new TenantLogs(pool, rootKeys, new LookupKey(pool, rootKeys))
const trouble: unknown[] = []
const background = new BackgroundWorker(
  pool,
  testSigner(),
  [tenantLogsProjection],
  [],
  { warn: () => undefined, error: (...problem) => trouble.push(problem) },
  personalValues(pool, rootKeys),
)

beforeAll(() => background.start())
afterAll(async () => {
  await background.stop()
  await pool.end()
  expect(trouble).toEqual([])
})

type Log = Record<string, unknown> & { log_id: string; type: string; details: Record<string, unknown> }

const USER_AGENT = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36'
const record = async <E extends Event>(decider: Decider<unknown, E>, events: readonly E[], context: Context = {}, id: string = randomUUID()): Promise<void> => {
  // What is folded is no matter here; only what stands in the log.
  await store.transact({ ...decider, evolve: () => ({}) }, id, () => ({ events, result: undefined }), context)
}
const fact = (event: AuditEvent, context: Context = {}): Promise<void> => record(audit as Decider<unknown, AuditEvent>, [event], context)
const caughtUp = async (): Promise<void> => void expect(await catchUp.caughtUp('tenant_logs', 60_000)).toBe(true)
const search = async (q: string): Promise<Log[]> => {
  await caughtUp()
  const rows = await logs.search(parseSearch(q), { column: 'l.log_id', direction: 'asc' }, { limit: 1000, offset: 0 })
  return rows.map(({ row, values }) => showLog(row, values) as Log)
}
const origin = (personId: string, ip: string, userAgent = USER_AGENT): Promise<PersonalData> => personKeys.seal(personId, { ip, userAgent })
const raw = async (): Promise<string> => JSON.stringify((await pool.query('select * from tenant_logs')).rows)

const exchange = { generation: 2, expiresAt: null, idleExpiresAt: null, accessTokenId: 'jti1', audience: 'https://api', scope: ['read:x', 'offline_access'] }
const revoked = (reason: string) => ({ type: 'FamilyRevoked', data: { reason, latestGeneration: 3, presentedGeneration: 1 } }) as FamilyEvent
const request = { method: 'POST', path: '/api/v2/clients', operation: 'Create a client', status: 201, body: { name: 'App' } }
const failed = (grant: string, reason = 'unknown') =>
  ({ type: 'ExchangeFailed', data: { grant, error: 'invalid_grant', description: 'Unknown or invalid refresh token.', reason } }) as AuditEvent

const CASES: readonly [string, Decider<unknown, never>, Event, readonly string[]][] = [
  ['a login', session, { type: 'SessionStarted', data: { userId: 'auth0|1', connection: 'c', method: 'pwd' } }, ['s']],
  ['a session that answers in silence', session, { type: 'SessionTouched', data: { clientId: 'c', silent: true } }, ['ssa']],
  ['a session that answers with a page', session, { type: 'SessionTouched', data: { clientId: 'c', silent: false } }, []],
  ['a login that Actions decide about', session, { type: 'SessionStarted', data: { userId: 'auth0|1', awaitsActions: true } }, []],
  ['another such login', session, { type: 'SessionReauthenticated', data: { userId: 'auth0|1', awaitsActions: true } }, []],
  ['a silent one that they decide about', session, { type: 'SessionTouched', data: { clientId: 'c', silent: true, awaitsActions: true } }, []],
  ['a code that they let through', authorizationCode, { type: 'AuthorizationCodeIssued', data: { silent: false, actions: { execution: {} } } }, ['s']],
  ['a silent one', authorizationCode, { type: 'AuthorizationCodeIssued', data: { silent: true, actions: { execution: {} } } }, ['ssa']],
  ['a code that nobody was asked about', authorizationCode, { type: 'AuthorizationCodeIssued', data: { silent: true } }, []],
  ['a session ended by an Action', session, { type: 'SessionEnded', data: { reason: 'action' } }, ['session_revoked']],
  ['a logout', session, { type: 'SessionEnded', data: { reason: 'logout' } }, ['slo']],
  ['a session ended by the API', session, { type: 'SessionEnded', data: { reason: 'api' } }, []],
  [
    'a redeemed code',
    authorizationCode,
    { type: 'AuthorizationCodeRedeemed', data: { familyId: 'rt_1', accessTokenId: 'jti1', audience: null, scope: ['openid'] } },
    ['seacft'],
  ],
  ['a rotation', family, { type: 'RefreshTokenRotated', data: exchange }, ['sertft']],
  ['an exchange without rotation', family, { type: 'RefreshTokenExchanged', data: exchange }, ['sertft']],
  ['a detected reuse', family, revoked('reuse'), ['ferrt']],
  ['a revocation by the client', family, revoked('client'), ['srrt']],
  ['a revocation by the API', family, revoked('api'), ['srrt']],
  ['a revocation of many', family, revoked('api-bulk'), []],
  ['a token beyond the limit', family, revoked('limit'), ['resource_cleanup']],
  ['a refused code', audit, failed('authorization_code'), ['feacft']],
  ['a refused refresh token', audit, failed('refresh_token'), ['fertft']],
  [
    'a refresh token that an Action wants a second factor for',
    audit,
    { type: 'ExchangeFailed', data: { grant: 'refresh_token', error: 'mfa_required', reason: 'actions: mfa-required' } },
    ['fertft', 'mfar'],
  ],
  ['a refusal that a detected reuse has told', audit, failed('refresh_token', 'reuse'), []],
  ['refused client credentials', audit, failed('client_credentials'), ['feccft']],
  ['a grant that is not known', audit, failed('urn:unknown'), ['f']],
  ['a token for a client', audit, { type: 'ClientTokenIssued', data: { scope: 'read:x', tokenId: 'jti1' } }, ['seccft']],
  ['a refused request', audit, { type: 'AuthorizeFailed', data: { error: 'x', description: 'y', silent: false } }, ['f']],
  ['a refused silent request', audit, { type: 'AuthorizeFailed', data: { error: 'login_required', description: 'y', silent: true } }, ['fsa']],
  ['a wrong password', audit, { type: 'LoginFailed', data: { reason: 'wrong-password', description: 'Wrong email or password.' } }, ['fp']],
  ['an unknown user', audit, { type: 'LoginFailed', data: { reason: 'unknown-user', description: 'Wrong email or password.' } }, ['fu']],
  ['a blocked user', audit, { type: 'LoginFailed', data: { reason: 'blocked', description: 'user is blocked' } }, ['f']],
  ['an account that is locked', audit, { type: 'AccountLocked', data: {} }, ['limit_wc']],
  ['an account that is opened again', audit, { type: 'AccountUnlocked', data: { userId: 'auth0|1' } }, ['ublkdu']],
  ['a sign-up', user, { type: 'UserSignedUp', data: {} }, ['ss']],
  ['a refused sign-up', audit, { type: 'SignupFailed', data: { description: 'x' } }, ['fs']],
  ['a refused logout', audit, { type: 'LogoutRefused', data: { description: 'x' } }, ['flo']],
  ['a deleted user', user, { type: 'UserDeleted', data: {} }, ['sdu']],
  ['a write by the API', audit, { type: 'ManagementRequestSucceeded', data: request }, ['sapi']],
  ['a refused write', audit, { type: 'ManagementRequestFailed', data: { ...request, status: 400 } }, ['fapi']],
  ['a read secret', audit, { type: 'SecretRead', data: { ...request, accessedSecrets: ['client_secret'] } }, ['mgmt_api_read']],
  ['a bucket that is nearly empty', audit, { type: 'RateLimitNear', data: { bucket: 'management', size: 10, usage: 9 } }, ['api_limit_warning']],
  ['an empty bucket', audit, { type: 'RateLimited', data: { bucket: 'management' } }, ['api_limit']],
]

describe('the log', () => {
  it.each(CASES)('of %s', async (_, decider, event, codes) => {
    const clientId = randomUUID()
    await record(decider, [event as never], { clientId, userId: 'auth0|1' }, decider.streamType === 'user' ? 'auth0|1' : undefined)
    const rows = await search(`client_id:"${clientId}"`)
    expect(rows.map(({ type }) => type)).toEqual(codes)
    expect(codes.every((code) => code in LOG_CODES)).toBe(true)
    for (const row of rows) expect(row).toMatchObject({ client_id: clientId, user_id: 'auth0|1', _id: row.log_id })
  })

  it('of limits says which one, how large it is, and at which request', async () => {
    const clientId = randomUUID()
    const data = { bucket: 'oauth', size: 10, method: 'POST', path: '/oauth/token' }
    await record(audit, [{ type: 'RateLimitNear', data: { ...data, usage: 9 } }, { type: 'RateLimited', data } as never], { clientId })
    const [limit, request] = [
      { bucket: 'oauth', global: true, size: 10 },
      { method: 'post', path: '/oauth/token' },
    ]
    expect((await search(`client_id:"${clientId}"`)).map(({ details }) => details)).toEqual([
      { limit: { ...limit, usage: 9 }, request },
      { limit, request, response: { statusCode: 429 } },
    ])
  })

  it('numbers its rows in the order of the log, and a rebuild numbers them the same', async () => {
    await Promise.all(Array.from({ length: 40 }, () => fact({ type: 'SignupFailed', data: { description: 'x' } })))
    await caughtUp()
    const ids = async (): Promise<string[]> =>
      (await pool.query<{ log_id: string }>('select log_id from tenant_logs order by log_id')).rows.map(({ log_id }) => log_id)
    const before = await ids()
    expect(before.every((id) => /^900\d{53}$/.test(id))).toBe(true)
    expect(before.map((id) => id.slice(20))).toEqual([...before].map((id) => id.slice(20)).sort())
    const owner = createOwnerClient(databaseUrl)
    await owner.connect()
    await rebuildProjection(owner, tenantLogsProjection, personalValues(owner, rootKeys))
    await owner.end()
    expect(await ids()).toEqual(before)
    expect(await search('type:fs')).toHaveLength(41)
  })

  it('never goes back in time, whatever the clock of an event says', async () => {
    await fact({ type: 'SignupFailed', data: { description: 'late' } })
    await caughtUp()
    const { rows } = await pool.query(`select max(log_id) as id from tenant_logs`)
    const old = { at: '2001-01-01T00:00:00.000Z' } as Context
    await fact({ type: 'SignupFailed', data: { description: 'early' } }, old)
    const [early] = await search('description:early')
    expect(early!.log_id > rows[0].id).toBe(true)
    expect(early).toMatchObject({ date: '2001-01-01T00:00:00.000Z' })
  })

  it('shows addresses, finds them whole, and keeps none in clear', async () => {
    const userId = `auth0|${randomUUID()}`
    await fact({ type: 'ManagementRequestSucceeded', data: request }, { userId, origin: await origin(userId, '198.51.100.77') })
    const [row] = await search('ip:"198.51.100.77"')
    expect(row).toMatchObject({ ip: '198.51.100.77', user_agent: 'Chrome 120.0.0 / Mac OS X 10.15.7', isMobile: false })
    expect(row!.details).toMatchObject({ request: { ip: '198.51.100.77', method: 'post', userAgent: USER_AGENT, auth: { user: { user_id: userId } } } })
    expect(await search('198.51.100.77')).toHaveLength(1)
    expect(await search('user_agent:"Chrome 120.0.0 / Mac OS X 10.15.7" AND type:sapi')).toHaveLength(1)
    expect(await search('ip:"198.51.100.7"')).toEqual([])
    expect(await raw()).not.toContain('198.51.100.77')
  })

  it('forgets who was erased, also when it is rebuilt', async () => {
    const userId = `auth0|${randomUUID()}`
    const clientId = randomUUID()
    await fact(
      { type: 'LoginFailed', data: { reason: 'wrong-password', description: 'x' } },
      { clientId, userId, origin: await origin(userId, '198.51.100.88') },
    )
    expect(await search('ip:"198.51.100.88"')).toHaveLength(1)
    await personKeys.erase(userId)
    expect(await search('ip:"198.51.100.88"')).toEqual([])
    const owner = createOwnerClient(databaseUrl)
    await owner.connect()
    await rebuildProjection(owner, tenantLogsProjection, personalValues(owner, rootKeys))
    await owner.end()
    expect(await search('ip:"198.51.100.88"')).toEqual([])
    expect(await search(`client_id:"${clientId}"`)).toMatchObject([{ type: 'fp', user_id: userId, ip: '', user_agent: 'Other 0.0.0 / Other 0.0.0' }])
    const hashes = await pool.query('select 1 from tenant_logs where user_id = $1 and (ip_lookup is not null or person_key is not null)', [userId])
    expect(hashes.rows).toEqual([])
  })

  it('takes texts that the database could not hold as they came', async () => {
    const description = 'zero \0, half \ud800, slash \\u0000 end'
    await fact({ type: 'SignupFailed', data: { description } })
    const rows = await search('description:zero*')
    expect(rows).toMatchObject([{ description: 'zero \ufffd, half \ufffd, slash \\u0000 end' }])
  })

  it('lives with an origin that was tampered with', async () => {
    await fact({ type: 'SignupFailed', data: { description: 'tampered' } }, { origin: 'pd1.not-ours' as PersonalData })
    expect(await search('description:tampered')).toHaveLength(1)
  })
})
