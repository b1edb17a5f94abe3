import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import type { Context, Decision, ExecutionFacts, Origin } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { PersonKeys } from '../../keys/person-keys.js'
import { RootKeys } from '../../keys/root-key.js'
import { isGenuineOnline, type OnlineToken, parseOnlineToken } from '../online-token.js'
import { lifetimesOf } from '../session/lifetimes.js'
import { exchangeOnline, judgeOnline, type OnlineAccess, type OnlineRefusal } from '../session/online.js'
import { type ActiveSession, ended, extended, type SessionState } from '../session/session.js'
import type { OnlineTerms, SessionEvent } from '../session/session.events.js'
import { type SessionUser, sessionOfUser } from '../session/session-of-user.js'

/** A session that an online refresh token belongs to, and what the token is good for. */
export interface OnlineGrant {
  readonly sessionId: string
  readonly session: ActiveSession
  readonly terms: OnlineTerms
  /** Of the terms in the session. */
  readonly number: number
  readonly user: NonNullable<SessionUser['user']>
}

interface IssuedOnline<T> {
  readonly access: OnlineAccess
  readonly tokens: T
  /** The Actions that took part. */
  readonly actions?: ExecutionFacts | undefined
  /** It has to be decided again by what is true now. */
  readonly heldUp?: boolean
}

/** What is given for the token, or why nothing may be: `refused` is the caller's. Asked before the append, and again after a conflict. */
export type IssueOnline<T, R> = (grant: OnlineGrant, now: Date) => Promise<IssuedOnline<T> | { readonly refused: R }>

export type RedeemedOnlineToken<T, R> =
  | { readonly kind: 'redeemed'; readonly sessionId: string; readonly tokens: T }
  | ({ readonly kind: 'refused'; readonly why: OnlineRefusal } & OnlineLogin)
  | ({ readonly kind: 'no access'; readonly refused: R } & OnlineLogin)

/** Whose token it was and which login it goes back to, where that is known. */
interface OnlineLogin {
  readonly userId?: string
  readonly login?: Pick<Context, 'sessionId' | 'connection' | 'organizationId'>
}

/** spec/refresh-tokens.md §8: one compare-and-set keeps the session alive and answers the exchange. A refusal changes nothing. */
export class RedeemOnlineToken<T = unknown, R = unknown> extends Command<RedeemedOnlineToken<T, R>> {
  constructor(
    readonly presented: string,
    readonly sender: { readonly clientId: string; readonly dpopThumbprint: string | null },
    readonly origin: Origin,
    readonly context: Context,
    readonly issue: IssueOnline<T, R>,
  ) {
    super()
  }
}

@CommandHandler(RedeemOnlineToken)
export class RedeemOnlineTokenHandler implements ICommandHandler<RedeemOnlineToken> {
  constructor(
    private readonly store: EventStore,
    private readonly rootKeys: RootKeys,
    private readonly personKeys: PersonKeys,
  ) {}

  async execute<T, R>(request: RedeemOnlineToken<T, R>): Promise<RedeemedOnlineToken<T, R>> {
    const token = parseOnlineToken(request.presented)
    if (!token) return { kind: 'refused', why: 'unknown' }
    for (;;) {
      const outcome = await this.#present(request, token)
      if (outcome.kind !== 'again') return outcome
    }
  }

  async #present<T, R>(
    { sender, origin, context, issue }: RedeemOnlineToken<T, R>,
    token: OnlineToken,
  ): Promise<RedeemedOnlineToken<T, R> | { readonly kind: 'again' }> {
    const { sessionId } = token
    const shown = { number: token.number, ...sender }
    const askedAt = performance.now()
    const { result } = await this.store.transact(
      sessionOfUser,
      sessionId,
      async (state, now, companion): Promise<Decision<SessionEvent, RedeemedOnlineToken<T, R> | { readonly kind: 'again' }>> => {
        const { user, key, settings } = companion as SessionUser
        const refused = (why: OnlineRefusal) => ({ events: [], result: { kind: 'refused' as const, why, ...loginOf(token, state) } })
        const terms = judgeOnline(state, shown, now)
        if (typeof terms === 'string' || state.status !== 'active' || !user) return refused(typeof terms === 'string' ? terms : 'over')
        if (!isGenuineOnline(this.rootKeys, token, state.salt)) return refused('unknown')
        if (key) this.personKeys.learn(key, askedAt)
        const lifetimes = lifetimesOf(settings, state.persistent)
        if (!extended(state, lifetimes, now)) {
          return { ...refused('over'), events: [ended(state, 'expired')], cause: () => this.#cause(state, origin, undefined) }
        }
        const issued = await issue({ sessionId, session: state, terms, number: token.number, user }, now)
        if ('refused' in issued) return { events: [], result: { kind: 'no access', refused: issued.refused, ...loginOf(token, state) } }
        if (issued.heldUp) return { events: [], result: { kind: 'again' } }
        const { events, result: outcome } = exchangeOnline(state, shown, issued.access, lifetimes, now)
        if (outcome !== 'exchanged') return refused(outcome)
        return { events, result: { kind: 'redeemed', sessionId, tokens: issued.tokens }, cause: () => this.#cause(state, origin, issued.actions) }
      },
      { ...context, clientId: sender.clientId, sessionId },
    )
    return result
  }

  async #cause({ userId, connection }: ActiveSession, origin: Origin, actions: ExecutionFacts | undefined): Promise<Context> {
    return { userId, connection, origin: await this.personKeys.seal(userId, origin), ...(actions && { actions }) }
  }
}

function loginOf({ sessionId, number }: { readonly sessionId: string; readonly number: number }, state: SessionState): OnlineLogin {
  if (state.status === 'unknown') return {}
  const terms = state.status === 'active' ? state.online.find((granted) => granted.number === number) : undefined
  const organizationId = terms?.organizationId
  return { userId: state.userId, login: { sessionId, connection: state.connection, ...(organizationId !== undefined && { organizationId }) } }
}
