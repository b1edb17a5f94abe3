import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import type { MetadataOperation } from '../../actions/index.js'
import type { Context, Decision, ExecutionFacts, Origin } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import type { OAuthErrorCode } from '../../http/oauth-error.js'
import { PersonKeys } from '../../keys/person-keys.js'
import { RootKeys } from '../../keys/root-key.js'
import type { Denial } from '../post-login/denial.js'
import { causedByExchange, ofLogin } from '../refresh-token/cause.js'
import { type Access, exchange, metadataFor } from '../refresh-token/exchange.js'
import type { ActiveFamily, Family } from '../refresh-token/family.js'
import type { FamilyEvent } from '../refresh-token/family.events.js'
import { type FamilyUser, familyWithLogin, familyWithUser } from '../refresh-token/family-with-user.js'
import { type ExchangePolicy, type ExchangeRefusal, isGood, judge, type NoAccess, type Presented } from '../refresh-token/judge.js'
import type { Ends } from '../refresh-token/lifetimes.js'
import { replayedMetadata } from '../refresh-token/replayed-metadata.js'
import { isGenuine, newFamilyId, newSalt, parseRefreshToken, type PresentedToken, refreshToken } from '../refresh-token/token-value.js'

/** What the client is told where there can be no access. */
export interface AccessRefused {
  readonly refused: NoAccess
  readonly error: OAuthErrorCode
  readonly description: string
  readonly policyUsed?: 'mrrt'
  /** Where Actions refused, or want what cannot be. */
  readonly denial?: Denial
}

/**
 * The family whose tokens are to be given, as this exchange finds it; `exchangedId` is the one whose token was presented, which is another where
 * it gives way. `metadata` is what Actions are to see.
 */
export type Exchanged = ActiveFamily & { readonly id: string; readonly exchangedId: string }

interface IssuedAccess<T> {
  readonly access: Omit<Access, 'metadata'>
  readonly tokens: T
  /** Where Actions took part: which they were, and what they do to the metadata that is stored when the exchange is. */
  readonly actions?: { readonly execution: ExecutionFacts; readonly operations: readonly MetadataOperation[] }
  /** It has to be decided again by what is true now. */
  readonly heldUp?: boolean
}

/** What is given beside the refresh token, or why nothing may be. Asked before the append, and again after a conflict. */
export type IssueAccess<T> = (family: Exchanged, user: FamilyUser['user'], now: Date) => Promise<IssuedAccess<T> | AccessRefused>

export type RedeemedRefreshToken<T = undefined> =
  /** `refreshToken` is the client's from now on: a new text where the family rotates or gave way to another. */
  | ({ readonly kind: 'redeemed'; readonly familyId: string; readonly refreshToken: string; readonly at: Date; readonly tokens: T | undefined } & Ends)
  | RefusedRefreshToken

export interface RefusedRefreshToken {
  readonly kind: 'refused'
  readonly why: ExchangeRefusal
  readonly familyId?: string
  readonly userId?: string
  /** That the active family began with. */
  readonly login?: ReturnType<typeof ofLogin>
  /** Where it was the access that was refused. */
  readonly told?: AccessRefused
}

/** What comes with a request over HTTP. */
interface ExchangeRequest<T> {
  readonly issue?: IssueAccess<T>
  /** What the request has shown beside the token, as the family judges it; absent: nothing. */
  readonly sender?: Pick<Presented, 'dpopThumbprint' | 'confidential'>
  /** Actions are likely to be asked: what they are told of the login is read with the rest. */
  readonly forActions?: boolean
}

const NOTHING_SHOWN = { dpopThumbprint: null, confidential: false }

/** RFC 6749 §6 by an authenticated client. A refusal is an answer, not an error: detected reuse is committed with it. */
export class RedeemRefreshToken<T = undefined> extends Command<RedeemedRefreshToken<T>> {
  constructor(
    readonly presented: string,
    readonly clientId: string,
    readonly policy: ExchangePolicy,
    readonly origin: Origin,
    readonly context: Context = {},
    readonly exchange: ExchangeRequest<T> = {},
  ) {
    super()
  }
}

/** Where the token is looked for: in the family that it names, or in one that took its place, where it counts as another generation. */
interface Place extends Pick<Presented, 'generation' | 'ofRotating'> {
  readonly familyId: string
  /** To be shown genuine by the family that it names alone. */
  readonly token?: PresentedToken
}

/** No answer yet: what the token is good for has to be seen there. */
interface Further {
  readonly kind: 'further'
  readonly place: Place
}

