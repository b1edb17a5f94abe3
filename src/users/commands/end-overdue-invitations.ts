import { Command, CommandBus, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import { InvitationRows } from '../queries/invitation-rows.js'
import { EndInvitation } from './end-invitation.js'

/** Ends invitations that nobody accepted in time, and forgets those that were; answers how many. To be given every so often. */
export class EndOverdueInvitations extends Command<number> {}

@CommandHandler(EndOverdueInvitations)
export class EndOverdueInvitationsHandler implements ICommandHandler<EndOverdueInvitations> {
  constructor(
    private readonly rows: InvitationRows,
    private readonly commands: CommandBus,
  ) {}

  async execute(): Promise<number> {
    const overdue = await this.rows.overdue()
    for (const { id, organizationId, accepted } of overdue) {
      if (!accepted) await this.commands.execute(new EndInvitation(id, 'expired', { organizationId }))
    }
    const ids = overdue.filter(({ accepted }) => accepted).map(({ id }) => id)
    if (ids.length > 0) await this.rows.forgetAccepted({ ids })
    return overdue.length
  }
}
