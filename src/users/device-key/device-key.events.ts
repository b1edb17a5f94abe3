import type { PersonalData, Upcasters } from '../../event-store/event.js'

/** A public key of somebody's device (spec/management-api.md §2.8). `device` is its name, its id and the key, sealed. */
export interface DeviceKey {
  readonly userId: string
  readonly clientId: string | null
  readonly device: PersonalData
}

export type DeviceKeyEvent = { readonly type: 'DeviceKeyAdded'; readonly data: DeviceKey } | { readonly type: 'DeviceKeyDeleted'; readonly data: object }

export const deviceKeyUpcasters: Upcasters<DeviceKeyEvent> = { DeviceKeyAdded: [], DeviceKeyDeleted: [] }
