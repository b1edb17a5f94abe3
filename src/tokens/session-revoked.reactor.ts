import { Injectable } from '@nestjs/common'
import { CommandBus } from '@nestjs/cqrs'
import type { SealedEvent } from '../event-store/event.js'
import type { Reactor } from '../event-store/projection.js'
import { type SessionEvent, sessionUpcasters } from '../sessions/index.js'
import { RevokeRefreshTokens } from './commands/revoke-refresh-tokens.js'

const STREAM_PREFIX = 'session-'
type Ended = Extract<SessionEvent, { type: 'SessionEnded' }>

/** With a session that an Action ended go the refresh tokens that began in it, unless the Action wants to keep them (spec/sessions.md §11). */
@Injectable()
export class SessionRevokedReactor implements Reactor<Ended> {
  readonly name = 'session_revoked'
  readonly upcasters = { SessionEnded: sessionUpcasters.SessionEnded }

  constructor(private readonly commands: CommandBus) {}

  async react({ streamId, data: { endsRefreshTokens, userId }, metadata: { at, actions } }: SealedEvent<Ended>): Promise<void> {
    if (!endsRefreshTokens) return
    const selection = { userId, sessionId: streamId.slice(STREAM_PREFIX.length) }
    await this.commands.execute(new RevokeRefreshTokens(selection, 'action', actions ? { actions } : {}, at))
  }
}
