import type { Decision, PersonalData } from '../../event-store/event.js'
import type { CookieMode, SessionAdjusted, SessionEvent } from './session.events.js'
import { type ActiveSession, cookieModeOf, endSession, happened, isAlive, type SessionLifetimes, type SessionState } from './session.js'

/** What is wanted of a living session; what is not named stays. Ends in epoch milliseconds. */
export interface Adjustments {
  readonly expiresAt?: number | undefined
  readonly idleExpiresAt?: number | undefined
  readonly cookieMode?: CookieMode | undefined
  /** Further methods by which the person was authenticated. */
  readonly methods?: readonly string[] | undefined
  /** Absent when it stays as it is. */
  readonly metadata?: PersonalData | null
}

/** An end that was wanted later than it may be, both as ISO strings. */
export interface Clamped {
  readonly end: 'expiresAt' | 'idleExpiresAt'
  readonly requested: string
  readonly applied: string
}

export interface Adjusted {
  /** Undefined when the session is over. */
  readonly session: ActiveSession | undefined
  readonly clamped: readonly Clamped[]
}

/**
 * Changes a session as Actions want it (spec/actions.md §3.6). Its ends only come nearer: never beyond what they are, nor beyond the tenant's
 * limits. The idle end holds until the next use, which sets it anew. An end in the past ends the session at once.
 */
export function adjustSession(state: SessionState, wanted: Adjustments, lifetimes: SessionLifetimes, now: Date): Decision<SessionEvent, Adjusted> {
  if (!isAlive(state, now)) return { events: [], result: { session: undefined, clamped: [] } }
  const absolute = clamp('expiresAt', wanted.expiresAt, Date.parse(state.authenticatedAt) + lifetimes.absoluteSeconds * 1000)
  const expiresAt = earlier(state.expiresAt, absolute.at)
  const idle = clamp('idleExpiresAt', wanted.idleExpiresAt, now.getTime() + lifetimes.idleSeconds * 1000)
  const idleExpiresAt = earlier(state.idleExpiresAt, idle.at, absolute.at)
  const cookieMode = wanted.cookieMode !== undefined && wanted.cookieMode !== cookieModeOf(state) ? wanted.cookieMode : undefined
  const methods = wanted.methods?.length ? [...new Set(wanted.methods)] : undefined
  const changes: SessionAdjusted = {
    ...(expiresAt !== undefined && { expiresAt }),
    ...(idleExpiresAt !== undefined && { idleExpiresAt }),
    ...(cookieMode && { cookieMode }),
    ...(methods && { methods }),
    ...(wanted.metadata !== undefined && { metadata: wanted.metadata }),
  }
  const clamped = [absolute, idle].map(({ clamped }) => clamped).filter((found) => found !== undefined)
  if (Object.keys(changes).length === 0) return { events: [], result: { session: state, clamped } }
  const { events, result: session } = happened(state, { type: 'SessionAdjusted', data: changes }, now)
  return { events, result: { session, clamped } }
}

/**
 * Ends the session for an Action (spec/sessions.md §11); the refresh tokens that began in it follow, unless they are to stay. `online`: the number of
 * the online one that the Action meant.
 */
export function revokeSession(
  state: SessionState,
  { preserveRefreshTokens, online }: { readonly preserveRefreshTokens: boolean; readonly online?: number },
  now: Date,
): Decision<SessionEvent, 'ended' | 'over'> {
  return endSession(state, 'action', now, {
    ...(!preserveRefreshTokens && { endsRefreshTokens: true }),
    ...(online !== undefined && { revokedOnline: online }),
  })
}

/** What Actions set before is no limit that anybody needs to hear of; the tenant's is. */
function clamp(end: Clamped['end'], wanted: number | undefined, limit: number): { readonly at?: number; readonly clamped?: Clamped } {
  if (wanted === undefined || wanted <= limit) return wanted === undefined ? {} : { at: wanted }
  return { at: limit, clamped: { end, requested: new Date(wanted).toISOString(), applied: new Date(limit).toISOString() } }
}

/** The earliest of the wanted ends; undefined where none is earlier than the current one. */
function earlier(current: string, ...wanted: readonly (number | undefined)[]): string | undefined {
  const earliest = Math.min(...wanted.filter((at) => at !== undefined))
  return earliest < Date.parse(current) ? new Date(earliest).toISOString() : undefined
}
