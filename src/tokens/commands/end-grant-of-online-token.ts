import { Command, CommandBus, CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs'
import type { ConsentParties } from '../../authorization/index.js'
import type { Context } from '../../event-store/event.js'
import { FindTenantSettings } from '../../users/index.js'
import { EndGrant } from './end-grant.js'

/** As EndGrantOfFamily, for an online refresh token that its client revoked (spec/refresh-tokens.md §8). */
export class EndGrantOfOnlineToken extends Command<void> {
  constructor(
    readonly grant: ConsentParties,
    readonly context: Context,
    readonly happenedAt?: string,
  ) {
    super()
  }
}

@CommandHandler(EndGrantOfOnlineToken)
export class EndGrantOfOnlineTokenHandler implements ICommandHandler<EndGrantOfOnlineToken> {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  async execute({ grant, context, happenedAt }: EndGrantOfOnlineToken): Promise<void> {
    const { flags } = await this.queries.execute(new FindTenantSettings())
    if (flags?.['revoke_refresh_token_grant'] !== true) return
    await this.commands.execute(new EndGrant(grant, 'refresh-token-ended', context, happenedAt))
  }
}
