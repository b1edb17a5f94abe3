import { Injectable } from '@nestjs/common'
import { CommandBus } from '@nestjs/cqrs'
import type { SealedEvent } from '../event-store/event.js'
import type { Reactor } from '../event-store/projection.js'
import { RevokeNonRotatingRefreshTokens } from './commands/revoke-non-rotating-refresh-tokens.js'
import { type FamilyEvent, familyUpcasters } from './refresh-token/family.events.js'

/** Once a user's refresh token rotates that did not, those of their other devices that still do not are ended (spec/refresh-tokens.md §13). */
@Injectable()
export class RotationSwitchedReactor implements Reactor<FamilyEvent> {
  readonly name = 'rotation_switched'
  readonly upcasters = familyUpcasters

  constructor(private readonly commands: CommandBus) {}

  async react({ type, data, position, metadata: { at } }: SealedEvent<FamilyEvent>): Promise<void> {
    if (type !== 'FamilyStarted' || !data.predecessor || !data.rotating) return
    await this.commands.execute(new RevokeNonRotatingRefreshTokens(data, { at, position }))
  }
}
