import { Injectable } from '@nestjs/common'
import { CommandBus } from '@nestjs/cqrs'
import type { SealedEvent } from '../event-store/event.js'
import type { Reactor } from '../event-store/projection.js'
import { type UserEvent, userUpcasters } from '../users/index.js'
import { RevokeRefreshTokens } from './commands/revoke-refresh-tokens.js'

const STREAM_PREFIX = 'user-'

/**
 * With a person go their refresh tokens, and with a password those that it was good for, whatever ended the person or the password. Who is
 * deleted can spend none meanwhile: the exchange looks. Whoever bears the id by now keeps theirs.
 */
@Injectable()
export class UserDeletedReactor implements Reactor<UserEvent> {
  readonly name = 'user_deleted'
  readonly upcasters = userUpcasters

  constructor(private readonly commands: CommandBus) {}

  async react({ type, streamId, metadata: { at } }: SealedEvent<UserEvent>): Promise<void> {
    const reason = type === 'UserDeleted' ? 'user-deleted' : type === 'PasswordChanged' ? 'password-changed' : undefined
    if (reason) await this.commands.execute(new RevokeRefreshTokens({ userId: streamId.slice(STREAM_PREFIX.length) }, reason, {}, at))
  }
}
