import { Injectable } from '@nestjs/common'
import { CommandBus } from '@nestjs/cqrs'
import { idIn, type SealedEvent } from '../event-store/event.js'
import type { Reactor } from '../event-store/projection.js'
import { type SessionEvent, sessionUpcasters } from '../sessions/index.js'
import { RevokeRefreshTokens } from './commands/revoke-refresh-tokens.js'

type Ended = Extract<SessionEvent, { type: 'SessionEnded' }>

/** With a session that an Action or an operator revoked go the refresh tokens that began in it, unless they are to stay (spec/sessions.md §6, §11). */
@Injectable()
export class SessionRevokedReactor implements Reactor<Ended> {
  readonly name = 'session_revoked'
  readonly upcasters = { SessionEnded: sessionUpcasters.SessionEnded }

  constructor(private readonly commands: CommandBus) {}

  async react({ streamId, data: { endsRefreshTokens, userId }, metadata: { at, actor, actions } }: SealedEvent<Ended>): Promise<void> {
    if (!endsRefreshTokens) return
    const selection = { userId, sessionId: idIn(streamId) }
    const cause = { ...(actor !== undefined && { actor }), ...(actions && { actions }) }
    await this.commands.execute(new RevokeRefreshTokens(selection, actions ? 'action' : 'api-bulk', cause, at))
  }
}
