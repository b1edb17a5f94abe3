import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import {
  changeOrganizationConnection,
  changeOrganizationGrants,
  organization,
  type OrganizationConnectionChange,
  type OrganizationGrantChange,
  type OrganizationItemOutcome,
} from '../organization/organization.js'
import { OrganizationItemGoneError, writeOrganization } from '../organization/organization-table.js'

/** A connection, or a client grant by its id. */
type OrganizationItemChange = { readonly connection: OrganizationConnectionChange } | { readonly grant: OrganizationGrantChange }

/**
 * Lets a connection or a client grant be used for an organization, changes how, or ends that. Answers 'missing' for one that is not there, at
 * all or in the organization.
 */
export class ChangeOrganizationItems extends Command<OrganizationItemOutcome> {
  constructor(
    readonly organizationId: string,
    readonly change: OrganizationItemChange,
    readonly context: Context,
  ) {
    super()
  }
}

@CommandHandler(ChangeOrganizationItems)
export class ChangeOrganizationItemsHandler implements ICommandHandler<ChangeOrganizationItems> {
  constructor(private readonly store: EventStore) {}

  async execute({ organizationId, change, context }: ChangeOrganizationItems): Promise<OrganizationItemOutcome> {
    try {
      const { result } = await this.store.transact(
        organization,
        organizationId,
        (state) => ('grant' in change ? changeOrganizationGrants(state, change.grant) : changeOrganizationConnection(state, change.connection)),
        { ...context, organizationId },
        (db, state, now) => writeOrganization(db, organizationId, state, now, addedBy(change)),
      )
      return result
    } catch (error) {
      if (error instanceof OrganizationItemGoneError) return 'missing'
      throw error
    }
  }
}

function addedBy(change: OrganizationItemChange): string[] {
  if ('grant' in change) return 'add' in change.grant ? [change.grant.add] : []
  return 'add' in change.connection ? [change.connection.add.connection_id] : []
}
