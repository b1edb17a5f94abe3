import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import type { Context, Origin } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import type { OAuthErrorCode } from '../../http/oauth-error.js'
import { PersonKeys } from '../../keys/person-keys.js'
import { RootKeys } from '../../keys/root-key.js'
import { causedByExchange } from '../refresh-token/cause.js'
import {
  type ActiveFamily,
  exchange,
  type ExchangePolicy,
  type ExchangeRefusal,
  family,
  judge,
  type NoAccess,
  NOTHING,
  type Presented,
} from '../refresh-token/family.js'
import type { ExchangedAccess, FamilyEvent } from '../refresh-token/family.events.js'
import { type FamilyUser, familyWithUser } from '../refresh-token/family-with-user.js'
import type { Ends } from '../refresh-token/lifetimes.js'
import { replace } from '../refresh-token/replace.js'
import { isGenuine, newFamilyId, newSalt, parseRefreshToken, type PresentedToken, refreshToken } from '../refresh-token/token-value.js'

/** What the client is told where there can be no access. */
export interface AccessRefused {
  readonly refused: NoAccess
  readonly error: OAuthErrorCode
  readonly description: string
}

/** What is given beside the refresh token, or why nothing may be. Asked before the append, and again after a conflict. */
export type IssueAccess<T> = (
  family: ActiveFamily & { readonly id: string },
  user: FamilyUser['user'],
  now: Date,
) => Promise<{ readonly access: ExchangedAccess; readonly tokens: T } | AccessRefused>

export type RedeemedRefreshToken<T = undefined> =
  /** `refreshToken` is the client's from now on: a new text where the family rotates or gave way to another. */
  | ({ readonly kind: 'redeemed'; readonly familyId: string; readonly refreshToken: string; readonly at: Date; readonly tokens: T | undefined } & Ends)
  | {
      readonly kind: 'refused'
      readonly why: ExchangeRefusal
      readonly familyId?: string
      readonly userId?: string
      /** Where it was the access that was refused. */
      readonly told?: AccessRefused
    }

/** What the request has shown beside the token, as the family judges it. */
export type Sender = Pick<Presented, 'dpopThumbprint' | 'confidential'>

/** RFC 6749 §6 by an authenticated client. A refusal is an answer, not an error: detected reuse is committed with it. */
export class RedeemRefreshToken<T = undefined> extends Command<RedeemedRefreshToken<T>> {
  constructor(
    readonly presented: string,
    readonly clientId: string,
    readonly policy: ExchangePolicy,
    readonly origin: Origin,
    readonly context: Context = {},
    readonly issue?: IssueAccess<T>,
    readonly sender: Sender = { dpopThumbprint: null, confidential: false },
  ) {
    super()
  }
}

/** Not the end of it: the family must give way, has given way, or moved meanwhile. */
type Further = { readonly kind: 'switch' } | { readonly kind: 'again' } | Successor
type Successor = { readonly kind: 'succeeded'; readonly by: string; readonly generation: number; readonly ofRotating: boolean }

/** Where the token is looked for; `token` has to be shown genuine only by the family that it names. */
interface Place extends Omit<Successor, 'kind' | 'ofRotating'> {
  readonly ofRotating: boolean | undefined
  readonly token: PresentedToken | undefined
}

@CommandHandler(RedeemRefreshToken)
export class RedeemRefreshTokenHandler implements ICommandHandler<RedeemRefreshToken<unknown>> {
  constructor(
    private readonly store: EventStore,
    private readonly rootKeys: RootKeys,
    private readonly personKeys: PersonKeys,
  ) {}

  async execute<T>(request: RedeemRefreshToken<T>): Promise<RedeemedRefreshToken<T>> {
    const token = parseRefreshToken(request.presented)
    if (!token) return { kind: 'refused', why: 'unknown' }
    let place: Place = { by: token.familyId, generation: token.generation, ofRotating: undefined, token }
    for (;;) {
      let outcome = await this.#present(request, place)
      if (outcome.kind === 'switch') outcome = await this.#replace(request, place)
      if (outcome.kind === 'redeemed' || outcome.kind === 'refused') return outcome
      if (outcome.kind === 'succeeded') place = { ...outcome, token: undefined }
    }
  }

