import { Injectable } from '@nestjs/common'
import { CommandBus } from '@nestjs/cqrs'
import { idIn, type SealedEvent } from '../event-store/event.js'
import type { Reactor } from '../event-store/projection.js'
import { type OrganizationEvent, organizationUpcasters } from '../users/index.js'
import { RevokeRefreshTokens } from './commands/revoke-refresh-tokens.js'

/** With an organization go the refresh tokens in its name, whatever happened to the process that deleted it. None is exchanged meanwhile: the exchange looks. */
@Injectable()
export class OrganizationDeletedReactor implements Reactor<OrganizationEvent> {
  readonly name = 'organization_deleted'
  readonly upcasters = organizationUpcasters

  constructor(private readonly commands: CommandBus) {}

  async react({ type, streamId, metadata: { at } }: SealedEvent<OrganizationEvent>): Promise<void> {
    if (type !== 'OrganizationDeleted') return
    const organizationId = idIn(streamId)
    await this.commands.execute(new RevokeRefreshTokens({ organizationId }, 'organization-deleted', { organizationId }, at))
  }
}
