import { Inject, Injectable } from '@nestjs/common'
import { CommandBus, QueryBus } from '@nestjs/cqrs'
import { type Allowed, AreActionsBound, type Cause, type PostLoginEvent, RunPostLogin } from '../../actions/index.js'
import { type ClientDocument, PostLoginEffects, PostLoginFacts } from '../../authorization/index.js'
import { CONFIG, type Config } from '../../config.js'
import type { Context, Origin } from '../../event-store/event.js'
import { PersonKeys } from '../../keys/person-keys.js'
import { ApplyToSession, type OnlineGrant } from '../../sessions/index.js'
import { loginFacts } from '../../users/index.js'
import type { Exchanged } from '../commands/redeem-refresh-token.js'
import type { ExchangeRights } from '../exchange-rights.js'
import { causedBy } from '../refresh-token/cause.js'
import type { FamilyStarted } from '../refresh-token/family.events.js'
import type { Caller, RequestOf } from '../token-request.js'
import { type Denial, denialOf } from './denial.js'
import { exchangeRequest, offlineToken, onlineTokenFacts } from './exchange-event.js'

/** An exchange that has passed every other check. */
interface ActionsAsked {
  readonly request: RequestOf<'refresh_token'>
  readonly client: ClientDocument
  readonly caller: Caller
  readonly rights: ExchangeRights
}

export type Decided = Allowed | Denial

/**
 * Asks the post-login Actions at an exchange (spec/actions.md §4.8, steps 4 to 7): once for a request, however often its append meets a conflict.
 * Undefined where none is bound. Errors: the database's.
 */
@Injectable()
export class ExchangeActions {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly facts: PostLoginFacts,
    private readonly effects: PostLoginEffects,
    private readonly personKeys: PersonKeys,
  ) {}

  /** Whether there is anybody to ask, so that what they are to be told can be read with the rest. */
  areBound(): Promise<boolean> {
    return this.queries.execute(new AreActionsBound('post-login'))
  }

  /**
   * What they want for the user is done when this answers, before anything is issued: whoever is killed in between has issued nothing, and the
   * client's next try asks them again.
   */
  async offline(family: Exchanged, asked: ActionsAsked): Promise<Decided | undefined> {
    if (!(await this.areBound())) return undefined
    const { initialOrigin, lastOrigin, metadata, connection, sessionId } = family
    const [initial, last, stored] = await this.personKeys.openPresent([initialOrigin, lastOrigin, metadata])
    const device = await this.facts.device(initial as Origin | undefined, last as Origin | undefined)
    const token = offlineToken(family, (stored as Readonly<Record<string, string>> | undefined) ?? {}, device, this.config.issuer)
    const event = await this.#event(asked, connection, { refresh_token: token, ...authentication(methodsOf(family)) })
    const cause = this.#cause(asked, family.userId, { ...(connection !== null && { connection }), ...(sessionId !== null && { sessionId }) })
    const outcome = await this.commands.execute(new RunPostLogin(event, cause))
    if (outcome.kind === 'allowed' && outcome.multifactor === 'required') return denialOf(outcome)
    // The session that it began in is none of this flow's (§2.1), so nothing is done to that.
    await this.effects.apply(outcome, { userId: family.userId, sessionId: undefined }, cause)
    return outcome.kind === 'allowed' ? outcome : denialOf(outcome)
  }

  /** As `offline`, but for what they want for the user and the session: `settle` does that. */
  async online(grant: OnlineGrant, asked: ActionsAsked): Promise<Decided | undefined> {
    if (!(await this.areBound())) return undefined
    const { sessionId, session } = grant
    const shown = await this.facts.session(sessionId, session)
    const ofToken = { session: shown, ...authentication(session.methods), refresh_token: onlineTokenFacts(grant, shown.device, this.config.issuer) }
    const event = await this.#event(asked, session.connection, ofToken)
    const cause = this.#cause(asked, session.userId, { connection: session.connection, sessionId })
    const outcome = await this.commands.execute(new RunPostLogin(event, cause))
    return outcome.kind === 'allowed' && outcome.multifactor !== 'required' ? outcome : denialOf(outcome)
  }

  /**
   * Does what they want for the user and the session at an online exchange. To be asked when that is done or refused, and never from within its
   * decision: both are about the session's stream, and the idle end that Actions set is to outlast the exchange.
   */
  async settle({ sessionId, session, number }: OnlineGrant, decided: Decided, asked: Pick<ActionsAsked, 'client' | 'caller'>): Promise<void> {
    const outcome = decided.kind === 'allowed' ? decided : decided.outcome
    if (!outcome) return
    const { userId, connection } = session
    const cause = this.#cause(asked, userId, { connection, sessionId })
    await this.effects.apply(outcome, { userId, sessionId }, cause)
    // §3.5: an online token lives and dies with its session.
    if (decided.kind === 'denied' && decided.revokeRefreshToken) {
      const revoke = { preserveRefreshTokens: true, online: number }
      await this.commands.execute(new ApplyToSession(sessionId, { revoke }, { ...(await cause()), actions: outcome.execution }))
    }
  }

  async #event(
    { request, client, caller, rights: { api, person, organization } }: ActionsAsked,
    connection: string | null,
    ofToken: Pick<PostLoginEvent, 'refresh_token' | 'session' | 'authentication'>,
  ): Promise<PostLoginEvent> {
    const { profile, createdAt, updatedAt, passwordChangedAt, login } = person
    const parties = {
      client,
      api,
      profile,
      createdAt,
      updatedAt,
      passwordChangedAt,
      connection: connection ?? profile.identities[0].connection,
      organization: organization?.event,
      login: login && loginFacts(login),
    }
    return { ...(await this.facts.of(parties)), ...exchangeRequest(caller, request), ...ofToken }
  }

  /** Sealed at the first question: most exchanges record nothing of their own. */
  #cause({ client, caller }: Pick<ActionsAsked, 'client' | 'caller'>, userId: string, whose: Pick<Context, 'connection' | 'sessionId'>): Cause {
    let cause: Promise<Context> | undefined
    const made = async (): Promise<Context> => ({
      ...caller.context,
      clientId: client.client_id,
      ...whose,
      ...(await causedBy(this.personKeys, userId, caller.origin)),
    })
    return () => (cause ??= made())
  }
}

/** `event.authentication` (spec/actions.md §2.8); left out where nobody knows. */
const authentication = (methods: FamilyStarted['methods']): Pick<PostLoginEvent, 'authentication'> =>
  methods ? { authentication: { methods: methods.map(({ name, at }) => ({ name, timestamp: at })) } } : {}

/** By which the login was made that the family goes back to. */
function methodsOf({ methods, authenticatedAt }: Exchanged): FamilyStarted['methods'] {
  return methods ?? (authenticatedAt === null ? undefined : [{ name: 'pwd', at: authenticatedAt }])
}
