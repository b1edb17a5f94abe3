import { OneOf, Required, Text } from '../validation/rules.js'

/** The public key of somebody's own device (spec/management-api.md §2.8). */
export class CreateDeviceCredential {
  @Required()
  @Text({ min: 1, max: 255 })
  device_name!: string

  @Required()
  @OneOf(['public_key'])
  type!: string

  @Required()
  @Text({ min: 1, max: 10_000 })
  value!: string

  @Required()
  @Text({ min: 1, max: 36, pattern: /^[-A-Fa-f0-9]+$/ })
  device_id!: string

  @Text({ min: 1, max: 64 })
  client_id?: string
}

/** A device credential of any kind, its personal values opened as far as anybody can. */
export interface ShownCredential {
  readonly id: string
  readonly device_name: string
  readonly device_id?: string
  readonly type: 'public_key' | 'refresh_token' | 'rotating_refresh_token'
  readonly user_id: string
  readonly client_id: string | null
}
