import { Injectable } from '@nestjs/common'
import type { Origin, PersonalData } from '../../event-store/event.js'
import { PersonKeys } from '../../keys/person-keys.js'
import type { DeviceCredential } from '../../tokens/index.js'
import type { Device, FoundDeviceKey } from '../../users/index.js'
import type { ShownCredential } from './device-credentials.dto.js'

/** Opens what is sealed in device credentials: all keys of a page by one query. */
@Injectable()
export class ShowDeviceCredentials {
  constructor(private readonly personKeys: PersonKeys) {}

  /** Where nobody named the device, the browser stands for it. */
  async tokens(credentials: readonly DeviceCredential[]): Promise<ShownCredential[]> {
    const origins = await this.#open<Origin>(credentials.map(({ initialOrigin }) => initialOrigin as PersonalData | null))
    return credentials.map(({ id, userId, clientId, rotating }, n) => ({
      id,
      device_name: origins[n]?.deviceName ?? origins[n]?.userAgent ?? '',
      type: rotating ? 'rotating_refresh_token' : 'refresh_token',
      user_id: userId,
      client_id: clientId,
    }))
  }

  /** The key itself is shown to nobody. */
  async keys(keys: readonly FoundDeviceKey[]): Promise<ShownCredential[]> {
    const devices = await this.#open<Device>(keys.map(({ device }) => device))
    return keys.map(({ id, userId, clientId }, n) => ({
      id,
      device_name: devices[n]?.name ?? '',
      ...(devices[n] && { device_id: devices[n].id }),
      type: 'public_key',
      user_id: userId,
      client_id: clientId,
    }))
  }

  async #open<T>(sealed: readonly (PersonalData | null)[]): Promise<(T | undefined)[]> {
    const present = sealed.filter((value) => value !== null)
    const opened = await this.personKeys.openMany<T>(present)
    const values = new Map(present.map((value, n) => [value, opened[n]]))
    return sealed.map((value) => (value === null ? undefined : values.get(value)))
  }
}
