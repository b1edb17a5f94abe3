import type { Decider, Decision } from '../../event-store/event.js'
import { applyDifference, type Changes, difference } from '../../event-store/difference.js'
import { type TenantEvent, type TenantSettings, tenantUpcasters } from './tenant.events.js'

/** There is one tenant. */
export const TENANT_ID = 'tenant'

interface TenantState {
  readonly settings: TenantSettings
}

export const tenant: Decider<TenantState, TenantEvent> = {
  streamType: 'tenant',
  initial: { settings: {} },
  stateVersion: 1,
  upcasters: tenantUpcasters,
  evolve: ({ settings }, { type, data }) => {
    switch (type) {
      case 'TenantSettingsChanged':
        return { settings: applyDifference(settings, data.changes) }
    }
  },
}

export function changeSettings({ settings }: TenantState, wanted: Changes<TenantSettings>): Decision<TenantEvent, undefined> {
  const changes = difference(settings, wanted)
  return { events: changes ? [{ type: 'TenantSettingsChanged', data: { changes } }] : [], result: undefined }
}
