import { Command, CommandBus, CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { FindTenantSettings } from '../../users/index.js'
import { family } from '../refresh-token/family.js'
import { EndGrant } from './end-grant.js'

/**
 * What follows from the end of a family at the hands of its client or a thief, where the tenant's flag `revoke_refresh_token_grant` is set: the
 * grant goes, and with it all refresh tokens of the same user, client and API (spec/refresh-tokens.md §7.3, §10). `happenedAt` (ISO) as in EndGrant.
 */
export class EndGrantOfFamily extends Command<void> {
  constructor(
    readonly familyId: string,
    readonly context: Context,
    readonly happenedAt?: string,
  ) {
    super()
  }
}

@CommandHandler(EndGrantOfFamily)
export class EndGrantOfFamilyHandler implements ICommandHandler<EndGrantOfFamily> {
  constructor(
    private readonly store: EventStore,
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  async execute({ familyId, context, happenedAt }: EndGrantOfFamily): Promise<void> {
    const { flags } = await this.queries.execute(new FindTenantSettings())
    if (flags?.['revoke_refresh_token_grant'] !== true) return
    const [first] = await this.store.history(family, familyId, 1)
    if (first?.type !== 'FamilyStarted') return
    const { userId, clientId, audience } = first.data
    await this.commands.execute(new EndGrant({ userId, clientId, audience }, 'refresh-token-ended', context, happenedAt))
  }
}
