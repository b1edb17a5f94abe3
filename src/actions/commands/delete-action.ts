import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import { isForeignKeyViolation } from '../../database/errors.js'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { action, deleteAction } from '../action/action.js'
import { writeAction } from '../action/action-table.js'
import { removeAction, triggerBindings } from '../trigger-bindings/trigger-bindings.js'
import { writeBindings } from '../trigger-bindings/trigger-bindings-table.js'

/** Somebody may bind it again while it is being deleted. */
const TRIES = 5

/** Removes an Action with its versions. `force`: what its trigger would still run it for is taken from the trigger first. */
export class DeleteAction extends Command<'deleted' | 'absent' | 'bound'> {
  constructor(
    readonly id: string,
    readonly force: boolean,
    readonly context: Context,
  ) {
    super()
  }
}

@CommandHandler(DeleteAction)
export class DeleteActionHandler implements ICommandHandler<DeleteAction> {
  constructor(private readonly store: EventStore) {}

  async execute({ id, force, context }: DeleteAction): Promise<'deleted' | 'absent' | 'bound'> {
    for (let tries = 1; ; tries++) {
      if (force) await this.#unbind(id, context)
      try {
        const { result } = await this.store.transact(action, id, deleteAction, context, (db, state, now) => writeAction(db, id, state, now))
        return result
      } catch (error) {
        if (!isForeignKeyViolation(error)) throw error
        if (!force || tries === TRIES) return 'bound'
      }
    }
  }

  async #unbind(id: string, context: Context): Promise<void> {
    const { state } = await this.store.read(action, id)
    if (state.status !== 'present') return
    const trigger = state.draft.trigger.id
    await this.store.transact(
      triggerBindings,
      trigger,
      (bindings) => removeAction(bindings, id),
      context,
      (db, bindings, now) => writeBindings(db, trigger, bindings, now),
    )
  }
}
