import { Global, Module } from '@nestjs/common'
import pg from 'pg'
import { CONFIG, type Config } from '../config.js'
import { EventStore } from '../event-store/event-store.js'
import { LogKeyController } from './log-key.controller.js'
import { LookupKey } from './lookup-key.js'
import { PersonKeys } from './person-keys.js'
import { RootKeys } from './root-key.js'
import { SigningKeys } from './signing-keys.js'

/** Needs CONFIG, pg.Pool and EventStore from a global module. */
@Global()
@Module({
  controllers: [LogKeyController],
  providers: [
    { provide: RootKeys, inject: [CONFIG], useFactory: ({ encryptionKeys }: Config) => new RootKeys(encryptionKeys) },
    {
      provide: PersonKeys,
      inject: [pg.Pool, EventStore, RootKeys],
      useFactory: (pool: pg.Pool, store: EventStore, rootKeys: RootKeys) => new PersonKeys(pool, store, rootKeys),
    },
    {
      provide: SigningKeys,
      inject: [pg.Pool, EventStore, RootKeys, CONFIG],
      useFactory: (pool: pg.Pool, store: EventStore, rootKeys: RootKeys, { issuer }: Config) =>
        new SigningKeys(pool, store, rootKeys, new URL(issuer).hostname),
    },
    { provide: LookupKey, inject: [pg.Pool, RootKeys], useFactory: (pool: pg.Pool, rootKeys: RootKeys) => new LookupKey(pool, rootKeys) },
  ],
  exports: [RootKeys, PersonKeys, SigningKeys, LookupKey],
})
export class KeysModule {}
