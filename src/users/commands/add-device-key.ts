import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import { isForeignKeyViolation, isUniqueViolation } from '../../database/errors.js'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { LookupKey } from '../../keys/lookup-key.js'
import { PersonKeys } from '../../keys/person-keys.js'
import { randomText } from '../../random-text.js'
import { addDeviceKey, deviceKey } from '../device-key/device-key.js'
import { insertDeviceKey } from '../device-key/device-key-table.js'

/** What is kept sealed of a device's key. */
export interface Device {
  readonly name: string
  readonly id: string
  /** The public key, as it was given. */
  readonly key: string
}

/** Registers the public key of a person's device. Answers its id; 'exists' where the person has one for the device; 'no-user' where they are gone. */
export class AddDeviceKey extends Command<{ readonly id: string } | 'exists' | 'no-user'> {
  constructor(
    readonly userId: string,
    readonly clientId: string | null,
    readonly device: Device,
    readonly context: Context,
  ) {
    super()
  }
}

@CommandHandler(AddDeviceKey)
export class AddDeviceKeyHandler implements ICommandHandler<AddDeviceKey> {
  constructor(
    private readonly store: EventStore,
    private readonly personKeys: PersonKeys,
    private readonly lookupKey: LookupKey,
  ) {}

  async execute({ userId, clientId, device, context }: AddDeviceKey): Promise<{ id: string } | 'exists' | 'no-user'> {
    const id = `dcr_${randomText(16)}`
    const lookup = await this.lookupKey.of('attribute', `device ${device.id.toLowerCase()}`)
    const added = { userId, clientId, device: await this.personKeys.seal(userId, device, { current: true }) }
    try {
      const { result } = await this.store.transact(
        deviceKey,
        id,
        (state) => addDeviceKey(state, added),
        { ...context, userId },
        (db, state, now) => insertDeviceKey(db, id, state, lookup, now),
      )
      return result === 'added' ? { id } : result
    } catch (error) {
      if (isUniqueViolation(error)) return 'exists'
      if (isForeignKeyViolation(error)) return 'no-user'
      throw error
    }
  }
}
