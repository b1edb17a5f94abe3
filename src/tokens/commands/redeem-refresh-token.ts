import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import type { Context, Origin } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { PersonKeys } from '../../keys/person-keys.js'
import { RootKeys } from '../../keys/root-key.js'
import { causedBy, ofVisitor } from '../refresh-token/cause.js'
import { type ActiveFamily, exchange, type ExchangePolicy, type ExchangeRefusal, judge, type NoAccess } from '../refresh-token/family.js'
import type { ExchangedAccess } from '../refresh-token/family.events.js'
import { type FamilyUser, familyWithUser } from '../refresh-token/family-with-user.js'
import { isGenuine, parseRefreshToken, refreshToken } from '../refresh-token/token-value.js'

/** What is given beside the refresh token, or why nothing may be. Asked before the append, and again after a conflict. */
export type IssueAccess<T> = (
  family: ActiveFamily & { readonly id: string },
  user: FamilyUser['user'],
  now: Date,
) => Promise<{ readonly access: ExchangedAccess; readonly tokens: T } | { readonly refused: NoAccess }>

export type RedeemedRefreshToken<T = undefined> =
  | {
      readonly kind: 'redeemed'
      readonly familyId: string
      readonly refreshToken: string
      /** A new text: the family rotates. */
      readonly rotating: boolean
      readonly expiresAt: string | null
      readonly tokens: T | undefined
    }
  | { readonly kind: 'refused'; readonly why: ExchangeRefusal; readonly familyId?: string; readonly userId?: string }

/** RFC 6749 §6 by an authenticated client. A refusal is an answer, not an error: detected reuse is committed with it. */
export class RedeemRefreshToken<T = undefined> extends Command<RedeemedRefreshToken<T>> {
  constructor(
    readonly presented: string,
    readonly clientId: string,
    readonly policy: ExchangePolicy,
    readonly origin: Origin,
    readonly context: Context = {},
    readonly issue?: IssueAccess<T>,
  ) {
    super()
  }
}

@CommandHandler(RedeemRefreshToken)
export class RedeemRefreshTokenHandler implements ICommandHandler<RedeemRefreshToken<unknown>> {
  constructor(
    private readonly store: EventStore,
    private readonly rootKeys: RootKeys,
    private readonly personKeys: PersonKeys,
  ) {}

  async execute<T>({ presented, clientId, policy, origin, context, issue }: RedeemRefreshToken<T>): Promise<RedeemedRefreshToken<T>> {
    const token = parseRefreshToken(presented)
    if (!token) return { kind: 'refused', why: 'unknown' }
    const { familyId, generation } = token
    const askedAt = performance.now()
    let known = false
    const { result } = await this.store.transact(
      familyWithUser,
      familyId,
      async (state, now, companion) => {
        if (state.status === 'none' || state.status === 'barred' || !isGenuine(this.rootKeys, state, token)) {
          return { events: [], result: { kind: 'refused' as const, why: 'unknown' as const } }
        }
        const { user, key } = companion as FamilyUser
        known = key !== null
        if (key) this.personKeys.learn(key, askedAt)
        const verdict = judge(state, { clientId, generation }, policy.leewaySeconds, now)
        const issued =
          state.status === 'active' && (verdict === 'next' || verdict === 'unchanged') ? await issue?.({ ...state, id: familyId }, user, now) : undefined
        const access = issued && ('refused' in issued ? issued : issued.access)
        const { events, result: outcome } = exchange(state, { clientId, generation }, policy, now, access)
        if (outcome.kind === 'refused') return { events, result: { ...outcome, familyId, userId: state.userId } }
        const redeemed = {
          kind: 'redeemed' as const,
          familyId,
          refreshToken: refreshToken(this.rootKeys, state, familyId, outcome.generation),
          rotating: state.status === 'active' && state.rotating,
          expiresAt: outcome.expiresAt,
          tokens: issued && 'tokens' in issued ? issued.tokens : undefined,
        }
        return { events, result: redeemed }
      },
      async (state) => ({ ...context, clientId, ...(state.status === 'active' && (await this.#cause(state, origin, known))) }),
    )
    return result
  }

  /** Where nobody holds the person's key any more, none is made for one request. */
  async #cause({ userId, sessionId, connection }: ActiveFamily, origin: Origin, known: boolean): Promise<Context> {
    const whose = known ? await causedBy(this.personKeys, userId, origin) : { userId, origin: await ofVisitor(this.personKeys, origin) }
    return { ...whose, ...(sessionId !== null && { sessionId }), ...(connection !== null && { connection }) }
  }
}
