import { CommandBus, CqrsModule, QueryBus } from '@nestjs/cqrs'
import { Test, type TestingModule } from '@nestjs/testing'
import pg from 'pg'
import { AuditModule } from '../../src/audit/audit.module.js'
import { ConfigModule } from '../../src/config.module.js'
import { completeConfig, loadConfig } from '../../src/config.js'
import { DatabaseModule } from '../../src/database/database.module.js'
import { BackgroundWorker } from '../../src/event-store/background-worker.js'
import { CatchUp } from '../../src/event-store/catch-up.js'
import type { PersonalData } from '../../src/event-store/event.js'
import { EventStoreModule } from '../../src/event-store/event-store.module.js'
import { RateLimitsModule } from '../../src/http/rate-limits.js'
import { KeysModule } from '../../src/keys/keys.module.js'
import { PersonKeys } from '../../src/keys/person-keys.js'
import { InvalidMetadataError } from '../../src/metadata.js'
import { projections } from '../../src/projections.js'
import {
  ActiveLimitReactor,
  FindRefreshTokens,
  IssueRefreshToken,
  type IssuedRefreshToken,
  RedeemRefreshToken,
  type RedeemedRefreshToken,
  RevokeRefreshToken,
  SetRefreshTokenMetadata,
  TokensModule,
} from '../../src/tokens/index.js'
import { databaseUrl } from '../support/own-database.js'
import { testSigner } from '../support/log.js'

const LIMIT = 3
const policy = { absoluteSeconds: 3600, idleSeconds: 600, leewaySeconds: 0 }
const origin = { ip: '203.0.113.77', userAgent: 'Planted-Agent/1.0' }
let nest: TestingModule
let commands: CommandBus
let queries: QueryBus
let pool: pg.Pool
let background: BackgroundWorker
const trouble: unknown[] = []

