import { Injectable } from '@nestjs/common'
import { CommandBus } from '@nestjs/cqrs'
import type { SealedEvent } from '../event-store/event.js'
import type { Reactor } from '../event-store/projection.js'
import { LimitActiveRefreshTokens } from './commands/limit-active-refresh-tokens.js'
import { type FamilyEvent, familyUpcasters } from './refresh-token/family.events.js'

/** A new family may push out its user's oldest one of the same client. */
@Injectable()
export class ActiveLimitReactor implements Reactor<FamilyEvent> {
  readonly name = 'active_limit'
  readonly upcasters = familyUpcasters

  constructor(private readonly commands: CommandBus) {}

  async react(event: SealedEvent<FamilyEvent>): Promise<void> {
    if (event.type !== 'FamilyStarted') return
    await this.commands.execute(new LimitActiveRefreshTokens(event.data.userId, event.data.clientId, event.position))
  }
}
