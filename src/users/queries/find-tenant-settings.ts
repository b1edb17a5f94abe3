import { Inject } from '@nestjs/common'
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs'
import pg from 'pg'
import type { TenantSettings } from '../tenant/tenant.events.js'
import { readSettings } from '../tenant/tenant-table.js'

/** What was set; a member that is missing has its default. */
export class FindTenantSettings extends Query<TenantSettings> {}

@QueryHandler(FindTenantSettings)
export class FindTenantSettingsHandler implements IQueryHandler<FindTenantSettings> {
  constructor(@Inject(pg.Pool) private readonly pool: pg.Pool) {}

  execute(): Promise<TenantSettings> {
    return readSettings(this.pool)
  }
}
