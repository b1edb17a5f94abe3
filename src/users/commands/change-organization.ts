import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import { isUniqueViolation } from '../../database/errors.js'
import type { Changes } from '../../event-store/difference.js'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import type { OrganizationDocument } from '../organization/organization.events.js'
import { changeOrganization, organization } from '../organization/organization.js'
import { writeOrganization } from '../organization/organization-table.js'

/** Sets the members that are named. Answers 'exists', and changes nothing, when the new name is another organization's. */
export class ChangeOrganization extends Command<'changed' | 'absent' | 'exists'> {
  constructor(
    readonly organizationId: string,
    readonly changes: Changes<Omit<OrganizationDocument, 'id'>>,
    readonly context: Context,
  ) {
    super()
  }
}

@CommandHandler(ChangeOrganization)
export class ChangeOrganizationHandler implements ICommandHandler<ChangeOrganization> {
  constructor(private readonly store: EventStore) {}

  async execute({ organizationId, changes, context }: ChangeOrganization): Promise<'changed' | 'absent' | 'exists'> {
    try {
      const { result } = await this.store.transact(
        organization,
        organizationId,
        (state) => changeOrganization(state, changes),
        { ...context, organizationId },
        (db, state, now) => writeOrganization(db, organizationId, state, now),
      )
      return result
    } catch (error) {
      if (isUniqueViolation(error)) return 'exists'
      throw error
    }
  }
}
