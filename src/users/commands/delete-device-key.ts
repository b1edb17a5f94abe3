import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { deleteDeviceKey, deviceKey } from '../device-key/device-key.js'
import { removeDeviceKey } from '../device-key/device-key-table.js'

/** Answers whether the key was there. */
export class DeleteDeviceKey extends Command<boolean> {
  constructor(
    readonly id: string,
    readonly context: Context,
  ) {
    super()
  }
}

@CommandHandler(DeleteDeviceKey)
export class DeleteDeviceKeyHandler implements ICommandHandler<DeleteDeviceKey> {
  constructor(private readonly store: EventStore) {}

  async execute({ id, context }: DeleteDeviceKey): Promise<boolean> {
    const { result } = await this.store.transact(
      deviceKey,
      id,
      (state) => ({ ...deleteDeviceKey(state), cause: () => (state.status === 'present' ? { userId: state.userId } : {}) }),
      context,
      (db) => removeDeviceKey(db, id),
    )
    return result
  }
}
