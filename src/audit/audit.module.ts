import { Global, Module } from '@nestjs/common'
import { EventStore } from '../event-store/event-store.js'
import { Audit } from './audit.js'

@Global()
@Module({ providers: [{ provide: Audit, useFactory: (store: EventStore) => new Audit(store), inject: [EventStore] }], exports: [Audit] })
export class AuditModule {}
