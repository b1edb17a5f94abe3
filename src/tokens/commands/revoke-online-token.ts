import { Command, CommandBus, CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs'
import type { Context, Origin } from '../../event-store/event.js'
import { PersonKeys } from '../../keys/person-keys.js'
import { EndSession, FindOnlineToken, FindRevokedOnlineToken } from '../../sessions/index.js'
import { causedBy } from '../refresh-token/cause.js'
import { EndGrantOfOnlineToken } from './end-grant-of-online-token.js'
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
    if (!found) return this.#finish(presented, clientId, context)
    const { sessionId, terms, session, number } = found
    const { userId, connection } = session
    const { audience, organizationId } = terms
    if (terms.clientId !== clientId) return 'foreign'
    const login = { connection, ...(audience !== null && { audience }), ...(organizationId !== undefined && { organizationId }) }
    const cause = { ...context, clientId, ...login, ...(await causedBy(this.personKeys, userId, origin)) }
    // First, since it waits for nothing: the end of the grant needs the list of sessions.
    const outcome = await this.commands.execute(new EndSession(sessionId, 'revoked', cause, { revokedOnline: number }))
    await this.commands.execute(new EndGrantOfOnlineToken({ userId, clientId, audience }, cause))
    return outcome === 'ended' ? 'revoked' : 'nothing'
  }

  /** Repeated, it finds the session over, and maybe a grant that was to end with it. */
  async #finish(presented: string, clientId: string, context: Context): Promise<RevokedToken> {
    const revoked = await this.queries.execute(new FindRevokedOnlineToken(presented))
    if (!revoked) return 'nothing'
    const { userId, audience, at } = revoked
    if (revoked.clientId !== clientId) return 'foreign'
    await this.commands.execute(new EndGrantOfOnlineToken({ userId, clientId, audience }, { ...context, clientId }, at))
    return 'nothing'
  }
}
