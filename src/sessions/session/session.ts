import type { Decider, Decision } from '../../event-store/event.js'
import { type SessionEndReason, type SessionEvent, sessionUpcasters } from './session.events.js'

export interface ActiveSession {
  readonly status: 'active'
  readonly userId: string
  readonly connection: string
  readonly persistent: boolean
  readonly authenticatedAt: string
  readonly lastInteractedAt: string
  readonly idleSeconds: number
  readonly expiresAt: string
  readonly idleExpiresAt: string
  /** Clients that were answered from it, in the order of their first time. */
  readonly clients: readonly string[]
}

export type SessionState = { readonly status: 'unknown' } | ActiveSession | { readonly status: 'ended'; readonly reason: SessionEndReason }

export const session: Decider<SessionState, SessionEvent> = {
  streamType: 'session',
  initial: { status: 'unknown' },
  stateVersion: 1,
  upcasters: sessionUpcasters,
  evolve: (state, { type, data }, { at }) => {
    switch (type) {
      case 'SessionStarted': {
        const { clientId, ...terms } = data
        return { status: 'active', ...terms, authenticatedAt: at, lastInteractedAt: at, clients: [clientId] }
      }
      case 'SessionTouched': {
        if (state.status !== 'active') return state
        const { clientId, silent: _, ...ends } = data
        return { ...state, ...ends, lastInteractedAt: at, clients: [...new Set([...state.clients, clientId])] }
      }
      case 'SessionEnded':
        return { status: 'ended', reason: data.reason }
    }
  },
}

/** What the tenant's settings allow now. */
export interface SessionLifetimes {
  readonly absoluteSeconds: number
  readonly idleSeconds: number
}

export interface NewSession {
  readonly userId: string
  readonly clientId: string
  readonly connection: string
  readonly persistent: boolean
}

export function startSession(state: SessionState, fresh: NewSession, lifetimes: SessionLifetimes, now: Date): Decision<SessionEvent, ActiveSession> {
  if (state.status !== 'unknown') throw new Error('two sessions with the same random id')
  const { absoluteSeconds, idleSeconds } = lifetimes
  const expiresAt = after(now, absoluteSeconds)
  const data = { ...fresh, idleSeconds, expiresAt, idleExpiresAt: earlier(after(now, idleSeconds), expiresAt) }
  const at = now.toISOString()
  const { clientId, ...terms } = data
  return {
    events: [{ type: 'SessionStarted', data }],
    result: { status: 'active', ...terms, authenticatedAt: at, lastInteractedAt: at, clients: [clientId] },
  }
}

/** A session ends at the very instant of either end (spec/sessions.md §3): nothing has to run for that. */
export const isAlive = (state: SessionState, now: Date): state is ActiveSession =>
  state.status === 'active' && now.getTime() < Math.min(Date.parse(state.expiresAt), Date.parse(state.idleExpiresAt))

/**
 * Somebody used the session through a client: idle time starts anew, up to the absolute end. Settings that were lowered since apply now, and
 * may end it; settings that were raised are for new sessions. Undefined, and nothing happens, for a session that is over.
 */
export function touch(
  state: SessionState,
  { clientId, silent }: { readonly clientId: string; readonly silent: boolean },
  lifetimes: SessionLifetimes,
  now: Date,
): Decision<SessionEvent, ActiveSession | undefined> {
  if (!isAlive(state, now)) return { events: [], result: undefined }
  const expiresAt = earlier(state.expiresAt, after(new Date(state.authenticatedAt), lifetimes.absoluteSeconds))
  const idleSeconds = Math.min(state.idleSeconds, lifetimes.idleSeconds)
  const lowered = { ...state, expiresAt, idleExpiresAt: earlier(state.idleExpiresAt, after(new Date(state.lastInteractedAt), idleSeconds)) }
  if (!isAlive(lowered, now)) return { events: [], result: undefined }
  const ends = { expiresAt, idleExpiresAt: earlier(after(now, idleSeconds), expiresAt) }
  return {
    events: [{ type: 'SessionTouched', data: { clientId, silent, ...ends } }],
    result: { ...state, ...ends, lastInteractedAt: now.toISOString(), clients: [...new Set([...state.clients, clientId])] },
  }
}

/** Ending what is over, by time or by an end before, changes nothing. */
export function endSession(state: SessionState, reason: SessionEndReason, now: Date): Decision<SessionEvent, 'ended' | 'over'> {
  if (!isAlive(state, now)) return { events: [], result: 'over' }
  return { events: [{ type: 'SessionEnded', data: { reason } }], result: 'ended' }
}

const after = (start: Date, seconds: number): string => new Date(start.getTime() + seconds * 1000).toISOString()
/** ISO strings of one length sort as the times that they name. */
const earlier = (a: string, b: string): string => (a < b ? a : b)
