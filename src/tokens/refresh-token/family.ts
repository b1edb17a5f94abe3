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

/** All refresh tokens that descend from one authorization (spec/refresh-tokens.md §1). Times are ISO strings. */
export type Family = { readonly status: 'none' } | { readonly status: 'barred' } | ActiveFamily | RevokedFamily

export interface ActiveFamily extends FamilyStarted {
  readonly status: 'active'
  readonly generation: number
  readonly startedAt: string
  /** When the latest generation was first issued. */
  readonly rotatedAt: string
  /** Null until the first exchange, and for ever while nothing expires (§5). */
  readonly lastExchangedAt: string | null
  readonly initialOrigin: PersonalData | null
  readonly lastOrigin: PersonalData | null
}

/** Keeps what recognises its tokens, and why it ended. */
export interface RevokedFamily {
  readonly status: 'revoked'
  readonly userId: string
  readonly clientId: string
  readonly keyId: string
  readonly salt: string
  readonly generation: number
  readonly revokedAt: string
  readonly reason: RevocationReason
}

/** The client's settings in force when they are applied; null is infinite. */
export interface LifetimePolicy {
  readonly absoluteSeconds: number | null
  readonly idleSeconds: number | null
}

export interface ExchangePolicy extends LifetimePolicy {
  readonly leewaySeconds: number
}

/** `generation` is the one whose token the client gets, or keeps if the family does not rotate. */
export type ExchangeResult =
  { readonly kind: 'exchanged'; readonly generation: number; readonly expiresAt: string | null } | { readonly kind: 'refused'; readonly why: ExchangeRefusal }

/** The first five in the order of §6.1, checks 5 to 8; the others say why there can be no access, checks 9 to 13. */
export type ExchangeRefusal = 'unknown' | 'foreign' | 'revoked' | 'expired' | 'reuse' | NoAccess
export type NoAccess = 'user-gone' | 'user-blocked' | 'scope' | 'unknown-audience' | 'other-audience'

const NOTHING: ExchangedAccess = { accessTokenId: null, audience: null, scope: [] }

export const family: Decider<Family, FamilyEvent> = {
  streamType: 'refresh_token_family',
  initial: { status: 'none' },
  stateVersion: 1,
  upcasters: familyUpcasters,
  evolve,
}

/** Starts the family. One that was barred stays so: its token is given and will be refused, as if it had been revoked right after. */
export function start(
  state: Family,
  started: Omit<FamilyStarted, 'expiresAt' | 'idleExpiresAt'>,
  policy: LifetimePolicy,
  now: Date,
): Decision<FamilyEvent, { expiresAt: string | null }> {
  const expiry = extend(null, policy, now)
  if (state.status === 'barred') return { events: [], result: { expiresAt: expiry.expiresAt } }
  if (state.status !== 'none') throw new Error('this family has been started before')
  return { events: [{ type: 'FamilyStarted', data: { ...started, ...expiry } }], result: { expiresAt: expiry.expiresAt } }
}

export interface Presented {
  readonly clientId: string
  readonly generation: number
}

/** §6.1 checks 5, 7 and 8, with §7.1: what the token is good for. The caller has seen that it is genuine. */
export function judge(
  state: Family,
  presented: Presented,
  leewaySeconds: number,
  now: Date,
): 'unchanged' | 'next' | 'user-gone' | Exclude<ExchangeRefusal, NoAccess> {
  if (state.status === 'none' || state.status === 'barred') return 'unknown'
  if (state.clientId !== presented.clientId) return 'foreign'
  if (state.status === 'revoked') return state.reason === 'user-deleted' ? 'user-gone' : 'revoked'
  if (isExpired(state, now)) return 'expired'
  // Genuine yet newer than all we know: the log was restored to an earlier time.
  if (presented.generation > state.generation) return 'unknown'
  if (!state.rotating) return 'unchanged'
  if (presented.generation === state.generation) return 'next'
  return isRetry(state, presented.generation, leewaySeconds, now) ? 'unchanged' : 'reuse'
}

/** Spends the token for `access`, or for none where the caller found a reason against it; reuse ends the family whatever that is. */
export function exchange(
  state: Family,
  presented: Presented,
  policy: ExchangePolicy,
  now: Date,
  access: ExchangedAccess | { readonly refused: NoAccess } = NOTHING,
): Decision<FamilyEvent, ExchangeResult> {
  const verdict = judge(state, presented, policy.leewaySeconds, now)
  if (state.status !== 'active' || (verdict !== 'next' && verdict !== 'unchanged')) {
    const { events } =
      state.status === 'active' && verdict === 'reuse' ? revocation(state, 'reuse', { presentedGeneration: presented.generation }) : { events: [] }
    return { events, result: { kind: 'refused', why: verdict as ExchangeRefusal } }
  }
  if ('refused' in access) return { events: [], result: { kind: 'refused', why: access.refused } }
  const expiry = extend(state.expiresAt, policy, now)
  if (verdict === 'next') return exchanged('RefreshTokenRotated', { generation: state.generation + 1, ...expiry, ...access })
  return exchanged('RefreshTokenExchanged', { generation: state.generation, ...expiry, ...access })
}

