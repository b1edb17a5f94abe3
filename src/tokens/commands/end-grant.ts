import { Command, CommandBus, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import { type ConsentParties, WithdrawConsent, type WithdrawalReason } from '../../authorization/index.js'
import type { Context } from '../../event-store/event.js'
import { WithdrawOnlineAccess } from '../../sessions/index.js'
import { RevokeRefreshTokens } from './revoke-refresh-tokens.js'

/**
 * Takes from a client what a person let it have at an API, and ends all refresh tokens of it, online ones too: once this has answered, none of them
 * can be exchanged (spec/refresh-tokens.md §10). Named by its id, it does nothing where there never was one. `happenedAt` (ISO) is for what is told
 * afterwards: what began later is left alone. Safe to repeat.
 */
export class EndGrant extends Command<void> {
  constructor(
    readonly which: string | ConsentParties,
    readonly reason: Extract<WithdrawalReason, 'deleted' | 'refresh-token-ended'>,
    readonly context: Context,
    readonly happenedAt?: string,
  ) {
    super()
  }
}

@CommandHandler(EndGrant)
export class EndGrantHandler implements ICommandHandler<EndGrant> {
  constructor(private readonly commands: CommandBus) {}

  /** In this order: a login that still found the consent began before the mark. GrantEndedReactor finishes what ends in between. */
  async execute({ which, reason, context, happenedAt }: EndGrant): Promise<void> {
    const known = await this.commands.execute(new WithdrawConsent(which, reason, context, happenedAt))
    const parties = typeof which === 'string' ? known : which
    if (!parties) return
    await this.commands.execute(new RevokeRefreshTokens(parties, 'grant-deleted', context, happenedAt))
    const { userId, clientId, audience } = parties
    const selection = { clientId, audience, ...(happenedAt !== undefined && { until: happenedAt }) }
    await this.commands.execute(new WithdrawOnlineAccess({ userId }, selection, 'grant-deleted', context))
  }
}
