import type { Context, Decider, Decision, Metadata, PersonalData } from '../../event-store/event.js'
import {
  type AuthenticationMethod,
  type CookieMode,
  type OnlineTerms,
  type SessionEnded,
  type SessionEndReason,
  type SessionEnds,
  type SessionEvent,
  sessionUpcasters,
} from './session.events.js'

/** As for offline refresh tokens (spec/refresh-tokens.md §8, §12). */
const MAX_ONLINE_PER_CLIENT = 200

/** Times are ISO strings (docs/adr/0008-sessions.md). */
export interface ActiveSession extends SessionEnds {
  readonly status: 'active'
  readonly userId: string
  readonly connection: string
  /** As the session began: which pair of lifetimes applies. */
  readonly persistent: boolean
  /** What Actions said of the cookie since. */
  readonly cookieMode?: CookieMode
  readonly salt: string
  /** Raised by each login: cookies of an earlier one prove nothing. */
  readonly cookieGeneration: number
  readonly startedAt: string
  readonly authenticatedAt: string
  readonly lastInteractedAt: string
  readonly updatedAt: string
  readonly idleSeconds: number
  /** Clients that were answered from it, in the order of their first time. */
  readonly clients: readonly string[]
  readonly methods: readonly { readonly name: AuthenticationMethod; readonly at: string }[]
  readonly metadata: PersonalData | null
  readonly initialOrigin: PersonalData | null
  readonly lastOrigin: PersonalData | null
  /** What its online refresh tokens are good for, and the number that each token names them by. */
  readonly online: readonly (OnlineTerms & { readonly number: number; readonly grantedAt: string; readonly lastExchangedAt?: string })[]
  readonly onlineCount: number
}

/** Keeps whose it was, for the tokens that come too late, and what is to end with it, for whoever finds that undone. */
interface EndedSession {
  readonly status: 'ended'
  readonly reason: SessionEndReason
  readonly userId: string
  readonly connection: string
  /** When its refresh tokens end as well: no login in it began later. */
  readonly endsRefreshTokensAt?: string
  /** The online refresh token that its client revoked, and when. */
  readonly revokedOnline?: Pick<OnlineTerms, 'clientId' | 'audience'> & { readonly number: number; readonly salt: string; readonly at: string }
}

export type SessionState = { readonly status: 'unknown' } | ActiveSession | EndedSession

/** For the log: the person, where there has been a session. */
export const whose = (state: SessionState): Pick<Context, 'userId'> => ('userId' in state ? { userId: state.userId } : {})

/** What the tenant's settings allow now. */
export interface SessionLifetimes {
  readonly absoluteSeconds: number
  readonly idleSeconds: number
}

export interface Login {
  readonly userId: string
  readonly clientId: string
  readonly connection: string
  readonly method: AuthenticationMethod
  readonly awaitsActions?: true
  readonly loginsCount?: number
}

export const session: Decider<SessionState, SessionEvent> = {
  streamType: 'session',
  initial: { status: 'unknown' },
  stateVersion: 4,
  upcasters: sessionUpcasters,
  evolve,
}

export function startSession(
  state: SessionState,
  login: Login,
  { persistent, salt }: Pick<ActiveSession, 'persistent' | 'salt'>,
  lifetimes: SessionLifetimes,
  now: Date,
): Decision<SessionEvent, ActiveSession> {
  if (state.status !== 'unknown') throw new Error('two sessions with the same random id')
  return happened(state, { type: 'SessionStarted', data: { ...login, persistent, salt, idleSeconds: lifetimes.idleSeconds, ...fromNow(lifetimes, now) } }, now)
}

/** The same person has proved again who they are. Undefined, and nothing happens, when it is over or was somebody else's: then a new one is due. */
export function reauthenticate(state: SessionState, login: Login, lifetimes: SessionLifetimes, now: Date): Decision<SessionEvent, ActiveSession | undefined> {
  if (!isAlive(state, now) || state.userId !== login.userId) return { events: [], result: undefined }
  const data = { ...login, cookie: cookieModeOf(state), idleSeconds: lifetimes.idleSeconds, ...fromNow(lifetimes, now) }
  return happened(state, { type: 'SessionReauthenticated', data }, now)
}

