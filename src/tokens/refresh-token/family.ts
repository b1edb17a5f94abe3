import type { Decider, Decision, Metadata, PersonalData } from '../../event-store/event.js'
import {
  type ExchangedAccess,
  type FamilyEvent,
  type FamilyRevoked,
  type FamilyStarted,
  familyUpcasters,
  type RefreshTokenExchange,
  type RevocationReason,
} from './family.events.js'
import { type Ends, type GivenEnds, givenEnds, isExpired, type LifetimePolicy, NO_ENDS, type WantedEnds } from './lifetimes.js'
import { type Resource, withAccess } from './resources.js'

export { isExpired, type LifetimePolicy } from './lifetimes.js'
export { type Resource, withAccess } from './resources.js'

/** All refresh tokens that descend from one authorization (spec/refresh-tokens.md §1). Times are ISO strings. */
export type Family = { readonly status: 'none' } | { readonly status: 'barred' } | ActiveFamily | RevokedFamily

/** What is empty in most families is left out: millions of rows hold it. */
export interface ActiveFamily extends Omit<FamilyStarted, 'predecessor'> {
  readonly status: 'active'
  readonly generation: number
  readonly startedAt: string
  /** When the latest generation was first issued. */
  readonly rotatedAt: string
  /** Null until the first exchange, and for ever while nothing expires (§5). */
  readonly lastExchangedAt: string | null
  readonly initialOrigin: PersonalData | null
  readonly lastOrigin: PersonalData | null
  /** APIs beside that of the login that it gave access to (§6.3), with all that it gave there; absent for none. */
  readonly resources?: readonly Resource[]
  /** It took another family's place (§13). */
  readonly tookPlace?: true
  /** As it was before the latest rotation, where that changed it: what a retry of that exchange is to see. */
  readonly metadataBefore?: PersonalData | null
}

/** Keeps what recognises its tokens, why it ended, and what took its place. */
export interface RevokedFamily {
  readonly status: 'revoked'
  readonly userId: string
  readonly clientId: string
  readonly keyId: string
  readonly salt: string
  readonly rotating: boolean
  readonly generation: number
  readonly revokedAt: string
  readonly reason: RevocationReason
  /** The family that took its place (§13). */
  readonly successorId: string | null
}

export interface ExchangePolicy extends LifetimePolicy {
  readonly leewaySeconds: number
  /** Whether the client's tokens are to rotate; absent: as they are. */
  readonly rotating?: boolean
}

/**
 * `exchanged`: `generation` is the one whose token the client gets, or keeps if the family does not rotate. `switch`: the family must give
 * way to one of the other kind, by `replace`. `succeeded`: it has; the token counts there as `generation`. Neither changes anything.
 */
export type ExchangeResult =
  | ({ readonly kind: 'exchanged'; readonly generation: number } & Ends)
  | { readonly kind: 'switch' }
  | { readonly kind: 'succeeded'; readonly by: string; readonly generation: number; readonly ofRotating: boolean }
  | { readonly kind: 'refused'; readonly why: ExchangeRefusal }

/** The first six in the order of §6.1, checks 5 to 8; the others say why there can be no access, checks 9 to 13. */
export type ExchangeRefusal = 'unknown' | 'foreign' | 'binding' | 'revoked' | 'expired' | 'reuse' | NoAccess
export type NoAccess =
  'user-gone' | 'user-blocked' | 'not-a-member' | 'scope' | 'unknown-audience' | 'other-audience' | 'possession' | 'no-client-grant' | 'actions'

/** What an exchange gives and, where Actions took part, what they made of the refresh token. */
export interface Access extends ExchangedAccess, Pick<RefreshTokenExchange, 'metadata'> {
  readonly wantedEnds?: WantedEnds
}

export const NOTHING: Access = { accessTokenId: null, audience: null, scope: [] }

export const family: Decider<Family, FamilyEvent> = {
  streamType: 'refresh_token_family',
  initial: { status: 'none' },
  stateVersion: 4,
  upcasters: familyUpcasters,
  evolve,
}

/** Starts the family. One that was barred stays so: its token is given and will be refused, as if it had been revoked right after. */
export function start(
  state: Family,
  started: Omit<FamilyStarted, keyof GivenEnds>,
  policy: LifetimePolicy,
  now: Date,
  wantedEnds: WantedEnds = {},
): Decision<FamilyEvent, Ends> {
  const given = givenEnds(NO_ENDS, policy, wantedEnds, now)
  const ends = { expiresAt: given.expiresAt, idleExpiresAt: given.idleExpiresAt }
  if (state.status === 'barred') return { events: [], result: ends }
  if (state.status !== 'none') throw new Error('this family has been started before')
  return { events: [{ type: 'FamilyStarted', data: { ...started, ...given } }], result: ends }
}

