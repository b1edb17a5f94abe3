import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import type { MetadataOperation } from '../../actions/index.js'
import type { Context, Decision, ExecutionFacts, Origin } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import type { OAuthErrorCode } from '../../http/oauth-error.js'
import { PersonKeys } from '../../keys/person-keys.js'
import { RootKeys } from '../../keys/root-key.js'
import { causedByExchange, ofLogin } from '../refresh-token/cause.js'
import {
  type Access,
  type ActiveFamily,
  exchange,
  type ExchangePolicy,
  type ExchangeRefusal,
  type Family,
  family,
  judge,
  metadataFor,
  type NoAccess,
  NOTHING,
  type Presented,
} from '../refresh-token/family.js'
import type { FamilyEvent } from '../refresh-token/family.events.js'
import { type FamilyUser, familyWithLogin, familyWithUser } from '../refresh-token/family-with-user.js'
import type { Ends } from '../refresh-token/lifetimes.js'
import { replayedMetadata } from '../refresh-token/replayed-metadata.js'
import { replace } from '../refresh-token/replace.js'
import { isGenuine, newFamilyId, newSalt, parseRefreshToken, type PresentedToken, refreshToken } from '../refresh-token/token-value.js'

/** What the client is told where there can be no access. */
export interface AccessRefused {
  readonly refused: NoAccess
  readonly error: OAuthErrorCode
  readonly description: string
  readonly policyUsed?: 'mrrt'
}

/**
 * The family whose tokens are to be given, as this exchange finds it; `exchangedId` is the one whose token was presented, which is another where
 * it gives way. `metadata` is what Actions are to see.
 */
export type Exchanged = ActiveFamily & { readonly id: string; readonly exchangedId: string }

export interface IssuedAccess<T> {
  readonly access: Omit<Access, 'metadata'>
  readonly tokens: T
  /** Where Actions took part: which they were, and what they do to the metadata that is stored when the exchange is. */
  readonly actions?: { readonly execution: ExecutionFacts; readonly operations: readonly MetadataOperation[] }
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
    /** Actions are likely to be asked: what they are told of the login is read with the rest. */
    readonly forActions = false,
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
  /** It was read a second time since Actions took long. */
  readonly readAnew?: boolean
}

