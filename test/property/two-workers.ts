import type { INestApplicationContext } from '@nestjs/common'
import { CommandBus, QueryBus } from '@nestjs/cqrs'
import { NestFactory } from '@nestjs/core'
import pg from 'pg'
import { AppModule } from '../../src/app.module.js'
import { EventStore } from '../../src/event-store/event-store.js'
import { PersonKeys } from '../../src/keys/person-keys.js'
import { RootKeys } from '../../src/keys/root-key.js'
import { createLogger, NestLog } from '../../src/logging.js'
import { IssueRefreshTokenHandler } from '../../src/tokens/commands/issue-refresh-token.js'
import { type RedeemRefreshToken, type RedeemedRefreshToken, RedeemRefreshTokenHandler } from '../../src/tokens/commands/redeem-refresh-token.js'
import { type ConnectionDocument, CreateUser, FindConnection } from '../../src/users/index.js'
import { bootstrapped, configFor } from '../support/bootstrapped.js'
import { type Clock, databaseWithClock } from '../support/clock.js'

/** The service without its background, twice, on one database whose clock stands where it is put. */
export interface TwoWorkers {
  readonly clock: Clock
  readonly commands: CommandBus
  readonly store: EventStore
  worker(n: number): Worker
  /** Commands as one of the two executes them. */
  commandsOf(n: number): CommandBus
  newUser(): Promise<string>
  close(): Promise<void>
}

export async function twoWorkers(): Promise<TwoWorkers> {
  const { databaseUrl, clock } = await databaseWithClock()
  await bootstrapped(databaseUrl)
  const [first, second] = [await startContext(databaseUrl), await startContext(databaseUrl)]
  const [commands, keys] = [first.get(CommandBus), first.get(RootKeys)]
  const connection = (await first.get(QueryBus).execute(new FindConnection('Username-Password-Authentication'))) as ConnectionDocument
  let people = 0
  return {
    clock,
    commands,
    store: first.get(EventStore),
    worker: (n) => new Worker([first, second][n]!.get<pg.Pool>(pg.Pool), keys),
    commandsOf: (n) => [first, second][n]!.get(CommandBus),
    async newUser() {
      const userId = `auth0|property-${++people}`
      const { id, name, strategy } = connection
      await commands.execute(new CreateUser({ userId, connection: { id, name, strategy }, email: `p${people}@example.com`, emailVerified: true }, {}))
      return userId
    },
    async close() {
      await second.close()
      await first.close()
    },
  }
}

function startContext(databaseUrl: string): Promise<INestApplicationContext> {
  const config = { ...configFor(databaseUrl), part: 'http' as const }
  const logger = new NestLog(createLogger('silent', 'http'))
  return NestFactory.createApplicationContext(
    AppModule.for(config, () => Promise.resolve('')),
    { logger, abortOnError: false },
  )
}

/** What a process of the service holds of its own; a restart makes it anew. */
export class Worker {
  readonly issue: IssueRefreshTokenHandler
  readonly #redeem: RedeemRefreshTokenHandler

  constructor(
    private readonly pool: pg.Pool,
    private readonly rootKeys: RootKeys,
  ) {
    const store = new EventStore(pool)
    const personKeys = new PersonKeys(pool, store, rootKeys)
    this.#redeem = new RedeemRefreshTokenHandler(store, rootKeys, personKeys)
    this.issue = new IssueRefreshTokenHandler(store, rootKeys, personKeys)
  }

  restarted(): Worker {
    return new Worker(this.pool, this.rootKeys)
  }

  redeem(request: RedeemRefreshToken): Promise<RedeemedRefreshToken> {
    return this.#redeem.execute(request)
  }
}
