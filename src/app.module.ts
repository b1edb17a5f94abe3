import { type DynamicModule, Module } from '@nestjs/common'
import { ActionsModule } from './actions/index.js'
import { AuditModule } from './audit/audit.module.js'
import { AuthorizationModule } from './authorization/index.js'
import { BackgroundModule } from './background.module.js'
import type { Config } from './config.js'
import { ConfigModule } from './config.module.js'
import { DatabaseModule } from './database/database.module.js'
import { EventStoreModule } from './event-store/event-store.module.js'
import { OperationsModule } from './http/operations.module.js'
import { RateLimitsModule } from './http/rate-limits.js'
import { KeysModule } from './keys/keys.module.js'
import { ManagementJobsModule, ManagementModule } from './management/management.module.js'
import { SessionsModule } from './sessions/index.js'
import { TokensModule } from './tokens/index.js'
import { UsersModule } from './users/index.js'

/** What every process has. */
const FOUNDATION = [DatabaseModule, EventStoreModule, KeysModule, AuditModule, RateLimitsModule]
/** What answers HTTP, in dependency order. */
const HTTP = [UsersModule, ActionsModule, SessionsModule, AuthorizationModule, TokensModule, ManagementModule]
/** What one process does for all. */
const BACKGROUND = [ManagementJobsModule, BackgroundModule]

@Module({})
export class AppModule {
  /** `metrics` collects those of all processes, in Prometheus' text format. */
  static for(config: Config, metrics: () => Promise<string>): DynamicModule {
    const domain = config.part === 'background' ? BACKGROUND : HTTP
    return { module: AppModule, imports: [ConfigModule.for(config), ...FOUNDATION, OperationsModule.for(metrics), ...domain] }
  }
}