/** A decision that Actions held up for longer than that is made again by what is true then, the clock included: a leeway begins with the answer. */
const HELD_UP_MS = 100

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
      place = outcome.kind === 'succeeded' ? { ...outcome, token: undefined } : { ...place, readAnew: true }
    }
  }

  async #present<T>(request: RedeemRefreshToken<T>, place: Place): Promise<RedeemedRefreshToken<T> | Further> {
    const { clientId, policy, context, origin, issue, sender, forActions } = request
    const { by: familyId, token, generation, ofRotating } = place
    const shown = { clientId, generation, ofRotating, ...sender }
    const askedAt = performance.now()
    const { result } = await this.store.transact(
      forActions ? familyWithLogin : familyWithUser,
      familyId,
      async (state, now, companion): Promise<Decision<FamilyEvent, RedeemedRefreshToken<T> | Further>> => {
        if (state.status === 'none' || state.status === 'barred' || (token && !isGenuine(this.rootKeys, state, token))) {
          return { events: [], result: { kind: 'refused', why: 'unknown' } }
        }
        const { user, known } = this.#learn(companion, askedAt)
        const began = performance.now()
        const verdict = judge(state, shown, policy, now)
        const isExchange = state.status === 'active' && (verdict === 'next' || verdict === 'unchanged')
        const found = isExchange && { ...state, id: familyId, exchangedId: familyId, metadata: metadataFor(state, shown) }
        const issued = found ? await this.#completed(await issue?.(found, user, now), state, known) : undefined
        if (isHeldUp(issued, began, place)) return { events: [], result: { kind: 'again' } }
        const actions = issued && 'actions' in issued && issued.actions && { actions: issued.actions.execution }
        const cause = async (): Promise<Context> => ({
          ...(state.status === 'active' && (await causedByExchange(this.personKeys, state, origin, known))),
          ...actions,
        })
        const { events, result: outcome } = exchange(state, shown, policy, now, issued && ('refused' in issued ? issued : issued.access))
        if (outcome.kind === 'switch' || outcome.kind === 'succeeded') return { events, result: outcome }
        if (outcome.kind === 'refused') {
          const told = issued && 'refused' in issued && outcome.why === issued.refused ? { told: issued } : {}
          return { events, result: { ...outcome, familyId, userId: state.userId, ...beganWith(state), ...told }, cause }
        }
        const { generation: given, expiresAt, idleExpiresAt } = outcome
        const tokens = issued && 'tokens' in issued ? issued.tokens : undefined
        const text = refreshToken(this.rootKeys, state, familyId, given)
        return { events, result: { kind: 'redeemed', familyId, refreshToken: text, expiresAt, idleExpiresAt, at: now, tokens }, cause }
      },
      { ...context, clientId },
    )
    return result
  }

  /** Old and new family move in one transaction: whoever is killed meanwhile leaves the old one as it was (docs/adr/0006-switching-rotation.md). */
  async #replace<T>(request: RedeemRefreshToken<T>, place: Place): Promise<RedeemedRefreshToken<T> | Further> {
    const { clientId, policy, context, origin, issue, sender, forActions } = request
    const { by: familyId, generation } = place
    const shown = { clientId, generation, ...sender }
    const successor = { familyId: newFamilyId(), keyId: this.rootKeys.newestId, salt: newSalt() }
    const askedAt = performance.now()
    let cause: Context = {}
    let born: readonly FamilyEvent[] = []
    const { result } = await this.store.transact(
      forActions ? familyWithLogin : familyWithUser,
      familyId,
      async (state, now, companion): Promise<Decision<FamilyEvent, RedeemedRefreshToken<T> | Further>> => {
        if (state.status !== 'active' || judge(state, shown, policy, now) !== 'switch') return { events: [], result: { kind: 'again' } }
        const { user, known } = this.#learn(companion, askedAt)
        const began = performance.now()
        const found = { ...state, id: successor.familyId, exchangedId: familyId }
        const issued = await this.#completed(await issue?.(found, user, now), state, known)
        if (isHeldUp(issued, began, place)) return { events: [], result: { kind: 'again' } }
        if (issued && 'refused' in issued) {
          return { events: [], result: { kind: 'refused', why: issued.refused, familyId, userId: state.userId, ...beganWith(state), told: issued } }
        }
        const actions = issued?.actions && { actions: issued.actions.execution }
        cause = { ...context, clientId, ...(await causedByExchange(this.personKeys, state, origin, known)), ...actions }
        const replaced = replace(state, familyId, successor, shown, policy, now, issued?.access ?? NOTHING)
        born = replaced.born
        const text = refreshToken(this.rootKeys, successor, successor.familyId, 1)
        const { familyId: id } = successor
        const result = { kind: 'redeemed' as const, familyId: id, refreshToken: text, ...replaced.ends, at: now, tokens: issued?.tokens }
        return { events: replaced.events, result, cause: () => cause }
      },
      {},
      (db, _, now) => this.store.startAlongside(db, family, successor.familyId, born, cause, now),
    )
    return result
  }

  /** With the metadata as Actions change what is stored now. Where the person's key is gone, so is what could be changed. */
  async #completed<T>(
    issued: IssuedAccess<T> | AccessRefused | undefined,
    { metadata: stored, userId }: ActiveFamily,
    known: boolean,
  ): Promise<(IssuedAccess<T> & { readonly access: Access }) | AccessRefused | undefined> {
    if (!issued || 'refused' in issued || !issued.actions || !known) return issued
    const replayed = await replayedMetadata(this.personKeys, userId, stored, issued.actions.operations)
    if ('problem' in replayed) return { refused: 'actions', error: 'access_denied', description: replayed.problem }
    return { ...issued, access: { ...issued.access, ...replayed } }
  }

  #learn(companion: unknown, askedAt: number): { readonly user: FamilyUser['user']; readonly known: boolean } {
    const { user, key } = companion as FamilyUser
    if (key) this.personKeys.learn(key, askedAt)
    return { user, known: key !== null }
  }
}

const isHeldUp = (issued: IssuedAccess<unknown> | AccessRefused | undefined, began: number, { readAnew = false }: Place): boolean =>
  issued !== undefined && 'actions' in issued && !readAnew && performance.now() - began > HELD_UP_MS

const beganWith = (state: Family): Pick<RefusedRefreshToken, 'login'> => (state.status === 'active' ? { login: ofLogin(state) } : {})
