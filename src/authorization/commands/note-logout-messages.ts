import { Command, CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs'
import type { Context } from '../../event-store/event.js'
import type { SessionEvent } from '../../sessions/index.js'
import { INITIATOR_OF, logoutTarget } from '../back-channel-logout/initiators.js'
import { LogoutMessages } from '../back-channel-logout/logout-messages.js'
import { FindClient } from '../queries/find-client.js'

type Ended = Extract<SessionEvent, { type: 'SessionEnded' }>['data']

/** Notes which clients of an ended session are to be told (spec/sessions.md §7). Safe to repeat. */
export class NoteLogoutMessages extends Command<void> {
  constructor(
    readonly sessionId: string,
    readonly ended: Ended,
    /** What ended it. */
    readonly context: Context = {},
  ) {
    super()
  }
}

@CommandHandler(NoteLogoutMessages)
export class NoteLogoutMessagesHandler implements ICommandHandler<NoteLogoutMessages> {
  constructor(
    private readonly queries: QueryBus,
    private readonly messages: LogoutMessages,
  ) {}

  async execute({ sessionId, ended: { reason, userId, clients, metadata }, context }: NoteLogoutMessages): Promise<void> {
    const initiator = INITIATOR_OF[reason]
    const cause = requestOf(context)
    for (const clientId of clients) {
      const client = await this.queries.execute(new FindClient({ clientId }, 'now'))
      if (!client || !logoutTarget(client.document, initiator)) continue
      await this.messages.add({ session_id: sessionId, client_id: clientId, user_id: userId, initiator, metadata, cause })
    }
  }
}

/** Of what ended a session: the request, and where the login was. */
const requestOf = ({ origin, connection, organizationId, hostname, correlationId }: Context): Context => ({
  ...(origin && { origin }),
  ...(connection !== undefined && { connection }),
  ...(organizationId !== undefined && { organizationId }),
  ...(hostname !== undefined && { hostname }),
  ...(correlationId !== undefined && { correlationId }),
})
