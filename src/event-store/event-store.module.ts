import { Global, Module } from '@nestjs/common'
import pg from 'pg'
import { CONFIG, type Config } from '../config.js'
import { BackgroundJobs } from './background-jobs.js'
import { CatchUp } from './catch-up.js'
import { EventStore } from './event-store.js'
import { LogCheckpoints } from './verification/log-checkpoints.js'

/** Expects a pg.Pool from the database module, and CONFIG. */
@Global()
@Module({
  providers: [
    { provide: EventStore, useFactory: (pool: pg.Pool) => new EventStore(pool), inject: [pg.Pool] },
    { provide: CatchUp, useFactory: (pool: pg.Pool) => new CatchUp(pool), inject: [pg.Pool] },
    BackgroundJobs,
    {
      provide: LogCheckpoints,
      useFactory: (pool: pg.Pool, config: Config, jobs: BackgroundJobs) => new LogCheckpoints(pool, config, jobs),
      inject: [pg.Pool, CONFIG, BackgroundJobs],
    },
  ],
  exports: [EventStore, CatchUp, BackgroundJobs],
})
export class EventStoreModule {}
