import { jest } from '@jest/globals'
import { CommandBus, CqrsModule, QueryBus } from '@nestjs/cqrs'
import { Test, type TestingModule } from '@nestjs/testing'
import pg from 'pg'
import { AuditModule } from '../../src/audit/audit.module.js'
import { completeConfig, loadConfig } from '../../src/config.js'
import { ConfigModule } from '../../src/config.module.js'
import { DatabaseModule } from '../../src/database/database.module.js'
import { BackgroundWorker } from '../../src/event-store/background-worker.js'
import { EventStore } from '../../src/event-store/event-store.js'
import { EventStoreModule } from '../../src/event-store/event-store.module.js'
import { RateLimitsModule } from '../../src/http/rate-limits.js'
import { KeysModule } from '../../src/keys/keys.module.js'
import { personalValues } from '../../src/keys/personal-values.js'
import { RootKeys } from '../../src/keys/root-key.js'
import { projections } from '../../src/projections.js'
import { CountRefreshTokens, FindRevocation, IssueRefreshToken, RevokeMatchingRefreshTokens, TokensModule, WorkOffRevocations } from '../../src/tokens/index.js'
import { databaseUrl } from '../support/own-database.js'
import { testSigner } from '../support/log.js'

const MANY = 2300
const DEVICE = { initialUserAgent: 'Large/1' }

const environment = { DATABASE_URL: databaseUrl, ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64') }
let first: TestingModule
let background: BackgroundWorker
const opened: TestingModule[] = []
beforeAll(async () => {
  first = await worker()
  const log = { warn: () => undefined, error: () => undefined }
  background = new BackgroundWorker(first.get(pg.Pool), testSigner(), projections, [], log, personalValues(first.get(pg.Pool), first.get(RootKeys)))
  background.start()
})
afterAll(async () => {
  await background.stop()
  for (const nest of opened) await nest.close()
})

/** A process of the service, as far as its database can tell, without the jobs of one. */
async function worker(): Promise<TestingModule> {
  const config = completeConfig(loadConfig(environment))
  const nest = await Test.createTestingModule({
    imports: [ConfigModule.for(config), CqrsModule.forRoot(), DatabaseModule, EventStoreModule, KeysModule, AuditModule, RateLimitsModule, TokensModule],
  }).compile()
  await nest.init()
  opened.push(nest)
  return nest
}

async function issue(userAgent: string): Promise<void> {
  const n = Math.floor(Math.random() * 50)
  await first
    .get(CommandBus)
    .execute(
      new IssueRefreshToken(
        { userId: `auth0|${n}`, clientId: 'app', sessionId: null, audience: null, scope: [], rotating: true },
        { absoluteSeconds: 3600, idleSeconds: 600 },
        { ip: '203.0.113.1', userAgent },
      ),
    )
}
const count = (filter: object): Promise<number> => first.get(QueryBus).execute(new CountRefreshTokens(filter))

describe('a revocation of more than one request can wait for', () => {
  it('survives the death of each worker that takes it up, ends all that was meant and nothing else', async () => {
    for (let n = 0; n < MANY; n += 100) await Promise.all(Array.from({ length: 100 }, () => issue(DEVICE.initialUserAgent)))
    await issue('Other/1')
    const asked = await first.get(CommandBus).execute(new RevokeMatchingRefreshTokens(DEVICE, { actor: 'ops@clients' }))
    expect(asked).toMatchObject({ status: 'running', ended: 2000 })
    await issue(DEVICE.initialUserAgent)
    const revocationId = 'revocationId' in asked ? asked.revocationId : ''
    const progress = () => first.get(QueryBus).execute(new FindRevocation(revocationId))
    expect(await progress()).toMatchObject({ status: 'running', ended: 2000, context: { actor: 'ops@clients' } })

    // It dies after a third of its slice, before it could report.
    const dying = await worker()
    const store = dying.get(EventStore)
    const transact = store.transact.bind(store)
    let left = 100
    jest.spyOn(store, 'transact').mockImplementation((...call: unknown[]) => {
      if (left-- <= 0) return Promise.reject(new Error('killed'))
      return transact(...(call as Parameters<typeof transact>))
    })
    await expect(dying.get(CommandBus).execute(new WorkOffRevocations())).rejects.toThrow('killed')
    expect(await progress()).toMatchObject({ status: 'running', ended: 2000 })
    expect(await count(DEVICE)).toBe(MANY - 2000 - 100 + 1)

    const next = await worker()
    const turn = (): Promise<number> => next.get(CommandBus).execute(new WorkOffRevocations())
    while ((await turn()) > 0);
    expect(await progress()).toMatchObject({ status: 'finished' })
    // Only what came after the request is left.
    expect(await count(DEVICE)).toBe(1)
    expect(await count({ initialUserAgent: 'Other/1' })).toBe(1)
    const { rows } = await first
      .get(pg.Pool)
      .query<{ count: number }>(`select count(*) from events where type = 'FamilyRevoked' and metadata->>'causationId' = $1`, [revocationId])
    expect(rows[0]!.count).toBe(MANY)
  })
})
