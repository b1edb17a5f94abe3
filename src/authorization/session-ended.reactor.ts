import { Injectable } from '@nestjs/common'
import { CommandBus } from '@nestjs/cqrs'
import { idIn, type SealedEvent } from '../event-store/event.js'
import type { Reactor } from '../event-store/projection.js'
import { type SessionEvent, sessionUpcasters } from '../sessions/index.js'
import { NoteLogoutMessages } from './commands/note-logout-messages.js'

type Ended = Extract<SessionEvent, { type: 'SessionEnded' }>

/** Clients that want to hear of it are told that a session has ended (OpenID Connect Back-Channel Logout). */
@Injectable()
export class SessionEndedReactor implements Reactor<Ended> {
  readonly name = 'session_ended'
  readonly upcasters = { SessionEnded: sessionUpcasters.SessionEnded }

  constructor(private readonly commands: CommandBus) {}

  async react({ streamId, data, metadata }: SealedEvent<Ended>): Promise<void> {
    await this.commands.execute(new NoteLogoutMessages(idIn(streamId), data, metadata))
  }
}
