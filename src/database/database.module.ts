import { Global, Inject, Injectable, Module, type OnApplicationShutdown } from '@nestjs/common'
import pg from 'pg'
import { CONFIG, type Config } from '../config.js'
import { createPool, POOL_SIZE } from './pool.js'

/** After the server has closed and every module above has stopped, so that what is under way still finds its connection. */
@Injectable()
class CloseDatabase implements OnApplicationShutdown {
  constructor(@Inject(pg.Pool) private readonly pool: pg.Pool) {}

  async onApplicationShutdown(): Promise<void> {
    await this.pool.end()
  }
}

@Global()
@Module({
  providers: [{ provide: pg.Pool, useFactory: (config: Config) => createPool(config.databaseUrl, POOL_SIZE), inject: [CONFIG] }, CloseDatabase],
  exports: [pg.Pool],
})
export class DatabaseModule {}
