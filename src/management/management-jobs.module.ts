import { Module } from '@nestjs/common'
import { Deliveries } from './log-streams/delivery/deliveries.js'
import { DeliverLogStreams } from './log-streams/delivery/deliver-log-streams.js'
import { SendLogs } from './log-streams/delivery/send-logs.js'
import { ForgetLogs } from './logs/forget-logs.js'
import { TenantLogs } from './logs/tenant-logs.js'

/** Management's work in the background: it brings its jobs to event-store/background-jobs.ts. */
@Module({ providers: [TenantLogs, Deliveries, SendLogs, DeliverLogStreams, ForgetLogs] })
export class ManagementJobsModule {}
