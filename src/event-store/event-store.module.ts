import { Global, Module } from '@nestjs/common'
import pg from 'pg'
import { CatchUp } from './catch-up.js'
import { EventStore } from './event-store.js'

/** Expects a pg.Pool from the database module. */
@Global()
@Module({
  providers: [
    { provide: EventStore, useFactory: (pool: pg.Pool) => new EventStore(pool), inject: [pg.Pool] },
    { provide: CatchUp, useFactory: (pool: pg.Pool) => new CatchUp(pool), inject: [pg.Pool] },
  ],
  exports: [EventStore, CatchUp],
})
export class EventStoreModule {}
