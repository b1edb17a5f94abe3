import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { deleteOrganization, organization } from '../organization/organization.js'
import { writeOrganization } from '../organization/organization-table.js'

/** Removes an organization; nobody is a member of it from then on, and nothing can be done in its name. */
export class DeleteOrganization extends Command<'deleted' | 'absent'> {
  constructor(
    readonly organizationId: string,
    readonly context: Context,
  ) {
    super()
  }
}

@CommandHandler(DeleteOrganization)
export class DeleteOrganizationHandler implements ICommandHandler<DeleteOrganization> {
  constructor(private readonly store: EventStore) {}

  async execute({ organizationId: id, context }: DeleteOrganization): Promise<'deleted' | 'absent'> {
    const cause = { ...context, organizationId: id }
    const { result } = await this.store.transact(organization, id, deleteOrganization, cause, (db, state, now) => writeOrganization(db, id, state, now))
    return result
  }
}
