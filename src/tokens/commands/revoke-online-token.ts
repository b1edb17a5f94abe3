import { Command, CommandBus, CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs'
import type { Context, Origin } from '../../event-store/event.js'
import { PersonKeys } from '../../keys/person-keys.js'
import { EndSession, FindOnlineToken } from '../../sessions/index.js'
import { FindTenantSettings } from '../../users/index.js'
import { causedBy } from '../refresh-token/cause.js'
import { EndGrant } from './end-grant.js'
import type { RevokedToken } from './revoke-presented-token.js'

/** An online refresh token goes with its session, and every other one of the session with it (spec/refresh-tokens.md §8). */
export class RevokeOnlineToken extends Command<RevokedToken> {
  constructor(
    readonly presented: string,
    readonly clientId: string,
    readonly origin: Origin,
    readonly context: Context,
  ) {
    super()
  }
}

@CommandHandler(RevokeOnlineToken)
export class RevokeOnlineTokenHandler implements ICommandHandler<RevokeOnlineToken> {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly personKeys: PersonKeys,
  ) {}

  async execute({ presented, clientId, origin, context }: RevokeOnlineToken): Promise<RevokedToken> {
    const found = await this.queries.execute(new FindOnlineToken(presented))
    if (!found) return 'nothing'
    const { sessionId, terms, session, number } = found
    const { userId, connection } = session
    const { audience, organizationId } = terms
    if (terms.clientId !== clientId) return 'foreign'
    const login = { connection, ...(audience !== null && { audience }), ...(organizationId !== undefined && { organizationId }) }
    const cause = { ...context, clientId, ...login, ...(await causedBy(this.personKeys, userId, origin)) }
    const { flags } = await this.queries.execute(new FindTenantSettings())
    if (flags?.['revoke_refresh_token_grant'] === true) {
      await this.commands.execute(new EndGrant({ userId, clientId, audience }, 'refresh-token-ended', cause))
    }
    return (await this.commands.execute(new EndSession(sessionId, 'revoked', cause, { revokedOnline: number }))) === 'ended' ? 'revoked' : 'nothing'
  }
}
