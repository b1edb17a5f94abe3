import type { Decider, Decision, Metadata, PersonalData } from '../../event-store/event.js'
import { type FamilyEvent, type FamilyRevoked, type FamilyStarted, familyUpcasters, type RefreshTokenExchange, type RevocationReason } from './family.events.js'
import { type Ends, type GivenEnds, givenEnds, isExpired, type LifetimePolicy, NO_ENDS, type WantedEnds } from './lifetimes.js'
import { type Resource, withAccess } from './resources.js'

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
interface RevokedFamily {
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

export function revocation(
  state: ActiveFamily,
  reason: RevocationReason,
  more: Omit<FamilyRevoked, 'reason' | 'latestGeneration'> = {},
): Decision<FamilyEvent, true> {
  return { events: [{ type: 'FamilyRevoked', data: { reason, latestGeneration: state.generation, ...more } }], result: true }
}

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
