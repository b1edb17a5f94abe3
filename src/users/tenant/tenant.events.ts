import type { Upcasters } from '../../event-store/event.js'
import type { Difference } from '../../event-store/difference.js'

/** What was set: members that are not here have the defaults of spec/management-api.md §2.13. Member names are Auth0's. */
export interface TenantSettings {
  /** Name of the connection that people log in through when nothing else is asked for. */
  readonly default_directory?: string
  readonly default_audience?: string
  readonly friendly_name?: string
  readonly flags?: Readonly<Record<string, boolean>>
  readonly [member: string]: unknown
}

export type TenantEvent = { readonly type: 'TenantSettingsChanged'; readonly data: { readonly changes: Difference<TenantSettings> } }

export const tenantUpcasters: Upcasters<TenantEvent> = { TenantSettingsChanged: [] }
