import { given } from '../../event-store/testing.js'
import type { PersonalData } from '../../event-store/event.js'
import { type Adjustments, adjustSession, revokeSession } from './adjust.js'
import type { SessionEvent } from './session.events.js'
import { cookieModeOf, session, touch } from './session.js'

const HOUR = 3_600_000
const lifetimes = { absoluteSeconds: 10 * 3600, idleSeconds: 2 * 3600 }
const iso = (ms: number): string => new Date(ms).toISOString()
const at = (ms: number): Date => new Date(ms)
const started: SessionEvent = {
  type: 'SessionStarted',
  data: {
    userId: 'auth0|1',
    clientId: 'c1',
    connection: 'db',
    method: 'pwd',
    persistent: true,
    salt: '',
    idleSeconds: 7200,
    awaitsActions: true,
    expiresAt: iso(10 * HOUR),
    idleExpiresAt: iso(2 * HOUR),
  },
}
const adjust = (wanted: Adjustments, now = 0) => given(session, started).when((state) => adjustSession(state, wanted, lifetimes, at(now)))

describe('a session that Actions adjust', () => {
  it('ends earlier, never later, and says which wish was beyond the tenant’s limit', () => {
    const earlier = adjust({ expiresAt: HOUR, idleExpiresAt: 3 * HOUR })
    expect(earlier.events).toEqual([{ type: 'SessionAdjusted', data: { expiresAt: iso(HOUR), idleExpiresAt: iso(HOUR) } }])
    expect(earlier.result.clamped).toEqual([{ end: 'idleExpiresAt', requested: iso(3 * HOUR), applied: iso(2 * HOUR) }])
    expect(adjust({ expiresAt: 10 * HOUR })).toMatchObject({ events: [], result: { clamped: [] } })
    expect(adjust({ expiresAt: 10 * HOUR + 1 })).toMatchObject({ events: [], result: { clamped: [{ end: 'expiresAt', applied: iso(10 * HOUR) }] } })
    // What an Action set before is no limit to warn of.
    const again = given(session, started, earlier.events[0]!).when((state) => adjustSession(state, { expiresAt: 5 * HOUR }, lifetimes, at(1)))
    expect(again).toMatchObject({ events: [], result: { clamped: [], session: { expiresAt: iso(HOUR) } } })
  })

  it('is idle for so long only until its next use', () => {
    const { events } = adjust({ idleExpiresAt: HOUR })
    const used = given(session, started, ...events).when((state) => touch(state, { clientId: 'c1', silent: true }, lifetimes, at(HOUR - 1)))
    expect(used.result).toMatchObject({ idleExpiresAt: iso(3 * HOUR - 1), expiresAt: iso(10 * HOUR) })
    const late = given(session, started, ...events).when((state) => touch(state, { clientId: 'c1', silent: true }, lifetimes, at(HOUR)))
    expect(late).toEqual({ events: [], result: undefined })
  })

  it('remembers cookie, methods and metadata, and writes nothing for what is so already', () => {
    const metadata = 'sealed' as PersonalData
    const { events, result } = adjust({ cookieMode: 'non-persistent', methods: ['https://mfa', 'https://mfa'], metadata }, 5)
    expect(events).toEqual([{ type: 'SessionAdjusted', data: { cookieMode: 'non-persistent', methods: ['https://mfa'], metadata } }])
    expect(result.session).toMatchObject({ persistent: true, metadata, updatedAt: iso(5), methods: [{ name: 'pwd' }, { name: 'https://mfa', at: iso(5) }] })
    expect(cookieModeOf(result.session!)).toBe('non-persistent')
    expect(result.session).not.toHaveProperty('awaitsActions')
    expect(adjust({ cookieMode: 'persistent', methods: [] }).events).toEqual([])
  })

  it('that is over stays as it is', () => {
    expect(adjust({ expiresAt: 1, metadata: null }, 2 * HOUR)).toEqual({ events: [], result: { session: undefined, clamped: [] } })
    expect(given(session).when((state) => adjustSession(state, { expiresAt: 1 }, lifetimes, at(0))).events).toEqual([])
  })

  it('ends with its refresh tokens, or without, and once', () => {
    const revoke = (preserveRefreshTokens: boolean) => given(session, started).when((state) => revokeSession(state, { preserveRefreshTokens }, at(1)))
    expect(revoke(false).events).toEqual([
      {
        type: 'SessionEnded',
        data: { reason: 'action', userId: 'auth0|1', clients: ['c1'], metadata: null, endsRefreshTokens: true },
        cause: { connection: 'db' },
      },
    ])
    expect(revoke(true).events[0]!.data).not.toHaveProperty('endsRefreshTokens')
    const again = given(session, started, ...revoke(false).events).when((state) => revokeSession(state, { preserveRefreshTokens: false }, at(2)))
    expect(again).toEqual({ events: [], result: 'over' })
  })
})
