import { Command, CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs'
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

  async execute({ sessionId, ended: { reason, userId, clients, metadata } }: NoteLogoutMessages): Promise<void> {
    const initiator = INITIATOR_OF[reason]
    for (const clientId of clients) {
      const client = await this.queries.execute(new FindClient({ clientId }, 'now'))
      if (!client || !logoutTarget(client.document, initiator)) continue
      await this.messages.add({ session_id: sessionId, client_id: clientId, user_id: userId, initiator, metadata })
    }
  }
}
