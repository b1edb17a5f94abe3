import { Inject } from '@nestjs/common'
import { Command, CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs'
import { CONFIG, type Config } from '../../config.js'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { isAnotherPerson } from '../../users/index.js'
import type { AuthorizeRequest } from '../authorize-request.js'
import { consent, type ConsentState, settle, type Unasked } from '../consent/consent.js'
import { consentId, writeConsent } from '../consent/consent-table.js'
import { grantedScope } from '../granted-scope.js'
import { isVerifiable } from '../redirect-uri.js'

/** What is asked for, and where the person can be asked about it: without `prompt` and `target` there is no page for that. */
type AskedConsent = Pick<AuthorizeRequest, 'client' | 'api' | 'clientGrantScope' | 'scope'> & Partial<Pick<AuthorizeRequest, 'prompt' | 'target'>>

/**
 * Lets the client have what it asks for, where the person has just accepted that or need not be asked (spec/oauth.md §4.7), and remembers it.
 * Answers whether it may be answered; if not, the person must be asked.
 */
export class SettleConsent extends Command<boolean> {
  constructor(
    readonly request: AskedConsent,
    readonly person: { readonly userId: string; readonly administrator: boolean; readonly createdAt: string },
    readonly accepted: boolean,
    readonly context: Context,
  ) {
    super()
  }
}

@CommandHandler(SettleConsent)
export class SettleConsentHandler implements ICommandHandler<SettleConsent> {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly store: EventStore,
    private readonly queries: QueryBus,
  ) {}

  async execute({ request, person, accepted, context }: SettleConsent): Promise<boolean> {
    const { client, api, clientGrantScope, scope: requested } = request
    const scope = grantedScope({ requested, client, api, clientGrantScope, administrator: person.administrator })
    const parties = { userId: person.userId, clientId: client.client_id, audience: api?.identifier ?? null }
    const id = consentId(parties)
    const answer = accepted ? 'accepted' : { unasked: unasked(request, this.config.settings) }
    const { result } = await this.store.transact(
      consent,
      id,
      async (state) => settle(state, parties, scope, answer, await this.#isAnothers(state, person)),
      { ...context, userId: person.userId, clientId: client.client_id },
      (db, state, now) => writeConsent(db, id, state, now),
    )
    return result === 'given'
  }

  async #isAnothers(state: ConsentState, { userId, createdAt }: SettleConsent['person']): Promise<boolean> {
    return state.status === 'given' && isAnotherPerson(this.queries, userId, new Date(createdAt), new Date(state.givenAt))
  }
}

/**
 * Clients of the tenant's own ask nobody, unless the operator wants that they do; any client may want that somebody is asked. Whoever gives such a
 * client their password lets it have all that they may do, so where there is no page nobody is asked, as with Auth0.
 */
function unasked({ client, api, prompt, target }: AskedConsent, { consentFirstParty }: Config['settings']): Unasked {
  if (prompt?.has('consent')) return 'nothing'
  const isSpared = consentFirstParty === 'skip' || target === undefined || mayBeSpared(client, api, target)
  return client.is_first_party && isSpared ? 'all' : 'remembered'
}

/** Whether the API lets the tenant's own clients have what they want, and the client can be told from another program (spec/oauth.md §4.7). */
function mayBeSpared(client: AuthorizeRequest['client'], api: AuthorizeRequest['api'], target: AuthorizeRequest['target']): boolean {
  const mayAnswer = isVerifiable(target.redirectUri) || client.skip_non_verifiable_callback_uri_confirmation_prompt === true
  return mayAnswer && (api === undefined || api.skip_consent_for_verifiable_first_party_clients)
}
