import { Injectable } from '@nestjs/common'
import { CommandBus } from '@nestjs/cqrs'
import { idIn, type SealedEvent } from '../event-store/event.js'
import type { Reactor } from '../event-store/projection.js'
import { type UserEvent, userUpcasters } from '../users/index.js'
import type { RevocationReason } from './refresh-token/family.events.js'
import { RevokeRefreshTokens } from './commands/revoke-refresh-tokens.js'

/**
 * With a person go their refresh tokens, with a password those that it was good for, whatever ended the person or the password, and with all of
 * their access what an operator who revoked it has not come to. Who is deleted can spend none meanwhile: the exchange looks. Whoever bears the id
 * by now keeps theirs.
 */
@Injectable()
export class UserDeletedReactor implements Reactor<UserEvent> {
  readonly name = 'user_deleted'
  readonly upcasters = userUpcasters

  constructor(private readonly commands: CommandBus) {}

  async react(event: SealedEvent<UserEvent>): Promise<void> {
    const reason = reasonOf(event)
    const { at, actor } = event.metadata
    // What follows from a deletion or a password is told as such, and not as an operator's.
    const cause = reason === 'api-bulk' && actor !== undefined ? { actor } : {}
    if (reason) await this.commands.execute(new RevokeRefreshTokens({ userId: idIn(event.streamId) }, reason, cause, at))
  }
}

function reasonOf({ type, data }: UserEvent): RevocationReason | undefined {
  if (type === 'UserDeleted') return 'user-deleted'
  if (type === 'PasswordChanged') return 'password-changed'
  return type === 'LoginsEnded' && data.endsRefreshTokens ? 'api-bulk' : undefined
}
