import type { Decision } from '../../event-store/event.js'
import type { OnlineTerms, OnlineTokenExchanged, OnlineWithdrawalReason, SessionEnds, SessionEvent } from './session.events.js'
import { extended, isAlive, type SessionLifetimes, type SessionState } from './session.js'

/** What an online refresh token's text says, and what the request has shown beside it. */
interface PresentedOnline {
  readonly number: number
  readonly clientId: string
  readonly dpopThumbprint: string | null
}

export type OnlineAccess = Omit<OnlineTokenExchanged, keyof SessionEnds | 'number' | 'clientId'>

/** The first in the order of spec/refresh-tokens.md §6.1, checks 5 to 7. */
export type OnlineRefusal = 'unknown' | 'foreign' | 'binding' | 'over'

/**
 * Access for a client for as long as the session lives. Answers the number of its terms, which are the same when they are asked for again;
 * undefined when the session is over.
 */
export function grantOnline(state: SessionState, terms: OnlineTerms, now: Date): Decision<SessionEvent, number | undefined> {
  if (!isAlive(state, now)) return { events: [], result: undefined }
  const same = state.online.find((granted) => key(granted) === key(terms))
  if (same) return { events: [], result: same.number }
  const number = state.onlineCount + 1
  return { events: [{ type: 'OnlineAccessGranted', data: { ...terms, number } }], result: number }
}

/** What the token is good for. The caller has seen that it is genuine, whatever became of the session. */
export function judgeOnline(state: SessionState, { number, clientId, dpopThumbprint }: PresentedOnline, now: Date): OnlineTerms | OnlineRefusal {
  if (!isAlive(state, now)) return state.status === 'unknown' ? 'unknown' : 'over'
  const terms = state.online.find((granted) => granted.number === number)
  if (!terms) return 'unknown'
  if (terms.clientId !== clientId) return 'foreign'
  return terms.dpopThumbprint !== null && terms.dpopThumbprint !== dpopThumbprint ? 'binding' : terms
}

/** The session goes on, and its client gets `access`; nothing happens when the session is over. */
export function exchangeOnline(
  state: SessionState,
  presented: PresentedOnline,
  access: OnlineAccess,
  lifetimes: SessionLifetimes,
  now: Date,
): Decision<SessionEvent, OnlineRefusal | 'exchanged'> {
  const judged = judgeOnline(state, presented, now)
  if (typeof judged === 'string') return { events: [], result: judged }
  const ends = extended(state, lifetimes, now)
  if (!ends) return { events: [], result: 'over' }
  const { number, clientId } = presented
  return { events: [{ type: 'OnlineTokenExchanged', data: { number, clientId, ...access, ...ends } }], result: 'exchanged' }
}

/** Which online access goes; what is not named is any. `until`: what was granted later stays (ISO). */
export interface OnlineSelection {
  readonly clientId?: string
  readonly audience?: string | null
  readonly until?: string
}

/** Takes online refresh tokens back; answers how many. */
export function withdrawOnline(
  state: SessionState,
  { clientId, audience, until }: OnlineSelection,
  reason: OnlineWithdrawalReason,
  now: Date,
): Decision<SessionEvent, number> {
  if (!isAlive(state, now)) return { events: [], result: 0 }
  const meant = state.online.filter(
    (granted) =>
      (clientId === undefined || granted.clientId === clientId) &&
      (audience === undefined || granted.audience === audience) &&
      (until === undefined || granted.grantedAt <= until),
  )
  const numbers = meant.map(({ number }) => number)
  return { events: numbers.length > 0 ? [{ type: 'OnlineAccessWithdrawn', data: { numbers, reason } }] : [], result: numbers.length }
}

const key = ({ clientId, audience, scope, dpopThumbprint, organizationId }: OnlineTerms): string =>
  JSON.stringify([clientId, audience, [...scope].sort(), dpopThumbprint, organizationId ?? null])
