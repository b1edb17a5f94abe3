import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { deleteRole, role } from '../role/role.js'
import { writeRole } from '../role/role-table.js'

/** Removes a role; nobody has it from then on, nor what it permitted. */
export class DeleteRole extends Command<'deleted' | 'absent'> {
  constructor(
    readonly roleId: string,
    readonly context: Context,
  ) {
    super()
  }
}

@CommandHandler(DeleteRole)
export class DeleteRoleHandler implements ICommandHandler<DeleteRole> {
  constructor(private readonly store: EventStore) {}

  async execute({ roleId, context }: DeleteRole): Promise<'deleted' | 'absent'> {
    const { result } = await this.store.transact(role, roleId, deleteRole, context, (db, state, now) => writeRole(db, roleId, state, now))
    return result
  }
}
