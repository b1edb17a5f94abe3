import { type DynamicModule, Module } from '@nestjs/common'
import { CONFIG, type Config } from './config.js'

/** Gives every module the configuration under CONFIG. */
@Module({})
export class ConfigModule {
  static for(config: Config): DynamicModule {
    return { module: ConfigModule, global: true, providers: [{ provide: CONFIG, useValue: config }], exports: [CONFIG] }
  }
}
