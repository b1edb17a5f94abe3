import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { consent, withdraw } from '../consent/consent.js'
import type { ConsentParties, WithdrawalReason } from '../consent/consent.events.js'
import { consentId, writeConsent } from '../consent/consent-table.js'

/**
 * Takes from a client what a person let it have; tokens are for the caller to end. `until` (ISO) leaves alone what was first given later.
 * Answers whose consent it is or was; undefined when there never was one. Repeating it changes nothing.
 */
export class WithdrawConsent extends Command<ConsentParties | undefined> {
  constructor(
    readonly which: string | ConsentParties,
    readonly reason: WithdrawalReason,
    readonly context: Context,
    readonly until?: string,
  ) {
    super()
  }
}

@CommandHandler(WithdrawConsent)
export class WithdrawConsentHandler implements ICommandHandler<WithdrawConsent> {
  constructor(private readonly store: EventStore) {}

  async execute({ which, reason, context, until }: WithdrawConsent): Promise<ConsentParties | undefined> {
    const id = typeof which === 'string' ? which : consentId(which)
    // No other id was ever given out, and not every text is one that the database takes.
    if (!/^[0-9a-f]{24}$/.test(id)) return undefined
    const { result } = await this.store.transact(
      consent,
      id,
      (state) => ({ ...withdraw(state, reason, until), cause: () => (state.status === 'given' ? { userId: state.userId } : {}) }),
      context,
      (db, state, now) => writeConsent(db, id, state, now),
    )
    return result
  }
}
