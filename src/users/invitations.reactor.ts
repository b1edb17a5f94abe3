import { Injectable } from '@nestjs/common'
import { CommandBus } from '@nestjs/cqrs'
import { idIn, type SealedEvent, type Upcasters } from '../event-store/event.js'
import type { Reactor } from '../event-store/projection.js'
import { EndInvitation } from './commands/end-invitation.js'
import { EndInvitationsOf } from './commands/end-invitations-of.js'
import { type InvitationEvent, invitationUpcasters } from './invitation/invitation.events.js'
import { type OrganizationEvent, organizationUpcasters } from './organization/organization.events.js'
import { type UserEvent, userUpcasters } from './user/user.events.js'

type Heard = Extract<UserEvent, { type: 'OrganizationInvitationAccepted' }> | Extract<OrganizationEvent, { type: 'OrganizationDeleted' }> | InvitationEvent

/**
 * An invitation ends when it is accepted, and with its organization; what it said of people is erased at its end, whatever happened to a process
 * meanwhile.
 */
@Injectable()
export class InvitationsReactor implements Reactor<Heard> {
  readonly name = 'invitations'
  readonly upcasters: Upcasters<Heard> = {
    OrganizationInvitationAccepted: userUpcasters.OrganizationInvitationAccepted,
    OrganizationDeleted: organizationUpcasters.OrganizationDeleted,
    ...invitationUpcasters,
  }

  constructor(private readonly commands: CommandBus) {}

  async react({ type, data, streamId, metadata }: SealedEvent<Heard>): Promise<void> {
    const { actor, clientId, userId, organizationId } = metadata
    const by = { ...(actor !== undefined && { actor }), ...(clientId !== undefined && { clientId }), ...(userId !== undefined && { userId }) }
    const context = { ...by, ...(organizationId !== undefined && { organizationId }) }
    switch (type) {
      case 'InvitationCreated':
        return
      case 'OrganizationInvitationAccepted':
        await this.commands.execute(new EndInvitation(data.invitationId, 'accepted', context))
        return
      case 'InvitationEnded':
        await this.commands.execute(new EndInvitation(idIn(streamId), data.reason, context))
        return
      case 'OrganizationDeleted':
        await this.commands.execute(new EndInvitationsOf(idIn(streamId), context))
    }
  }
}
