import { Command, CommandBus, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import type { Context, Origin } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { PersonKeys } from '../../keys/person-keys.js'
import { RootKeys } from '../../keys/root-key.js'
import { causedByRevocation } from '../refresh-token/cause.js'
import { revoke } from '../refresh-token/family.js'
import { revokeLine } from '../refresh-token/revoke-line.js'
import { EndGrantOfFamily } from './end-grant-of-family.js'
import { isGenuine, parseRefreshToken } from '../refresh-token/token-value.js'

/** `foreign`: another client's; nothing happened to it. */
export type RevokedToken = 'revoked' | 'nothing' | 'foreign'

/**
 * RFC 7009: ends the family of a refresh token, whichever of its members is presented. What is none of ours ends nothing. Repeated, it finishes what
 * the end of the family has left undone.
 */
export class RevokePresentedToken extends Command<RevokedToken> {
  constructor(
    readonly presented: string,
    readonly clientId: string,
    readonly origin: Origin,
    readonly context: Context,
  ) {
    super()
  }
}

@CommandHandler(RevokePresentedToken)
export class RevokePresentedTokenHandler implements ICommandHandler<RevokePresentedToken> {
  constructor(
    private readonly store: EventStore,
    private readonly rootKeys: RootKeys,
    private readonly personKeys: PersonKeys,
    private readonly commands: CommandBus,
  ) {}

  async execute({ presented, clientId, origin, context }: RevokePresentedToken): Promise<RevokedToken> {
    const token = parseRefreshToken(presented)
    if (!token) return 'nothing'
    let endedBefore: string | undefined
    const outcome = await revokeLine<RevokedToken>(
      this.store,
      token.familyId,
      (state, now) => {
        endedBefore = state.status === 'revoked' && (state.reason === 'client' || state.reason === 'reuse') ? state.revokedAt : undefined
        const { events, result } = revoke(state, 'client', now)
        return { events, result: result ? 'revoked' : 'nothing', cause: () => causedByRevocation(this.personKeys, state, origin) }
      },
      { ...context, clientId },
      (state) => {
        if (!('salt' in state) || !isGenuine(this.rootKeys, state, token)) return 'nothing'
        return state.clientId === clientId ? undefined : 'foreign'
      },
    )
    if (outcome === 'revoked' || endedBefore !== undefined) {
      await this.commands.execute(new EndGrantOfFamily(token.familyId, { ...context, clientId }, endedBefore))
    }
    return outcome
  }
}
