import type { Decider, Decision } from '../../event-store/event.js'
import { type DeviceKey, type DeviceKeyEvent, deviceKeyUpcasters } from './device-key.events.js'

export type DeviceKeyState = { readonly status: 'absent' } | ({ readonly status: 'present' } & DeviceKey)

export const deviceKey: Decider<DeviceKeyState, DeviceKeyEvent> = {
  streamType: 'device_key',
  initial: { status: 'absent' },
  stateVersion: 1,
  upcasters: deviceKeyUpcasters,
  evolve: (_, { type, data }) => {
    switch (type) {
      case 'DeviceKeyAdded':
        return { status: 'present', ...data }
      case 'DeviceKeyDeleted':
        return { status: 'absent' }
    }
  },
}

export function addDeviceKey(state: DeviceKeyState, added: DeviceKey): Decision<DeviceKeyEvent, 'added' | 'exists'> {
  if (state.status === 'present') return { events: [], result: 'exists' }
  return { events: [{ type: 'DeviceKeyAdded', data: added }], result: 'added' }
}

/** Answers whether it was there. */
export function deleteDeviceKey(state: DeviceKeyState): Decision<DeviceKeyEvent, boolean> {
  return { events: state.status === 'present' ? [{ type: 'DeviceKeyDeleted', data: {} }] : [], result: state.status === 'present' }
}
