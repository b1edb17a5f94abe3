import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import { isUniqueViolation } from '../../database/errors.js'
import type { Changes } from '../../event-store/difference.js'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import type { RoleDocument } from '../role/role.events.js'
import { changeRole, role } from '../role/role.js'
import { writeRole } from '../role/role-table.js'

/** Sets the members that are named. Answers 'exists', and changes nothing, when the new name is another role's. */
export class ChangeRole extends Command<'changed' | 'absent' | 'exists'> {
  constructor(
    readonly roleId: string,
    readonly changes: Changes<Omit<RoleDocument, 'id'>>,
    readonly context: Context,
  ) {
    super()
  }
}

@CommandHandler(ChangeRole)
export class ChangeRoleHandler implements ICommandHandler<ChangeRole> {
  constructor(private readonly store: EventStore) {}

  async execute({ roleId, changes, context }: ChangeRole): Promise<'changed' | 'absent' | 'exists'> {
    try {
      const { result } = await this.store.transact(
        role,
        roleId,
        (state) => changeRole(state, changes),
        context,
        (db, state, now) => writeRole(db, roleId, state, now),
      )
      return result
    } catch (error) {
      if (isUniqueViolation(error)) return 'exists'
      throw error
    }
  }
}
