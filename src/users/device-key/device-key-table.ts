import type pg from 'pg'
import type { DeviceKeyState } from './device-key.js'

/** In the transaction of its event. Errors: 23505 when the person has a key for the device; 23503 when there is no such person (any more). */
export async function insertDeviceKey(db: pg.PoolClient, id: string, state: DeviceKeyState, deviceLookup: Buffer, now: Date): Promise<void> {
  if (state.status === 'absent') throw new Error('a device key is inserted that does not exist')
  const { userId, clientId, device } = state
  await db.query('insert into device_keys (id, user_id, client_id, device_lookup, device, created_at) values ($1, $2, $3, $4, $5, $6)', [
    id,
    userId,
    clientId,
    deviceLookup,
    device,
    now,
  ])
}

export async function removeDeviceKey(db: pg.PoolClient, id: string): Promise<void> {
  await db.query('delete from device_keys where id = $1', [id])
}