/** Ends the family; what is not active any more stays as it is. Answers whether this call ended it. */
export function revoke(state: Family, reason: RevocationReason, activeBefore?: number): Decision<FamilyEvent, boolean> {
  return state.status === 'active' ? revocation(state, reason, activeBefore === undefined ? {} : { activeBefore }) : { events: [], result: false }
}

/** Ends the family of a code that came back, also before it has started. Answers whether this call ended it. */
export function revokeReplayed(state: Family): Decision<FamilyEvent, boolean> {
  return state.status === 'none' ? { events: [{ type: 'FamilyBarred', data: {} }], result: true } : revoke(state, 'code-replayed')
}

/** Replaces all metadata (§11). Answers false when there is no active, unexpired family. */
export function setMetadata(state: Family, metadata: PersonalData | null, now: Date): Decision<FamilyEvent, boolean> {
  if (state.status !== 'active' || isExpired(state, now)) return { events: [], result: false }
  return { events: [{ type: 'RefreshTokenMetadataSet', data: { metadata } }], result: true }
}

/** §5: valid while now is before both ends. */
export function isExpired({ expiresAt, idleExpiresAt }: Pick<ActiveFamily, 'expiresAt' | 'idleExpiresAt'>, now: Date): boolean {
  return [expiresAt, idleExpiresAt].some((end) => end !== null && now.getTime() >= Date.parse(end))
}

/** §7.1: only the previous generation, and only until the leeway after the rotation has passed. */
function isRetry(state: ActiveFamily, generation: number, leewaySeconds: number, now: Date): boolean {
  return leewaySeconds > 0 && generation === state.generation - 1 && now.getTime() <= Date.parse(state.rotatedAt) + leewaySeconds * 1000
}

/** §5: an absolute end, once set, stays; the idle end follows the settings in force and never passes the absolute one. */
function extend(expiresAt: string | null, policy: LifetimePolicy, now: Date): { expiresAt: string | null; idleExpiresAt: string | null } {
  const absolute = expiresAt ?? after(now, policy.absoluteSeconds)
  const idle = after(now, policy.idleSeconds)
  return { expiresAt: absolute, idleExpiresAt: idle !== null && absolute !== null && Date.parse(idle) > Date.parse(absolute) ? absolute : idle }
}

const after = (now: Date, seconds: number | null): string | null => (seconds === null ? null : new Date(now.getTime() + seconds * 1000).toISOString())

const exchanged = (type: 'RefreshTokenRotated' | 'RefreshTokenExchanged', data: RefreshTokenExchange): Decision<FamilyEvent, ExchangeResult> => ({
  events: [{ type, data }],
  result: { kind: 'exchanged', generation: data.generation, expiresAt: data.expiresAt },
})

function revocation(
  state: ActiveFamily,
  reason: RevocationReason,
  more: Pick<FamilyRevoked, 'presentedGeneration' | 'activeBefore'> = {},
): Decision<FamilyEvent, boolean> {
  return { events: [{ type: 'FamilyRevoked', data: { reason, latestGeneration: state.generation, ...more } }], result: true }
}

function evolve(state: Family, event: FamilyEvent, { at, origin: sealedOrigin }: Metadata): Family {
  const origin = sealedOrigin ?? null
  if (event.type === 'FamilyStarted') {
    return { status: 'active', ...event.data, generation: 1, startedAt: at, rotatedAt: at, lastExchangedAt: null, initialOrigin: origin, lastOrigin: origin }
  }
  if (event.type === 'FamilyBarred') return { status: 'barred' }
  if (state.status !== 'active') throw new Error(`${event.type} in a family that is ${state.status}`)
  switch (event.type) {
    case 'RefreshTokenRotated':
      return { ...used(state, event.data, at, origin), rotatedAt: at }
    case 'RefreshTokenExchanged':
      return used(state, event.data, at, origin)
    case 'RefreshTokenMetadataSet':
      return { ...state, metadata: event.data.metadata }
    case 'FamilyRevoked': {
      const { userId, clientId, keyId, salt, generation } = state
      return { status: 'revoked', userId, clientId, keyId, salt, generation, revokedAt: at, reason: event.data.reason }
    }
  }
}

/** §5: tokens that never expire do not keep when and from where they were last used. */
function used(state: ActiveFamily, exchange: RefreshTokenExchange, at: string, origin: PersonalData | null): ActiveFamily {
  const { generation, expiresAt, idleExpiresAt } = exchange
  const after = { ...state, generation, expiresAt, idleExpiresAt }
  return expiresAt === null && idleExpiresAt === null ? after : { ...after, lastExchangedAt: at, lastOrigin: origin }
}
