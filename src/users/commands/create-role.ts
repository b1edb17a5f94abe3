import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import { isUniqueViolation } from '../../database/errors.js'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import type { RoleDocument } from '../role/role.events.js'
import { createRole, role } from '../role/role.js'
import { writeRole } from '../role/role-table.js'

/** Answers 'exists', and changes nothing, when the id or the name is taken. */
export class CreateRole extends Command<'created' | 'exists'> {
  constructor(
    readonly role: RoleDocument,
    readonly context: Context,
  ) {
    super()
  }
}

@CommandHandler(CreateRole)
export class CreateRoleHandler implements ICommandHandler<CreateRole> {
  constructor(private readonly store: EventStore) {}

  async execute({ role: document, context }: CreateRole): Promise<'created' | 'exists'> {
    try {
      const { result } = await this.store.transact(
        role,
        document.id,
        (state) => createRole(state, document),
        context,
        (db, state, now) => writeRole(db, document.id, state, now),
      )
      return result
    } catch (error) {
      if (isUniqueViolation(error)) return 'exists'
      throw error
    }
  }
}
