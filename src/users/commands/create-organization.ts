import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import { isUniqueViolation } from '../../database/errors.js'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import type { OrganizationConnection, OrganizationDocument } from '../organization/organization.events.js'
import { createOrganization, organization } from '../organization/organization.js'
import { OrganizationItemGoneError, writeOrganization } from '../organization/organization-table.js'

/** Answers 'exists' when the id or the name is taken, 'missing' when one of the connections is not there; both change nothing. */
export class CreateOrganization extends Command<'created' | 'exists' | 'missing'> {
  constructor(
    readonly document: OrganizationDocument,
    readonly connections: readonly OrganizationConnection[],
    readonly context: Context,
  ) {
    super()
  }
}

@CommandHandler(CreateOrganization)
export class CreateOrganizationHandler implements ICommandHandler<CreateOrganization> {
  constructor(private readonly store: EventStore) {}

  async execute({ document, connections, context }: CreateOrganization): Promise<'created' | 'exists' | 'missing'> {
    const { id } = document
    const added = connections.map(({ connection_id }) => connection_id)
    try {
      const { result } = await this.store.transact(
        organization,
        id,
        (state) => createOrganization(state, document, connections),
        { ...context, organizationId: id },
        (db, state, now) => writeOrganization(db, id, state, now, added),
      )
      return result
    } catch (error) {
      if (isUniqueViolation(error)) return 'exists'
      if (error instanceof OrganizationItemGoneError) return 'missing'
      throw error
    }
  }
}
