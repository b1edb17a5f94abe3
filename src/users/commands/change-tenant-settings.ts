import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import type { Changes } from '../../event-store/difference.js'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import type { TenantSettings } from '../tenant/tenant.events.js'
import { changeSettings, TENANT_ID, tenant } from '../tenant/tenant.js'
import { writeSettings } from '../tenant/tenant-table.js'

/** Sets the members that are named; undefined takes one back to its default. Changes that depend on what is set come as a function of it. */
export class ChangeTenantSettings extends Command<void> {
  constructor(
    readonly changes: Changes<TenantSettings> | ((settings: TenantSettings) => Changes<TenantSettings>),
    readonly context: Context,
  ) {
    super()
  }
}

@CommandHandler(ChangeTenantSettings)
export class ChangeTenantSettingsHandler implements ICommandHandler<ChangeTenantSettings> {
  constructor(private readonly store: EventStore) {}

  async execute({ changes, context }: ChangeTenantSettings): Promise<void> {
    await this.store.transact(
      tenant,
      TENANT_ID,
      (state) => changeSettings(state, typeof changes === 'function' ? changes(state.settings) : changes),
      context,
      (db, { settings }, now) => writeSettings(db, settings, now),
    )
  }
}
