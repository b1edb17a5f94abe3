import { type DynamicModule, Module } from '@nestjs/common'
import { CqrsModule } from '@nestjs/cqrs'
import { AuditModule } from '../audit/audit.module.js'
import { AuthorizationModule } from '../authorization/index.js'
import type { Config } from '../config.js'
import { ConfigModule } from '../config.module.js'
import { DatabaseModule } from '../database/database.module.js'
import { EventStoreModule } from '../event-store/event-store.module.js'
import { KeysModule } from '../keys/keys.module.js'
import { UsersModule } from '../users/index.js'
import { Bootstrap } from './bootstrap.js'

/** The part of the service that the first start needs: no HTTP, no background work. */
@Module({})
export class BootstrapModule {
  static for(config: Config): DynamicModule {
    const foundation = [ConfigModule.for(config), DatabaseModule, EventStoreModule, KeysModule, AuditModule]
    return { module: BootstrapModule, imports: [...foundation, CqrsModule, UsersModule, AuthorizationModule], providers: [Bootstrap] }
  }
}
