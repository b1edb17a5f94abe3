import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { changeRolePermissions, type PermissionChange, role } from '../role/role.js'
import { writeRole } from '../role/role-table.js'

/** Gives permissions to a role, or takes them, for everybody who has it. Repeating it changes nothing. */
export class ChangeRolePermissions extends Command<'changed' | 'absent' | 'too many'> {
  constructor(
    readonly roleId: string,
    readonly change: PermissionChange,
    readonly context: Context,
  ) {
    super()
  }
}

@CommandHandler(ChangeRolePermissions)
export class ChangeRolePermissionsHandler implements ICommandHandler<ChangeRolePermissions> {
  constructor(private readonly store: EventStore) {}

  async execute({ roleId, change, context }: ChangeRolePermissions): Promise<'changed' | 'absent' | 'too many'> {
    const { result } = await this.store.transact(
      role,
      roleId,
      (state) => changeRolePermissions(state, change),
      context,
      (db, state, now) => writeRole(db, roleId, state, now),
    )
    return result
  }
}