beforeAll(async () => {
  const environment = { DATABASE_URL: databaseUrl, ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'), RT_MAX_ACTIVE_PER_USER_CLIENT: String(LIMIT) }
  const config = completeConfig(loadConfig(environment))
  nest = await Test.createTestingModule({
    imports: [ConfigModule.for(config), CqrsModule.forRoot(), DatabaseModule, EventStoreModule, KeysModule, AuditModule, RateLimitsModule, TokensModule],
  }).compile()
  await nest.init()
  commands = nest.get(CommandBus)
  queries = nest.get(QueryBus)
  pool = nest.get(pg.Pool)
  const log = { warn: () => undefined, error: (message: string, detail: object) => trouble.push(message, detail) }
  background = new BackgroundWorker(pool, testSigner(), projections, [nest.get(ActiveLimitReactor)], log)
  background.start()
})
afterAll(async () => {
  await background.stop()
  await nest.close()
  expect(trouble).toEqual([])
})

let people = 0
const newUser = (): string => `auth0|user${people++}`
const issue = (userId: string, over: object = {}): Promise<IssuedRefreshToken> =>
  commands.execute(
    new IssueRefreshToken(
      { userId, clientId: 'app', sessionId: null, audience: 'https://api', scope: ['offline_access', 'read:x'], rotating: true, ...over },
      policy,
      origin,
    ),
  )
const redeem = (token: string, over: object = {}): Promise<RedeemedRefreshToken> =>
  commands.execute(new RedeemRefreshToken(token, 'app', { ...policy, ...over }, origin))
const list = (userId: string, { clientId, ...options }: { clientId?: string; take?: number; after?: string | null } = {}) =>
  queries.execute(new FindRefreshTokens({ userId, ...(clientId !== undefined && { clientId }) }, { take: 50, ...options, after: options.after ?? undefined }))
const events = async (familyId: string): Promise<string[]> =>
  (await pool.query<{ type: string }>(`select type from events where stream_id = $1 order by version`, [`refresh_token_family-${familyId}`])).rows.map(
    ({ type }) => type,
  )

describe('redeeming', () => {
  it('rotates, and a spent token ends the family for its newest member too', async () => {
    const { familyId, refreshToken: first } = await issue(newUser())
    const second = await redeem(first)
    expect(second).toMatchObject({ kind: 'redeemed', familyId })
    expect(await redeem(first)).toMatchObject({ kind: 'refused', why: 'reuse' })
    expect(await redeem((second as { refreshToken: string }).refreshToken)).toMatchObject({ kind: 'refused', why: 'revoked' })
    expect(await events(familyId)).toEqual(['FamilyStarted', 'RefreshTokenRotated', 'FamilyRevoked'])
  })

  it('answers a retry inside the leeway with the same successor', async () => {
    const { refreshToken } = await issue(newUser())
    const [first, second] = [await redeem(refreshToken, { leewaySeconds: 60 }), await redeem(refreshToken, { leewaySeconds: 60 })]
    expect(second).toMatchObject({ kind: 'redeemed', refreshToken: (first as { refreshToken: string }).refreshToken })
  })

  it.each([
    ['that nobody issued', `v1.${'A'.repeat(70)}`],
    ['that is no refresh token', 'hello'],
    ['that is empty', ''],
  ])('does not know a token %s', async (_, text) => {
    expect(await redeem(text)).toEqual({ kind: 'refused', why: 'unknown' })
  })

  it('takes a token with a forged generation for unknown and leaves its family alone', async () => {
    const { familyId, refreshToken } = await issue(newUser())
    const bytes = Buffer.from(refreshToken.slice(3), 'base64url')
    bytes.writeUInt32BE(2, 16)
    expect(await redeem(`v1.${bytes.toString('base64url')}`)).toEqual({ kind: 'refused', why: 'unknown' })
    expect(await events(familyId)).toEqual(['FamilyStarted'])
    expect((await redeem(refreshToken)).kind).toBe('redeemed')
  })

  it('finds a token again after the root key was rotated', async () => {
    const { refreshToken } = await issue(newUser())
    const rotated = { DATABASE_URL: databaseUrl, ENCRYPTION_KEY: [Buffer.alloc(32, 8), Buffer.alloc(32, 7)].map((key) => key.toString('base64')).join(',') }
    const config = completeConfig(loadConfig(rotated))
    const later = await Test.createTestingModule({
      imports: [ConfigModule.for(config), CqrsModule.forRoot(), DatabaseModule, EventStoreModule, KeysModule, AuditModule, RateLimitsModule, TokensModule],
    }).compile()
    await later.init()
    expect(await later.get(CommandBus).execute(new RedeemRefreshToken(refreshToken, 'app', policy, origin))).toMatchObject({ kind: 'redeemed' })
    await later.close()
  })
})

describe('the list of a user', () => {
  it('shows what was written before it was asked for, by id and in pages', async () => {
    const userId = newUser()
    const ids = (await Promise.all([issue(userId), issue(userId), issue(userId)])).map(({ familyId }) => familyId).sort()
    const all = await list(userId)
    expect(all).toMatchObject({ current: true, next: null })
    expect(all.refreshTokens.map(({ id }) => id)).toEqual(ids)
    const first = await list(userId, { take: 2 })
    expect(first.next).toBe(ids[1])
    expect((await list(userId, { take: 2, after: first.next })).refreshTokens.map(({ id }) => id)).toEqual([ids[2]])
  })

  it('leaves out the revoked, the expired and other clients', async () => {
    const userId = newUser()
    const [kept, revoked] = [await issue(userId), await issue(userId)]
    await commands.execute(
      new IssueRefreshToken(
        { userId, clientId: 'app', sessionId: null, audience: null, scope: [], rotating: true },
        { absoluteSeconds: 0, idleSeconds: null },
        origin,
      ),
    )
    await issue(userId, { clientId: 'other' })
    expect(await commands.execute(new RevokeRefreshToken(revoked.familyId, 'api'))).toBe(true)
    expect((await list(userId, { clientId: 'app' })).refreshTokens.map(({ id }) => id)).toEqual([kept.familyId])
  })
})

describe('metadata', () => {
  it('survives rotation, is readable with the person key, and stands nowhere in clear', async () => {
    const userId = newUser()
    const { familyId, refreshToken } = await issue(userId, { metadata: { deviceName: 'PlantedPhone' } })
    await redeem(refreshToken)
    const [row] = (await list(userId)).refreshTokens
    expect(await nest.get(PersonKeys).open(row!.metadata as PersonalData)).toEqual({ deviceName: 'PlantedPhone' })
    expect(await commands.execute(new SetRefreshTokenMetadata(familyId, { other: 'value' }))).toBe(true)
    expect(await nest.get(PersonKeys).open((await list(userId)).refreshTokens[0]!.metadata as PersonalData)).toEqual({ other: 'value' })
    for (const planted of ['PlantedPhone', origin.ip, origin.userAgent]) expect(await tablesThatHold(planted)).toEqual([])
  })

  it('is refused as a whole when one entry is bad', async () => {
    const { familyId } = await issue(newUser())
    await expect(commands.execute(new SetRefreshTokenMetadata(familyId, { 'a b': 'x' }))).rejects.toThrow(InvalidMetadataError)
    expect(await events(familyId)).toEqual(['FamilyStarted'])
  })

  it('is gone for ever with the key of the person', async () => {
    const userId = newUser()
    await issue(userId, { metadata: { a: 'b' } })
    const row = (await list(userId)).refreshTokens[0]!
    expect(await nest.get(PersonKeys).erase(userId)).toBe(true)
    expect(await nest.get(PersonKeys).open(row.metadata as PersonalData)).toBeUndefined()
  })

  async function tablesThatHold(text: string): Promise<string[]> {
    const { rows } = await pool.query<{ name: string }>(
      `select relname as name from pg_class where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace and has_table_privilege(oid, 'select')`,
    )
    const found: string[] = []
    for (const { name } of rows) if ((await pool.query(`select 1 from ${name} t where t::text like $1 limit 1`, [`%${text}%`])).rowCount) found.push(name)
    return found
  }
})

describe('the limit per user and client', () => {
  it('revokes the oldest when one more is issued, and nobody else', async () => {
    const userId = newUser()
    const other = await issue(userId, { clientId: 'other' })
    const issued: IssuedRefreshToken[] = []
    for (let n = 0; n < LIMIT + 2; n++) issued.push(await issue(userId))
    // Two may be of one millisecond.
    issued.sort((a, b) => a.at.getTime() - b.at.getTime() || (a.familyId < b.familyId ? -1 : 1))
    expect(await nest.get(CatchUp).caughtUp('active_limit', 60_000)).toBe(true)
    expect((await list(userId)).refreshTokens.map(({ id }) => id)).toEqual([other, ...issued.slice(2)].map(({ familyId }) => familyId).sort())
    expect(await redeem(issued[0]!.refreshToken)).toMatchObject({ kind: 'refused', why: 'revoked' })
    const { rows } = await pool.query(`select data from events where stream_id = $1 and type = 'FamilyRevoked'`, [
      `refresh_token_family-${issued[0]!.familyId}`,
    ])
    expect(rows).toEqual([{ data: { reason: 'limit', latestGeneration: 1, activeBefore: LIMIT + 1 } }])
  })
})
