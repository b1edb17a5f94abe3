import { Inject, Injectable, Logger, Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common'
import pg from 'pg'
import { BackgroundWorker } from './event-store/background-worker.js'
import { LogKey } from './keys/log-key.js'
import { personalValues } from './keys/personal-values.js'
import { RootKeys } from './keys/root-key.js'
import { projections } from './projections.js'
import { ActiveLimitReactor, ClientDeletedReactor, TokensModule, UserDeletedReactor } from './tokens/index.js'
import { ConnectionDeletedReactor, UserErasureReactor, UsersModule } from './users/index.js'

/** Runs the sealer, the projections and the reactors in this process, while it holds the lease. */
@Injectable()
class Background implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #log = new Logger('background')
  #worker: BackgroundWorker | undefined

  constructor(
    @Inject(pg.Pool) private readonly pool: pg.Pool,
    private readonly rootKeys: RootKeys,
    private readonly activeLimit: ActiveLimitReactor,
    private readonly clientDeleted: ClientDeletedReactor,
    private readonly userDeleted: UserDeletedReactor,
    private readonly connectionDeleted: ConnectionDeletedReactor,
    private readonly userErasure: UserErasureReactor,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    const signer = await LogKey.load(this.pool, this.rootKeys)
    this.#worker = new BackgroundWorker(
      this.pool,
      signer,
      projections,
      [this.activeLimit, this.clientDeleted, this.userDeleted, this.connectionDeleted, this.userErasure],
      this.#log,
      personalValues(this.pool, this.rootKeys),
    )
    this.#worker.start()
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#worker?.stop()
  }
}

@Module({ imports: [UsersModule, TokensModule], providers: [Background] })
export class BackgroundModule {}