export interface Presented {
  readonly clientId: string
  /** Zero or less: of the family that this one took the place of, whose last generation counts as 0. */
  readonly generation: number
  /** Of such a token: whether its own family rotated. One that did not may be held in several places by right, so its return is no sign of theft. */
  readonly ofRotating?: boolean | undefined
  /** Of the key whose proof came with the request; null without one. */
  readonly dpopThumbprint: string | null
  /** Whether the client has shown a secret or a key of its own, which binds its tokens instead (§9). */
  readonly confidential: boolean
}

type Verdict = 'unchanged' | 'next' | 'switch' | 'succeeded' | 'user-gone' | Exclude<ExchangeRefusal, NoAccess>

/** §6.1 checks 5 to 8, with §7.1: what the token is good for. The caller has seen that it is genuine. */
export function judge(state: Family, presented: Presented, policy: Pick<ExchangePolicy, 'leewaySeconds' | 'rotating'>, now: Date): Verdict {
  if (state.status === 'none' || state.status === 'barred') return 'unknown'
  if (state.clientId !== presented.clientId) return 'foreign'
  if (state.status === 'revoked') {
    if (state.successorId !== null) return 'succeeded'
    return state.reason === 'user-deleted' ? 'user-gone' : 'revoked'
  }
  const holdsKey = state.dpopThumbprint === null || state.dpopThumbprint === presented.dpopThumbprint
  if (!holdsKey && presented.generation >= (state.boundSince ?? -Infinity)) return 'binding'
  if (isExpired(state, now)) return 'expired'
  // Genuine yet newer than all we know: the log was restored to an earlier time.
  if (presented.generation > state.generation) return 'unknown'
  if (presented.generation === state.generation) {
    if (policy.rotating !== undefined && policy.rotating !== state.rotating) return 'switch'
    return state.rotating ? 'next' : 'unchanged'
  }
  // What it was spent for is bound, and of no use to anybody else.
  if (isRetry(state, presented.generation, policy.leewaySeconds, now)) return holdsKey ? 'unchanged' : 'binding'
  return presented.ofRotating === false ? 'revoked' : 'reuse'
}

/** Spends the token for `access`, or for none where the caller found a reason against it; reuse ends the family whatever that is. */
export function exchange(
  state: Family,
  presented: Presented,
  policy: ExchangePolicy,
  now: Date,
  access: Access | { readonly refused: NoAccess } = NOTHING,
): Decision<FamilyEvent, ExchangeResult> {
  const verdict = judge(state, presented, policy, now)
  if (state.status === 'revoked' && state.successorId !== null && verdict === 'succeeded') {
    const { successorId: by, generation, rotating } = state
    return { events: [], result: { kind: 'succeeded', by, generation: presented.generation - generation, ofRotating: presented.ofRotating ?? rotating } }
  }
  if (state.status === 'active' && verdict === 'switch') return { events: [], result: { kind: 'switch' } }
  if (state.status !== 'active' || (verdict !== 'next' && verdict !== 'unchanged')) {
    const { events } =
      state.status === 'active' && verdict === 'reuse' ? revocation(state, 'reuse', { presentedGeneration: presented.generation }) : { events: [] }
    return { events, result: { kind: 'refused', why: verdict as ExchangeRefusal } }
  }
  if ('refused' in access) return { events: [], result: { kind: 'refused', why: access.refused } }
  const given = givenAt(state, access, policy, now)
  if (verdict === 'next') return exchanged('RefreshTokenRotated', { generation: state.generation + 1, ...given, ...binding(state, presented) })
  return exchanged('RefreshTokenExchanged', { generation: state.generation, ...given })
}

/** What the exchange's event says of it, with the ends that follow. */
export const givenAt = (
  state: ActiveFamily,
  { wantedEnds = {}, ...access }: Access,
  policy: LifetimePolicy,
  now: Date,
): Omit<RefreshTokenExchange, 'generation' | 'dpopThumbprint'> => ({ ...givenEnds(state, policy, wantedEnds, now), ...access })

/** A token that came back because its answer was lost: Actions run on what the exchange before had found, so that nothing is counted twice. */
export const metadataFor = (state: ActiveFamily, { generation }: Pick<Presented, 'generation'>): PersonalData | null =>
  generation < state.generation && state.metadataBefore !== undefined ? state.metadataBefore : state.metadata

/** Ends the family; what is not active any more, or expired, stays as it is (§7.2). Answers whether this call ended it. */
export function revoke(state: Family, reason: RevocationReason, now: Date, activeBefore?: number): Decision<FamilyEvent, boolean> {
  if (state.status !== 'active' || isExpired(state, now)) return { events: [], result: false }
  return revocation(state, reason, { ...(reason === 'api' && { clientId: state.clientId }), ...(activeBefore !== undefined && { activeBefore }) })
}

/**
 * Ends the family of a code that came back, also before it has started, or once it has expired: access tokens that were born with it may live on.
 * Answers whether this call ended it.
 */
