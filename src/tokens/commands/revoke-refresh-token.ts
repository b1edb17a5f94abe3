import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import type { Context, Origin } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { PersonKeys } from '../../keys/person-keys.js'
import { causedByRevocation } from '../refresh-token/cause.js'
import type { RevocationReason } from '../refresh-token/family.events.js'
import { revoke } from '../refresh-token/family.js'
import { revokeLine } from '../refresh-token/revoke-line.js'

/** Ends a family, whichever of its tokens was meant (spec/refresh-tokens.md §10). Answers whether it was active until now. */
export class RevokeRefreshToken extends Command<boolean> {
  constructor(
    readonly familyId: string,
    readonly reason: RevocationReason,
    readonly origin?: Origin,
    readonly context: Context = {},
  ) {
    super()
  }
}

@CommandHandler(RevokeRefreshToken)
export class RevokeRefreshTokenHandler implements ICommandHandler<RevokeRefreshToken> {
  constructor(
    private readonly store: EventStore,
    private readonly personKeys: PersonKeys,
  ) {}

  async execute({ familyId, reason, origin, context }: RevokeRefreshToken): Promise<boolean> {
    return revokeLine(
      this.store,
      familyId,
      (state, now) => ({ ...revoke(state, reason, now), cause: () => causedByRevocation(this.personKeys, state, origin) }),
      context,
    )
  }
}