  async #present<T>(request: RedeemRefreshToken<T>, { by: familyId, token, generation, ofRotating }: Place): Promise<RedeemedRefreshToken<T> | Further> {
    const { clientId, policy, context, origin, issue, sender } = request
    const shown = { clientId, generation, ofRotating, ...sender }
    const askedAt = performance.now()
    let known = false
    const { result } = await this.store.transact(
      familyWithUser,
      familyId,
      async (state, now, companion): Promise<{ events: readonly FamilyEvent[]; result: RedeemedRefreshToken<T> | Further }> => {
        if (state.status === 'none' || state.status === 'barred' || (token && !isGenuine(this.rootKeys, state, token))) {
          return { events: [], result: { kind: 'refused', why: 'unknown' } }
        }
        const user = this.#learn(companion, askedAt)
        known = user.known
        const verdict = judge(state, shown, policy, now)
        const issued =
          state.status === 'active' && (verdict === 'next' || verdict === 'unchanged') ? await issue?.({ ...state, id: familyId }, user.user, now) : undefined
        const access = issued && ('refused' in issued ? issued : issued.access)
        const { events, result: outcome } = exchange(state, shown, policy, now, access)
        if (outcome.kind === 'switch' || outcome.kind === 'succeeded') return { events, result: outcome }
        if (outcome.kind === 'refused') {
          const told = issued && 'refused' in issued && outcome.why === issued.refused ? { told: issued } : {}
          return { events, result: { ...outcome, familyId, userId: state.userId, ...told } }
        }
        const { generation: given, expiresAt, idleExpiresAt } = outcome
        const tokens = issued && 'tokens' in issued ? issued.tokens : undefined
        const text = refreshToken(this.rootKeys, state, familyId, given)
        return { events, result: { kind: 'redeemed', familyId, refreshToken: text, expiresAt, idleExpiresAt, at: now, tokens } }
      },
      async (state) => ({ ...context, clientId, ...(state.status === 'active' && (await causedByExchange(this.personKeys, state, origin, known))) }),
    )
    return result
  }

  /** Old and new family move in one transaction: whoever is killed meanwhile leaves the old one as it was (docs/adr/0006-switching-rotation.md). */
  async #replace<T>(request: RedeemRefreshToken<T>, { by: familyId, generation }: Place): Promise<RedeemedRefreshToken<T> | Further> {
    const { clientId, policy, context, origin, issue, sender } = request
    const shown = { clientId, generation, ...sender }
    const successor = { familyId: newFamilyId(), keyId: this.rootKeys.newestId, salt: newSalt() }
    const askedAt = performance.now()
    let cause: Context = {}
    let born: readonly FamilyEvent[] = []
    const { result } = await this.store.transact(
      familyWithUser,
      familyId,
      async (state, now, companion): Promise<{ events: readonly FamilyEvent[]; result: RedeemedRefreshToken<T> | Further }> => {
        if (state.status !== 'active' || judge(state, shown, policy, now) !== 'switch') return { events: [], result: { kind: 'again' } }
        const { user, known } = this.#learn(companion, askedAt)
        const issued = await issue?.({ ...state, id: successor.familyId }, user, now)
        if (issued && 'refused' in issued) {
          return { events: [], result: { kind: 'refused', why: issued.refused, familyId, userId: state.userId, told: issued } }
        }
        cause = { ...context, clientId, ...(await causedByExchange(this.personKeys, state, origin, known)) }
        const replaced = replace(state, familyId, successor, shown, policy, now, issued?.access ?? NOTHING)
        born = replaced.born
        const text = refreshToken(this.rootKeys, successor, successor.familyId, 1)
        const { familyId: id } = successor
        return { events: replaced.events, result: { kind: 'redeemed', familyId: id, refreshToken: text, ...replaced.ends, at: now, tokens: issued?.tokens } }
      },
      () => Promise.resolve(cause),
      (db, _, now) => this.store.startAlongside(db, family, successor.familyId, born, cause, now),
    )
    return result
  }

  #learn(companion: unknown, askedAt: number): { readonly user: FamilyUser['user']; readonly known: boolean } {
    const { user, key } = companion as FamilyUser
    if (key) this.personKeys.learn(key, askedAt)
    return { user, known: key !== null }
  }
}
