import { Command, CommandBus, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import type { Context } from '../../event-store/event.js'
import type { WithdrawalReason } from '../consent/consent.events.js'
import { ConsentIds, type ConsentPlace } from '../queries/consent-ids.js'
import { WithdrawConsent } from './withdraw-consent.js'

/** Each takes a connection. */
const AT_ONCE = 8

/**
 * Takes away all that a person let clients have, or that people let a client have; `until` (ISO) leaves alone what was first given later.
 * Answers how many consents there were. Safe to repeat, and to be stopped in the middle.
 */
export class WithdrawConsentsOf extends Command<number> {
  constructor(
    readonly whose: { readonly userId: string } | { readonly clientId: string },
    readonly reason: WithdrawalReason,
    readonly context: Context,
    readonly until?: string,
  ) {
    super()
  }
}

@CommandHandler(WithdrawConsentsOf)
export class WithdrawConsentsOfHandler implements ICommandHandler<WithdrawConsentsOf> {
  constructor(
    private readonly commands: CommandBus,
    private readonly ids: ConsentIds,
  ) {}

  async execute({ whose, reason, context, until }: WithdrawConsentsOf): Promise<number> {
    let withdrawn = 0
    for (let after: ConsentPlace | undefined; ;) {
      const page: ConsentPlace[] = await this.ids.find(whose, until, after, AT_ONCE)
      await Promise.all(page.map(({ id }) => this.commands.execute(new WithdrawConsent(id, reason, context, until))))
      withdrawn += page.length
      if (page.length < AT_ONCE) return withdrawn
      after = page.at(-1)
    }
  }
}
