import { at, given } from '../../event-store/testing.js'
import type { SessionEvent } from './session.events.js'
import { endSession, isAlive, reauthenticate, session, startSession, touch } from './session.js'

const HOUR = 3600
const lifetimes = { absoluteSeconds: 3 * HOUR, idleSeconds: HOUR }
const hour = (hours: number): Date => new Date(hours * HOUR * 1000)
const login = { userId: 'auth0|1', clientId: 'c1', connection: 'db', method: 'pwd' }
const terms = { persistent: true, salt: 'salt' }
const started = at(hour(0), given(session).when((state) => startSession(state, login, terms, lifetimes, hour(0))).events[0] as SessionEvent)
const use = (hours: number, settings = lifetimes): ReturnType<typeof touch> =>
  given(session, started).when((state) => touch(state, { clientId: 'c2', silent: true }, settings, hour(hours)))

describe('a session', () => {
  it('starts with both its ends, the idle one never behind the absolute one', () => {
    expect(started.event).toMatchObject({ data: { expiresAt: hour(3).toISOString(), idleExpiresAt: hour(1).toISOString() } })
    const short = given(session).when((state) => startSession(state, login, terms, { absoluteSeconds: 60, idleSeconds: HOUR }, hour(0)))
    expect(short.result.idleExpiresAt).toBe(short.result.expiresAt)
  })

  it('is alive until the last instant before its idle end', () => {
    const { state } = given(session, started)
    expect(isAlive(state, new Date(hour(1).getTime() - 1))).toBe(true)
    expect(isAlive(state, hour(1))).toBe(false)
  })

  it('lives on when it is used, and remembers who used it', () => {
    const { events, result } = use(0.5)
    expect(events).toMatchObject([{ type: 'SessionTouched', data: { clientId: 'c2', silent: true, idleExpiresAt: hour(1.5).toISOString() } }])
    expect(result).toMatchObject({ clients: ['c1', 'c2'], authenticatedAt: hour(0).toISOString() })
    expect(given(session, started, at(hour(0.5), events[0]!)).state).toEqual(result)
  })

  it('is not revived after its end', () => {
    expect(use(1)).toEqual({ events: [], result: undefined })
  })

  it('never lives past its absolute end', () => {
    const last: SessionEvent = {
      type: 'SessionTouched',
      data: { clientId: 'c1', silent: false, expiresAt: hour(3).toISOString(), idleExpiresAt: hour(3).toISOString() },
    }
    const touched = at(hour(2.5), last)
    const { result } = given(session, started, touched).when((state) => touch(state, { clientId: 'c1', silent: false }, lifetimes, hour(2.9)))
    expect(result?.idleExpiresAt).toBe(hour(3).toISOString())
    expect(given(session, started, touched).when((state) => touch(state, { clientId: 'c1', silent: false }, lifetimes, hour(3))).result).toBeUndefined()
  })

  it('keeps its ends when the settings are raised, and takes lower ones at its next use', () => {
    expect(use(0.5, { absoluteSeconds: 9 * HOUR, idleSeconds: 9 * HOUR }).result).toMatchObject({
      expiresAt: hour(3).toISOString(),
      idleExpiresAt: hour(1.5).toISOString(),
    })
    expect(use(0.5, { absoluteSeconds: HOUR, idleSeconds: HOUR }).result).toMatchObject({
      expiresAt: hour(1).toISOString(),
      idleExpiresAt: hour(1).toISOString(),
    })
  })

  it('ends with the use that lower settings leave no time for', () => {
    const { events, result } = use(0.5, { absoluteSeconds: HOUR, idleSeconds: HOUR / 4 })
    expect({ events, result }).toMatchObject({ events: [{ type: 'SessionEnded', data: { reason: 'expired', clients: ['c1'] } }], result: undefined })
    const after = given(session, started, at(hour(0.5), events[0]!))
    expect(after.when((state) => touch(state, { clientId: 'c2', silent: true }, lifetimes, hour(0.6)))).toEqual({ events: [], result: undefined })
  })

  it('goes on when the same person logs in again, with new ends and another cookie', () => {
    const again = given(session, started).when((state) => reauthenticate(state, { ...login, clientId: 'c2', method: 'mfa' }, lifetimes, hour(0.5)))
    expect(again.result).toMatchObject({
      cookieGeneration: 2,
      authenticatedAt: hour(0.5).toISOString(),
      expiresAt: hour(3.5).toISOString(),
      startedAt: hour(0).toISOString(),
      clients: ['c1', 'c2'],
      methods: [{ name: 'pwd' }, { name: 'mfa' }],
    })
    const other = given(session, started).when((state) => reauthenticate(state, { ...login, userId: 'auth0|2' }, lifetimes, hour(0.5)))
    expect(other).toEqual({ events: [], result: undefined })
    expect(given(session, started).when((state) => reauthenticate(state, login, lifetimes, hour(1)))).toEqual({ events: [], result: undefined })
  })

  it('is ended for the record once time has ended it', () => {
    const { when } = given(session, started)
    expect(when((state) => endSession(state, 'expired', hour(0.5))).result).toBe('over')
    expect(when((state) => endSession(state, 'expired', hour(1))).result).toBe('ended')
  })

  it('ends once', () => {
    const ended = given(session, started).when((state) => endSession(state, 'logout', hour(0.5)))
    const data = { reason: 'logout', userId: 'auth0|1', clients: ['c1'], metadata: null }
    expect(ended).toEqual({ events: [{ type: 'SessionEnded', data, cause: { connection: login.connection } }], result: 'ended' })
    expect(given(session, started, ended.events[0] as SessionEvent).when((state) => endSession(state, 'logout', hour(0.6)))).toEqual({
      events: [],
      result: 'over',
    })
    expect(given(session, started).when((state) => endSession(state, 'logout', hour(1)))).toEqual({ events: [], result: 'over' })
    expect(given(session).when((state) => endSession(state, 'logout', hour(0)))).toEqual({ events: [], result: 'over' })
  })
})