export function revokeReplayed(state: Family): Decision<FamilyEvent, boolean> {
  if (state.status === 'none') return { events: [{ type: 'FamilyBarred', data: {} }], result: true }
  return state.status === 'active' ? revocation(state, 'code-replayed') : { events: [], result: false }
}

/** Replaces all metadata (§11). Answers false when there is no active, unexpired family. */
export function setMetadata(state: Family, metadata: PersonalData | null, now: Date): Decision<FamilyEvent, boolean> {
  if (state.status !== 'active' || isExpired(state, now)) return { events: [], result: false }
  return { events: [{ type: 'RefreshTokenMetadataSet', data: { metadata } }], result: true }
}

/** §9: a public client's rotating token becomes bound to the key of the first proof that comes with it. */
export function binding(
  state: Pick<ActiveFamily, 'dpopThumbprint'>,
  { dpopThumbprint, confidential }: Presented,
): Pick<RefreshTokenExchange, 'dpopThumbprint'> {
  return state.dpopThumbprint === null && dpopThumbprint !== null && !confidential ? { dpopThumbprint } : {}
}

export function revocation(
  state: ActiveFamily,
  reason: RevocationReason,
  more: Omit<FamilyRevoked, 'reason' | 'latestGeneration'> = {},
): Decision<FamilyEvent, true> {
  return { events: [{ type: 'FamilyRevoked', data: { reason, latestGeneration: state.generation, ...more } }], result: true }
}

/** §7.1: only the previous generation, and only until the leeway after the rotation has passed. */
function isRetry(state: ActiveFamily, generation: number, leewaySeconds: number, now: Date): boolean {
  return leewaySeconds > 0 && generation === state.generation - 1 && now.getTime() <= Date.parse(state.rotatedAt) + leewaySeconds * 1000
}

const exchanged = (type: 'RefreshTokenRotated' | 'RefreshTokenExchanged', data: RefreshTokenExchange): Decision<FamilyEvent, ExchangeResult> => ({
  events: [{ type, data }],
  result: { kind: 'exchanged', generation: data.generation, expiresAt: data.expiresAt, idleExpiresAt: data.idleExpiresAt },
})

function evolve(state: Family, event: FamilyEvent, { at, origin: sealedOrigin }: Metadata): Family {
  const origin = sealedOrigin ?? null
  if (event.type === 'FamilyStarted') {
    const { capped: _, predecessor, ...started } = event.data
    const origins = { initialOrigin: predecessor ? predecessor.initialOrigin : origin, lastOrigin: origin }
    const first = { generation: 1, startedAt: at, rotatedAt: at, lastExchangedAt: null }
    return { status: 'active', ...started, ...first, ...origins, ...(predecessor && { tookPlace: true }) }
  }
  if (event.type === 'FamilyBarred') return { status: 'barred' }
  if (state.status !== 'active') throw new Error(`${event.type} in a family that is ${state.status}`)
  switch (event.type) {
    case 'RefreshTokenRotated': {
      const { metadataBefore: _, ...before } = state
      const { generation, dpopThumbprint } = event.data
      const bound = dpopThumbprint !== undefined && { dpopThumbprint, boundSince: generation }
      const after = { ...used(before, event.data, at, origin), rotatedAt: at, ...bound }
      return event.data.metadata === undefined ? after : { ...after, metadataBefore: state.metadata }
    }
    case 'RefreshTokenExchanged': {
      // The first exchange of a family that took another's place is that family's last: its token may come back too.
      const first = state.tookPlace === true && state.generation === 1 && state.metadataBefore === undefined
      const after = used(state, event.data, at, origin)
      return first && event.data.metadata !== undefined ? { ...after, metadataBefore: state.metadata } : after
    }
    case 'RefreshTokenMetadataSet': {
      // What an operator says holds at once, for retries too.
      const { metadataBefore: _, ...before } = state
      return { ...before, metadata: event.data.metadata }
    }
    case 'FamilyRevoked': {
      const { userId, clientId, keyId, salt, rotating, generation } = state
      const { reason, successorId = null } = event.data
      return { status: 'revoked', userId, clientId, keyId, salt, rotating, generation, revokedAt: at, reason, successorId }
    }
  }
}

/** §5: tokens that never expire do not keep when and from where they were last used. */
function used({ idleOnce: _, ...state }: ActiveFamily, exchange: RefreshTokenExchange, at: string, origin: PersonalData | null): ActiveFamily {
  const { generation, expiresAt, idleExpiresAt, idleOnce, metadata = state.metadata } = exchange
  const resources = withAccess(state.resources ?? [], state.audience, exchange)
  const ends = { expiresAt, idleExpiresAt, ...(idleOnce && { idleOnce }) }
  const after = { ...state, generation, ...ends, metadata, ...(resources.length > 0 && { resources }) }
  return expiresAt === null && idleExpiresAt === null ? after : { ...after, lastExchangedAt: at, lastOrigin: origin }
}