/** A session ends at the very instant of either end (spec/sessions.md §3): nothing has to run for that. */
export const isAlive = (state: SessionState, now: Date): state is ActiveSession =>
  state.status === 'active' && now.getTime() < Math.min(Date.parse(state.expiresAt), Date.parse(state.idleExpiresAt))

/** Somebody used the session through a client. Undefined for a session that is over; one that lower settings leave no time for ends with that. */
export function touch(
  state: SessionState,
  use: { readonly clientId: string; readonly silent: boolean; readonly awaitsActions?: true },
  lifetimes: SessionLifetimes,
  now: Date,
): Decision<SessionEvent, ActiveSession | undefined> {
  if (!isAlive(state, now)) return { events: [], result: undefined }
  const ends = extended(state, lifetimes, now)
  if (!ends) return { events: [ended(state, 'expired')], result: undefined }
  return happened(state, { type: 'SessionTouched', data: { ...use, cookie: cookieModeOf(state), ...ends } }, now)
}

/**
 * The ends after a use now: idle time starts anew, up to the absolute end. Settings that were lowered since apply now, and may end it; settings
 * that were raised are for new sessions. Undefined for a session that is over.
 */
export function extended(state: SessionState, lifetimes: SessionLifetimes, now: Date): SessionEnds | undefined {
  if (!isAlive(state, now)) return undefined
  const expiresAt = earlier(state.expiresAt, after(new Date(state.authenticatedAt), lifetimes.absoluteSeconds))
  const idleSeconds = Math.min(state.idleSeconds, lifetimes.idleSeconds)
  const lowered = { ...state, expiresAt, idleExpiresAt: earlier(state.idleExpiresAt, after(new Date(state.lastInteractedAt), idleSeconds)) }
  return isAlive(lowered, now) ? { expiresAt, idleExpiresAt: earlier(after(now, idleSeconds), expiresAt) } : undefined
}

/** Replaces all metadata (spec/sessions.md §10). Answers false when the session is over. */
export function setSessionMetadata(state: SessionState, metadata: PersonalData | null, now: Date): Decision<SessionEvent, boolean> {
  return isAlive(state, now) ? { events: [{ type: 'SessionMetadataSet', data: { metadata } }], result: true } : { events: [], result: false }
}

/** Ending what is over, by time or by an end before, changes nothing; `expired` ends what time has ended already. */
export function endSession(
  state: SessionState,
  reason: SessionEndReason,
  now: Date,
  how: Pick<SessionEnded, 'returnTo' | 'logsMetadata' | 'revokedOnline' | 'endsRefreshTokens'> = {},
): Decision<SessionEvent, 'ended' | 'over'> {
  const due = reason === 'expired' ? state.status === 'active' && !isAlive(state, now) : isAlive(state, now)
  if (state.status !== 'active' || !due) return { events: [], result: 'over' }
  return { events: [ended(state, reason, how)], result: 'ended' }
}

/** For good: of settings that were lowered, it is not brought back by raising them again. */
export const ended = (
  { userId, clients, metadata, connection }: ActiveSession,
  reason: SessionEndReason,
  how: Parameters<typeof endSession>[3] = {},
): SessionEvent => ({ type: 'SessionEnded', data: { reason, userId, clients, metadata, ...how }, cause: { connection } })

/** How browsers keep the cookie now. */
export const cookieModeOf = ({ cookieMode, persistent }: Pick<ActiveSession, 'cookieMode' | 'persistent'>): CookieMode =>
  cookieMode ?? (persistent ? 'persistent' : 'non-persistent')

/** One event, and the session that it leaves. */
export const happened = (state: SessionState, event: SessionEvent, now: Date): Decision<SessionEvent, ActiveSession> => ({
  events: [event],
  result: evolve(state, event, { at: now.toISOString() }) as ActiveSession,
})

/** As it is stored after a use from there: the decision on the use does not know from where. */
export const usedFrom = (session: ActiveSession, origin: PersonalData | undefined): ActiveSession => (origin ? { ...session, lastOrigin: origin } : session)

