import { Injectable } from '@nestjs/common'
import { CommandBus } from '@nestjs/cqrs'
import { idIn, type SealedEvent } from '../event-store/event.js'
import type { Reactor } from '../event-store/projection.js'
import { type UserEvent, userUpcasters } from '../users/index.js'
import { EndSessionsOfUser } from './commands/end-sessions-of-user.js'
import type { SessionEndReason } from './session/session.events.js'

/**
 * Ends the sessions of whoever must log in again (spec/sessions.md §3), which tells their clients. Nobody is let in by them meanwhile: whoever
 * looks at a session looks at when the user's logins ended.
 */
@Injectable()
export class LoginsEndedReactor implements Reactor<UserEvent> {
  readonly name = 'logins_ended'
  readonly upcasters = userUpcasters

  constructor(private readonly commands: CommandBus) {}

  async react(event: SealedEvent<UserEvent>): Promise<void> {
    const reason = endReason(event)
    const { at, sessionId, actor, clientId } = event.metadata
    if (!reason) return
    const context = { ...(actor !== undefined && { actor }), ...(clientId !== undefined && { clientId }) }
    const options = { before: at, ...(sessionId !== undefined && { except: sessionId }) }
    await this.commands.execute(new EndSessionsOfUser(idIn(event.streamId), reason, context, options))
  }
}

/** The initiators of spec/sessions.md §7. An address that changes is one to log in with; so are the others of its kind. */
function endReason({ type, data }: UserEvent): SessionEndReason | undefined {
  switch (type) {
    case 'UserDeleted':
      return 'user-deleted'
    case 'PasswordChanged':
      return 'password-changed'
    case 'LoginsEnded':
      return 'revoked'
    case 'UserChanged':
      if (data.changes.blocked?.to === true) return 'user-blocked'
      return IDENTIFIERS.some((member) => member in data.changes) ? 'identifier-changed' : undefined
    default:
      return undefined
  }
}
const IDENTIFIERS = ['email', 'email_verified', 'phone_number', 'username'] as const
