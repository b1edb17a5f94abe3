import { randomUUID } from 'node:crypto'
import { Command, CommandBus, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { PersonKeys } from '../../keys/person-keys.js'
import type { RefreshTokenFilter } from '../queries/refresh-token-filter.js'
import { EndListedTokens } from '../revocation/end-listed-tokens.js'
import { openRevocation } from '../revocation/open-revocations.js'
import { request, revocation } from '../revocation/revocation.js'
import type { Progress } from '../revocation/revocation.events.js'
import { meantBy, sealSelection } from '../revocation/selection.js'
import { RevokeRefreshTokens } from './revoke-refresh-tokens.js'

/** `done`: none that was meant can be exchanged any more. `ended` counts where they were ended one by one; a mark ends without counting. */
type MatchingRevoked =
  { readonly status: 'done'; readonly ended?: number } | { readonly status: 'running'; readonly revocationId: string; readonly ended: number }

/**
 * Ends the refresh tokens that a filter selects and that were issued until now. By one mark where there is one for such a filter. Else one by
 * one from their list: here, as long as it takes a slice, and what is then left in the background, asked for by an event, so that no restart
 * loses it. Safe to repeat. Errors: NotYetError while nobody can tell which tokens there are.
 */
export class RevokeMatchingRefreshTokens extends Command<MatchingRevoked> {
  constructor(
    readonly filter: RefreshTokenFilter,
    readonly context: Context = {},
  ) {
    super()
  }
}

/** The filters that one mark answers (docs/adr/0004-ending-many-refresh-tokens.md), by the names of their members. */
const MARKED = ['userId', 'clientId', 'clientId userId', 'audience clientId userId', 'sessionId userId']

@CommandHandler(RevokeMatchingRefreshTokens)
export class RevokeMatchingRefreshTokensHandler implements ICommandHandler<RevokeMatchingRefreshTokens> {
  constructor(
    private readonly store: EventStore,
    private readonly commands: CommandBus,
    private readonly tokens: EndListedTokens,
    private readonly personKeys: PersonKeys,
  ) {}

  async execute({ filter, context }: RevokeMatchingRefreshTokens): Promise<MatchingRevoked> {
    if (MARKED.includes(Object.keys(filter).sort().join(' '))) {
      await this.commands.execute(new RevokeRefreshTokens(filter, 'api-bulk', context))
      return { status: 'done' }
    }
    const revocationId = randomUUID()
    const before = (await this.store.read(revocation, revocationId)).now.toISOString()
    const slice = (): Promise<Progress> => this.tokens.slice(meantBy(filter, before), null, { ...context, causationId: revocationId })
    const first = await slice()
    if (first.place === null && first.ended === 0) return { status: 'done', ended: 0 }
    // What was issued before and appeared on the list meanwhile is meant too.
    const second = first.place === null ? await slice() : { place: first.place, ended: 0 }
    if (second.place === null && second.ended === 0) return { status: 'done', ended: first.ended }
    const progress = { place: second.place, ended: first.ended + second.ended }
    const requested = { ...(await sealSelection(this.personKeys, filter)), before, ...progress }
    await this.store.transact(
      revocation,
      revocationId,
      (state) => request(state, requested),
      context,
      (db, _state, now) => openRevocation(db, revocationId, now),
    )
    return { status: 'running', revocationId, ended: progress.ended }
  }
}
