import { Command, CommandBus, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import type { Context } from '../../event-store/event.js'
import { InvitationRows } from '../queries/invitation-rows.js'
import { EndInvitation } from './end-invitation.js'

/** Ends all invitations to an organization that was deleted. Safe to repeat. */
export class EndInvitationsOf extends Command<void> {
  constructor(
    readonly organizationId: string,
    readonly context: Context,
  ) {
    super()
  }
}

@CommandHandler(EndInvitationsOf)
export class EndInvitationsOfHandler implements ICommandHandler<EndInvitationsOf> {
  constructor(
    private readonly rows: InvitationRows,
    private readonly commands: CommandBus,
  ) {}

  async execute({ organizationId, context }: EndInvitationsOf): Promise<void> {
    for (let found = await this.rows.openOf(organizationId, ''); found.length > 0; found = await this.rows.openOf(organizationId, found.at(-1)!)) {
      for (const id of found) await this.commands.execute(new EndInvitation(id, 'organization-deleted', { ...context, organizationId }))
    }
    await this.rows.forgetAccepted({ organizationId })
  }
}
