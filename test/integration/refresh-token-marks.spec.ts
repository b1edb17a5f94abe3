import { randomUUID } from 'node:crypto'
import { CommandBus, CqrsModule, QueryBus } from '@nestjs/cqrs'
import { Test, type TestingModule } from '@nestjs/testing'
import pg from 'pg'
import { AuditModule } from '../../src/audit/audit.module.js'
import { ConfigModule } from '../../src/config.module.js'
import { completeConfig, loadConfig } from '../../src/config.js'
import { DatabaseModule } from '../../src/database/database.module.js'
import { EventStore } from '../../src/event-store/event-store.js'
import { EventStoreModule } from '../../src/event-store/event-store.module.js'
import { RateLimitsModule } from '../../src/http/rate-limits.js'
import { KeysModule } from '../../src/keys/keys.module.js'
import {
  FindRefreshToken,
  IssueRefreshToken,
  type IssuedRefreshToken,
  RedeemRefreshToken,
  type RedeemedRefreshToken,
  RevokeRefreshToken,
  RevokeRefreshTokens,
  SetRefreshTokenMetadata,
  TokensModule,
} from '../../src/tokens/index.js'
import { IS_ACTIVE } from '../../src/tokens/queries/is-active.js'
import { RefreshTokensOverLimit } from '../../src/tokens/queries/refresh-tokens-over-limit.js'
import { familyUnderMarks } from '../../src/tokens/refresh-token/family-under-marks.js'
import { RevokeReplayedRefreshToken } from '../../src/tokens/commands/revoke-replayed-refresh-token.js'
import { markKey, markKeys, type RefreshTokenSelection, scopeOf } from '../../src/tokens/refresh-token/mark-key.js'
import { createOwnerClient } from '../../src/database/pool.js'
import { databaseUrl } from '../support/own-database.js'
import { eventually } from '../support/eventually.js'
import { TEXTS } from '../support/hostile-values.js'

/** As far as the database can tell, two processes. */
const workers: TestingModule[] = []
let pool: pg.Pool
const ORIGIN = { ip: '203.0.113.77', userAgent: 'test' }
const POLICY = { absoluteSeconds: 3600, idleSeconds: 600, leewaySeconds: 0 }

