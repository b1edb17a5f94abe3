import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import type { Context, Decision, Origin } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { PersonKeys } from '../../keys/person-keys.js'
import { causedByRevocation, ofVisitor } from '../refresh-token/cause.js'
import { type Family, family, revokeReplayed } from '../refresh-token/family.js'
import type { FamilyEvent } from '../refresh-token/family.events.js'
import { revokeLine } from '../refresh-token/revoke-line.js'

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
    const decide = (state: Family): Decision<FamilyEvent, boolean> => ({ ...revokeReplayed(state), cause: () => this.#cause(state, origin) })
    // Also one that a mark has ended: the access tokens that were born with it hear of this by the family's own stream.
    await revokeLine(this.store, familyId, decide, context, undefined, family)
  }

  async #cause(state: Family, origin: Origin): Promise<Context> {
    return 'userId' in state ? causedByRevocation(this.personKeys, state, origin) : { origin: await ofVisitor(this.personKeys, origin) }
  }
}