/** A family that the token was shown to be of. `known`: the person's key is there. */
interface Read extends Pick<FamilyUser, 'user'> {
  readonly state: Exclude<Family, { status: 'none' | 'barred' }>
  readonly known: boolean
}

type Decided<T> = Decision<FamilyEvent, RedeemedRefreshToken<T> | Further>

const UNKNOWN = { events: [], result: { kind: 'refused', why: 'unknown' } } as const

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
    let outcome = await this.#present(request, { familyId: token.familyId, generation: token.generation, token })
    while (outcome.kind === 'further') outcome = await this.#present(request, outcome.place)
    return outcome
  }

  async #present<T>(request: RedeemRefreshToken<T>, place: Place): Promise<RedeemedRefreshToken<T> | Further> {
    const { exchange: asked, context, clientId } = request
    const askedAt = performance.now()
    const { result } = await this.store.transact(
      asked.forActions ? familyWithLogin : familyWithUser,
      place.familyId,
      (state, now, companion) => {
        if (state.status === 'none' || state.status === 'barred' || (place.token && !isGenuine(this.rootKeys, state, place.token))) return UNKNOWN
        const { user, key } = companion as FamilyUser
        if (key) this.personKeys.learn(key, askedAt)
        return this.#decide(request, place, { state, user, known: key !== null }, now)
      },
      { ...context, clientId },
    )
    return result
  }

  /** §6.1 from check 5 on. Nothing is locked meanwhile: where the family has moved before the append, all of it is done again. */
  async #decide<T>(request: RedeemRefreshToken<T>, place: Place, { state, user, known }: Read, now: Date): Promise<Decided<T>> {
    const { clientId, policy, origin } = request
    const { issue, sender = NOTHING_SHOWN } = request.exchange
    const { familyId, generation, ofRotating } = place
    const shown = { clientId, generation, ofRotating, ...sender }
    const verdict = judge(state, shown, policy, now)
    const successor = verdict === 'switch' ? { familyId: newFamilyId(), keyId: this.rootKeys.newestId, salt: newSalt(), replaces: familyId } : undefined
    const id = successor?.familyId ?? familyId
    const answer =
      issue && state.status === 'active' && isGood(verdict)
        ? await this.#completed(await issue({ ...state, id, exchangedId: familyId, metadata: metadataFor(state, shown) }, user, now), state, known)
        : undefined
    const refused = answer && 'refused' in answer ? answer : undefined
    const issued = answer && 'access' in answer ? answer : undefined
    if (issued?.heldUp) return { events: [], result: { kind: 'further', place } }
    const { result, ...decided } = exchange(state, shown, policy, now, refused ?? issued?.access, successor)
    const cause = async (): Promise<Context> => ({
      ...(state.status === 'active' && (await causedByExchange(this.personKeys, state, origin, known))),
      ...(issued?.actions && { actions: issued.actions.execution }),
    })
    switch (result.kind) {
      case 'succeeded':
        return { ...decided, result: { kind: 'further', place: { familyId: result.by, generation: result.generation, ofRotating: result.ofRotating } } }
      case 'refused': {
        const about = { familyId, userId: state.userId, ...(state.status === 'active' && { login: ofLogin(state) }), ...(refused && { told: refused }) }
        return { ...decided, result: { ...result, ...about }, cause }
      }
      case 'exchanged': {
        const { expiresAt, idleExpiresAt } = result
        const text = refreshToken(this.rootKeys, successor ?? state, id, result.generation)
        return { ...decided, result: { kind: 'redeemed', familyId: id, refreshToken: text, expiresAt, idleExpiresAt, at: now, tokens: issued?.tokens }, cause }
      }
    }
  }

  /** With the metadata as Actions change what is stored now. Where the person's key is gone, so is what could be changed. */
  async #completed<T>(
    issued: IssuedAccess<T> | AccessRefused,
    { metadata: stored, userId }: ActiveFamily,
    known: boolean,
  ): Promise<(IssuedAccess<T> & { readonly access: Access }) | AccessRefused> {
    if ('refused' in issued || !issued.actions || !known) return issued
    const replayed = await replayedMetadata(this.personKeys, userId, stored, issued.actions.operations)
    if ('problem' in replayed) {
      const because = { error: 'access_denied' as const, description: replayed.problem }
      const denial: Denial = { kind: 'denied', ...because, why: 'metadata', execution: issued.actions.execution, revokeRefreshToken: false }
      return { refused: 'actions', ...because, denial }
    }
    return { ...issued, access: { ...issued.access, ...replayed } }
  }
}