beforeAll(async () => {
  const config = completeConfig(loadConfig({ DATABASE_URL: databaseUrl, ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64') }))
  const imports = [ConfigModule.for(config), CqrsModule.forRoot(), DatabaseModule, EventStoreModule, KeysModule, AuditModule, RateLimitsModule, TokensModule]
  for (let n = 0; n < 2; n++) {
    const nest = await Test.createTestingModule({ imports }).compile()
    await nest.init()
    workers.push(nest)
  }
  pool = workers[0]!.get(pg.Pool)
})
afterAll(() => Promise.all(workers.map((nest) => nest.close())))

const commands = (worker = 0): CommandBus => workers[worker]!.get(CommandBus)

interface Login {
  readonly userId: string
  readonly clientId: string
  readonly audience: string | null
  readonly sessionId: string | null
  readonly authorizedAt?: string
}
const someLogin = (): Login => ({ userId: `auth0|${randomUUID()}`, clientId: 'app', audience: 'https://api', sessionId: randomUUID() })
const issue = (login: Login): Promise<IssuedRefreshToken> =>
  commands().execute(new IssueRefreshToken({ scope: ['offline_access'], rotating: true, ...login }, POLICY, ORIGIN))
const redeem = (refreshToken: string, worker = 0, clientId = 'app'): Promise<RedeemedRefreshToken> =>
  commands(worker).execute(new RedeemRefreshToken(refreshToken, clientId, POLICY, ORIGIN))
/** Times are of milliseconds: what begins next begins later. */
async function revoke(selection: RefreshTokenSelection, reason: 'api-bulk' | 'user-deleted' = 'api-bulk', happenedAt?: string): Promise<void> {
  await commands().execute(new RevokeRefreshTokens(selection, reason, {}, happenedAt))
  const now = Date.now()
  await eventually(() => Date.now() > now)
}
const isFound = async ({ familyId }: IssuedRefreshToken): Promise<boolean> =>
  (await workers[0]!.get(QueryBus).execute(new FindRefreshToken(familyId))) !== undefined
const eventsOf = async ({ familyId }: { readonly familyId: string }): Promise<string[]> => {
  const { rows } = await pool.query<{ type: string }>('select type from events where stream_id = $1 order by version', [`refresh_token_family-${familyId}`])
  return rows.map(({ type }) => type)
}
const outcome = (redeemed: RedeemedRefreshToken): string => (redeemed.kind === 'refused' ? redeemed.why : redeemed.kind)

describe('the keys of a family', () => {
  it('are the same in the database as here, whatever characters its ids hold, and name no other family', async () => {
    const texts = TEXTS.filter((text) => !/\0|\p{Surrogate}/u.test(text))
    const seen = new Map<string, string>()
    for (const [n, text] of texts.entries()) {
      const [userId, clientId, audience, sessionId] = [text, texts[(n + 1) % texts.length]!, n % 3 ? texts[(n + 2) % texts.length]! : null, text]
      const organizationId = text
      const values = [userId, clientId, audience, sessionId, organizationId]
      const { rows } = await pool.query<{ keys: string[]; others: string[] }>(
        'select refresh_token_mark_keys($1, $2, $3, $4, $5) as keys, refresh_token_mark_keys($1, $2, $3, $4, null) as others',
        values,
      )
      const selections = [{ userId }, { clientId }, { userId, clientId }, { userId, clientId, audience }, { userId, sessionId }, { organizationId }]
      expect(rows[0]!.keys).toEqual(selections.map((selection) => markKey(scopeOf(selection))))
      expect(markKeys({ userId, clientId, audience, sessionId, organizationId })).toEqual(rows[0]!.keys)
      expect(markKeys({ userId, clientId, audience, sessionId })).toEqual(rows[0]!.others)
      for (const selection of selections) {
        const text = JSON.stringify(selection)
        const key = markKey(scopeOf(selection))
        expect(seen.get(key) ?? text).toBe(text)
        seen.set(key, text)
      }
    }
  })
})

describe('a mark', () => {
  const other = { userId: `auth0|${randomUUID()}`, clientId: `app-${randomUUID()}`, audience: 'https://other', sessionId: randomUUID() }
  it.each<[string, (login: Login) => RefreshTokenSelection, (keyof typeof other)[]]>([
    ['a user', ({ userId }) => ({ userId }), ['userId']],
    ['a client', ({ clientId }) => ({ clientId }), ['clientId']],
    ['a user at a client', ({ userId, clientId }) => ({ userId, clientId }), ['userId', 'clientId']],
    ['a grant', ({ userId, clientId, audience }) => ({ userId, clientId, audience }), ['userId', 'clientId', 'audience']],
    ['a session', ({ userId, sessionId }) => ({ userId, sessionId: sessionId! }), ['userId', 'sessionId']],
  ])('of %s ends the tokens of it and no others', async (_, selection, members) => {
    const login = { ...someLogin(), clientId: `app-${randomUUID()}` }
    const doomed = await issue(login)
    const others = await Promise.all(members.map((member) => issue({ ...login, [member]: other[member] })))
    await revoke(selection(login))
    expect(outcome(await redeem(doomed.refreshToken, 1, login.clientId))).toBe('revoked')
    expect(await isFound(doomed)).toBe(false)
    for (const family of others) expect(await isFound(family)).toBe(true)
    expect(await eventsOf(doomed)).toEqual(['FamilyStarted'])
  })

  it('without an API ends no grant that has one, and the other way round', async () => {
    const login = someLogin()
    const [with_, without] = [await issue(login), await issue({ ...login, audience: null })]
    await revoke({ userId: login.userId, clientId: login.clientId, audience: null })
    expect([await isFound(with_), await isFound(without)]).toEqual([true, false])
  })

  it('ends nothing that began after it, and says why what began before has ended: the first mark after its login', async () => {
    const login = someLogin()
    const first = await issue(login)
    await revoke({ userId: login.userId }, 'user-deleted')
    const second = await issue(login)
    expect(outcome(await redeem(second.refreshToken))).toBe('redeemed')
    await revoke({ userId: login.userId })
    expect(outcome(await redeem(first.refreshToken))).toBe('user-gone')
    expect(outcome(await redeem(second.refreshToken))).toBe('revoked')
  })

  it('is made once for what is told afterwards', async () => {
    const login = someLogin()
    const marks = async (): Promise<number> =>
      (await pool.query('select from refresh_token_marks where key = $1', [markKey(scopeOf({ userId: login.userId }))])).rowCount!
    const happened = new Date(Date.now() - 1000).toISOString()
    await revoke({ userId: login.userId }, 'user-deleted', happened)
    const kept = await issue(login)
    for (let n = 0; n < 2; n++) await revoke({ userId: login.userId }, 'user-deleted', happened)
    expect([await marks(), await isFound(kept)]).toEqual([1, true])
  })

  it('ends the tokens of a login that began before it, whenever they are issued', async () => {
    const login = someLogin()
    const authorizedAt = new Date(Date.now() - 500).toISOString()
    await revoke({ userId: login.userId })
    const [late, fresh] = [await issue({ ...login, authorizedAt }), await issue(login)]
    expect([outcome(await redeem(late.refreshToken)), outcome(await redeem(fresh.refreshToken))]).toEqual(['revoked', 'redeemed'])
  })

  it('ends what takes the place of a token when its client begins to rotate', async () => {
    const login = someLogin()
    const { refreshToken } = await issue({ ...login, rotating: false } as Login)
    const switching = new RedeemRefreshToken(refreshToken, 'app', { ...POLICY, rotating: true }, ORIGIN)
    const happened = Date.now()
    await eventually(() => Date.now() > happened)
    const switched = await commands().execute<RedeemRefreshToken, RedeemedRefreshToken>(switching)
    expect(switched).toMatchObject({ kind: 'redeemed' })
    // As of before the switch: what was to end then is what came of it.
    await revoke({ userId: login.userId }, 'api-bulk', new Date(happened).toISOString())
    expect(outcome(await redeem((switched as { refreshToken: string }).refreshToken))).toBe('revoked')
  })

  it('lets nothing more happen to a family, but that its code came back', async () => {
    const login = someLogin()
    const family = await issue(login)
    await revoke({ userId: login.userId })
    expect(await commands().execute(new SetRefreshTokenMetadata(family.familyId, { a: 'b' }))).toBe(false)
    expect(await commands().execute(new RevokeRefreshToken(family.familyId, 'api'))).toBe(false)
    expect(await eventsOf(family)).toEqual(['FamilyStarted'])
    await commands().execute(new RevokeReplayedRefreshToken(family.familyId, ORIGIN, {}))
    expect(await eventsOf(family)).toEqual(['FamilyStarted', 'FamilyRevoked'])
  })
})

describe('exchanges that race a mark', () => {
  it('happen before it or not at all, on every worker, and stand before it in the log', async () => {
    for (let round = 0; round < 5; round++) {
      const login = someLogin()
      const families = await Promise.all(Array.from({ length: 40 }, () => issue(login)))
      let answered = false
      let exchanged = 0
      const late: string[] = []
      const loops = families.map(async ({ refreshToken }, n) => {
        for (let token = refreshToken; ;) {
          const askedAfter = answered
          const redeemed = await redeem(token, n % 2)
          if (redeemed.kind === 'refused') return redeemed.why === 'revoked' ? undefined : late.push(redeemed.why)
          if (askedAfter) late.push('redeemed')
          exchanged++
          token = redeemed.refreshToken
        }
      })
      const first = Promise.race(loops.map((loop) => loop.then(() => undefined)))
      while (exchanged < 60) await Promise.race([first, new Promise(setImmediate)])
      await commands().execute(new RevokeRefreshTokens({ userId: login.userId }, 'api-bulk'))
      answered = true
      const committed = await exchangesOf(families)
      await Promise.all(loops)
      expect(late).toEqual([])
      expect(await exchangesOf(families)).toEqual(committed)
      expect(await laterThanTheMark(login.userId, families)).toEqual([])
    }
  })

  async function exchangesOf(families: readonly IssuedRefreshToken[]): Promise<number> {
    const { rows } = await pool.query<{ n: number }>(`select count(*) as n from events where stream_id = any($1)`, [names(families)])
    return rows[0]!.n
  }
  async function laterThanTheMark(userId: string, families: readonly IssuedRefreshToken[]): Promise<unknown[]> {
    const { rows } = await pool.query(
      `select e.* from events e, events m where m.stream_id = $1 and e.stream_id = any($2) and (e.epoch, e.xid, e.sequence) > (m.epoch, m.xid, m.sequence)`,
      [`refresh_token_mark-${markKey(scopeOf({ userId }))}`, names(families)],
    )
    return rows
  }
  const names = (families: readonly IssuedRefreshToken[]): string[] => families.map(({ familyId }) => `refresh_token_family-${familyId}`)
})

describe('a hundred thousand refresh tokens of one user', () => {
  const COUNT = 100_000
  const login = someLogin()
  let sample: IssuedRefreshToken

  /** Copies of one family under other ids: what is counted is what the mark writes. */
  beforeAll(async () => {
    sample = await issue(login)
    const owner = createOwnerClient(databaseUrl)
    await owner.connect()
    await owner.query(`insert into streams select 'refresh_token_family-copy-' || n, s.type, s.version, s.head_hash, s.state, s.state_version, s.last_at
                from streams s, generate_series(1, ${COUNT}) n where s.id = 'refresh_token_family-${sample.familyId}'`)
    await owner.query(`insert into refresh_tokens (id, user_id, client_id, session_id, audience, scope, rotating, created_at, position)
                select 'copy-' || n, s.state->>'userId', s.state->>'clientId', s.state->>'sessionId', s.state->>'audience', '[]', true,
                       (s.state->>'startedAt')::timestamptz, n
                from streams s, generate_series(1, ${COUNT}) n where s.id = 'refresh_token_family-${sample.familyId}'`)
    await owner.end()
  })

  it('die by one event and one row, and the limit per client reads none of them', async () => {
    const written = async (): Promise<object> => {
      const { rows } = await pool.query<object>(`select (select count(*) from events) as events, (select count(*) from refresh_token_marks) as marks,
                                                        (select sum(version) from streams) as versions`)
      return rows[0]!
    }
    const count = async (): Promise<number> => {
      const { rows } = await pool.query<{ n: number }>(`select count(*) as n from refresh_tokens t where t.user_id = $1 and ${IS_ACTIVE}`, [login.userId])
      return rows[0]!.n
    }
    const overLimit = async (): Promise<number> => (await workers[0]!.get(RefreshTokensOverLimit).find(login.userId, login.clientId, 200)).length
    expect([await count(), await overLimit()]).toEqual([COUNT, COUNT - 200])
    const before = (await written()) as { events: number; marks: number; versions: number }
    await revoke({ userId: login.userId })
    expect(await written()).toEqual({ events: before.events + 1, marks: before.marks + 1, versions: before.versions + 1 })
    expect([await count(), await overLimit()]).toEqual([0, 0])
    const store = workers[1]!.get(EventStore)
    for (const n of [1, COUNT / 2, COUNT])
      expect((await store.read(familyUnderMarks, `copy-${n}`)).state).toMatchObject({ status: 'revoked', reason: 'api-bulk' })
    expect(outcome(await redeem(sample.refreshToken, 1))).toBe('revoked')
  })
})
