import { type DynamicModule, Module } from '@nestjs/common'
import { HealthController } from './health.controller.js'
import { METRICS, MetricsController } from './metrics.controller.js'

/** What operators' machines ask: health and metrics. */
@Module({})
export class OperationsModule {
  static for(metrics: () => Promise<string>): DynamicModule {
    return { module: OperationsModule, controllers: [HealthController, MetricsController], providers: [{ provide: METRICS, useValue: metrics }] }
  }
}
