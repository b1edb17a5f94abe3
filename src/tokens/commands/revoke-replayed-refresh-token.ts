import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import type { Context, Origin } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { PersonKeys } from '../../keys/person-keys.js'
import { causedBy, ofVisitor } from '../refresh-token/cause.js'
import { family, revokeReplayed } from '../refresh-token/family.js'

/** Ends the family of an authorization code that was presented twice, even before it has started (RFC 6749 §4.1.2). */
export class RevokeReplayedRefreshToken extends Command<void> {
  constructor(
    readonly familyId: string,
    readonly origin: Origin,
    readonly context: Context,
  ) {
    super()
  }
}

@CommandHandler(RevokeReplayedRefreshToken)
export class RevokeReplayedRefreshTokenHandler implements ICommandHandler<RevokeReplayedRefreshToken> {
  constructor(
    private readonly store: EventStore,
    private readonly personKeys: PersonKeys,
  ) {}

  async execute({ familyId, origin, context }: RevokeReplayedRefreshToken): Promise<void> {
    await this.store.transact(family, familyId, revokeReplayed, async (state) => ({
      ...context,
      ...('userId' in state ? await causedBy(this.personKeys, state.userId, origin) : { origin: await ofVisitor(this.personKeys, origin) }),
    }))
  }
}