const fromNow = ({ absoluteSeconds, idleSeconds }: SessionLifetimes, now: Date): SessionEnds => {
  const expiresAt = after(now, absoluteSeconds)
  return { expiresAt, idleExpiresAt: earlier(after(now, idleSeconds), expiresAt) }
}

const after = (start: Date, seconds: number): string => new Date(start.getTime() + seconds * 1000).toISOString()
/** ISO strings of one length sort as the times that they name. */
const earlier = (a: string, b: string): string => (a < b ? a : b)

function evolve(state: SessionState, event: SessionEvent, { at, origin: sealed }: Metadata): SessionState {
  const origin = sealed ?? null
  if (event.type === 'SessionStarted') {
    const { clientId, method, awaitsActions: _, loginsCount: __, ...terms } = event.data
    const times = { startedAt: at, authenticatedAt: at, lastInteractedAt: at, updatedAt: at }
    const use = { clients: [clientId], methods: [{ name: method, at }], initialOrigin: origin, lastOrigin: origin }
    return { status: 'active', ...terms, ...times, ...use, cookieGeneration: 1, metadata: null, online: [], onlineCount: 0 }
  }
  if (state.status !== 'active') return state
  switch (event.type) {
    case 'SessionReauthenticated': {
      const { clientId, method, awaitsActions: _, loginsCount: __, cookie: ___, ...terms } = event.data
      const methods = [...state.methods.filter(({ name }) => name !== method), { name: method, at }]
      return { ...used({ ...state, ...terms, methods }, clientId, at, origin), authenticatedAt: at, cookieGeneration: state.cookieGeneration + 1 }
    }
    case 'SessionTouched': {
      const { clientId, expiresAt, idleExpiresAt } = event.data
      return used({ ...state, expiresAt, idleExpiresAt }, clientId, at, origin)
    }
    case 'SessionMetadataSet':
      return { ...state, metadata: event.data.metadata, updatedAt: at }
    case 'SessionAdjusted': {
      const { methods = [], ...changes } = event.data
      const others = state.methods.filter(({ name }) => !methods.includes(name))
      return { ...state, ...changes, methods: [...others, ...methods.map((name) => ({ name, at }))], updatedAt: at }
    }
    case 'OnlineAccessGranted':
      return { ...state, online: kept([...state.online, { ...event.data, grantedAt: at }], event.data.clientId), onlineCount: event.data.number, updatedAt: at }
    case 'OnlineAccessWithdrawn':
      return { ...state, online: state.online.filter(({ number }) => !event.data.numbers.includes(number)), updatedAt: at }
    case 'OnlineTokenExchanged': {
      const { number, clientId, expiresAt, idleExpiresAt } = event.data
      const online = state.online.map((granted) => (granted.number === number ? { ...granted, lastExchangedAt: at } : granted))
      return used({ ...state, online, expiresAt, idleExpiresAt }, clientId, at, origin)
    }
    case 'SessionEnded': {
      const { reason, endsRefreshTokens, revokedOnline: number } = event.data
      const { userId, connection, salt, online } = state
      const terms = reason === 'revoked' ? online.find((granted) => granted.number === number) : undefined
      const revokedOnline = terms && { number: terms.number, clientId: terms.clientId, audience: terms.audience, salt, at }
      const ends = { ...(endsRefreshTokens && { endsRefreshTokensAt: at }), ...(revokedOnline && { revokedOnline }) }
      return { status: 'ended', reason, userId, connection, ...ends }
    }
  }
}

/** Of a client with too many, the oldest goes. */
function kept(online: ActiveSession['online'], clientId: string): ActiveSession['online'] {
  const ofClient = online.filter((granted) => granted.clientId === clientId)
  return ofClient.length > MAX_ONLINE_PER_CLIENT ? online.filter((granted) => granted !== ofClient[0]) : online
}

const used = (state: ActiveSession, clientId: string, at: string, origin: PersonalData | null): ActiveSession => ({
  ...state,
  lastInteractedAt: at,
  updatedAt: at,
  lastOrigin: origin ?? state.lastOrigin,
  clients: state.clients.includes(clientId) ? state.clients : [...state.clients, clientId],
})
