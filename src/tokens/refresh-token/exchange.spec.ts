import { at, given } from '../../event-store/testing.js'
import { exchange } from './exchange.js'
import { family, start } from './family.js'
import type { FamilyEvent } from './family.events.js'
import { access, expiring, forever, iso, present, rotated, second, shown, started, terms, withLeeway } from './testing.js'

describe('exchange of a rotating token', () => {
  it('rotates the current generation and keeps the absolute end', () => {
    const { events, result } = given(family, at(second(0), started())).when(present(1, expiring, 50))
    expect(events).toEqual([{ type: 'RefreshTokenRotated', data: { ...access, generation: 2, expiresAt: iso(1000), idleExpiresAt: iso(110) } }])
    expect(result).toEqual({ kind: 'exchanged', generation: 2, expiresAt: iso(1000), idleExpiresAt: iso(110) })
  })

  it('answers the previous generation inside the leeway with the same successor, up to its last instant', () => {
    const history = given(family, at(second(0), started()), at(second(100), rotated(2)))
    const { events, result } = history.when(present(1, withLeeway(10), 110))
    expect(result).toMatchObject({ kind: 'exchanged', generation: 2 })
    expect(events).toMatchObject([{ type: 'RefreshTokenExchanged', data: { ...access, generation: 2 } }])
  })

  it('revokes the family when a spent token comes back after the leeway', () => {
    const { events, result } = given(family, at(second(0), started()), at(second(100), rotated(2))).when(present(1, withLeeway(10), 110.001))
    expect(result).toEqual({ kind: 'refused', why: 'reuse' })
    expect(events).toEqual([{ type: 'FamilyRevoked', data: { reason: 'reuse', presentedGeneration: 1, latestGeneration: 2 } }])
  })

  it('revokes the family at once when there is no leeway', () => {
    expect(given(family, at(second(0), started()), at(second(100), rotated(2))).when(present(1, expiring, 100)).result).toEqual({
      kind: 'refused',
      why: 'reuse',
    })
  })

  it('does not slide the window by retries', () => {
    const retry: FamilyEvent = { type: 'RefreshTokenExchanged', data: { ...access, generation: 2, expiresAt: iso(1000), idleExpiresAt: iso(1000) } }
    const history = given(family, at(second(0), started()), at(second(100), rotated(2)), at(second(109), retry))
    expect(history.when(present(1, withLeeway(10), 112)).result).toMatchObject({ why: 'reuse' })
  })

  it('takes a generation two or more back for theft, even inside the leeway', () => {
    const history = given(family, at(second(0), started()), at(second(100), rotated(2)), at(second(101), rotated(3)))
    expect(history.when(present(1, withLeeway(30), 102)).result).toMatchObject({ why: 'reuse' })
  })

  it('plays the worked example of the specification', () => {
    const steps: [time: number, generation: number, expected: object][] = [
      [100, 1, { generation: 2 }],
      [104, 1, { generation: 2 }],
      [105, 2, { generation: 3 }],
      [107, 2, { generation: 3 }],
      [108, 1, { why: 'reuse' }],
      [109, 3, { why: 'revoked' }],
    ]
    const policy = { absoluteSeconds: null, idleSeconds: null, leewaySeconds: 10 }
    let state = given(family, at(second(0), started({ expiresAt: null, idleExpiresAt: null }))).state
    for (const [time, generation, expected] of steps) {
      const { events, result } = exchange(state, { ...shown, generation }, policy, second(time))
      expect(result).toMatchObject(expected)
      state = events.reduce((folded, event) => family.evolve(folded, event, { at: iso(time) }), state)
    }
  })

  it('does not know a generation that was never issued', () => {
    const { events, result } = given(family, started()).when(present(2, expiring, 1))
    expect({ events, result }).toEqual({ events: [], result: { kind: 'refused', why: 'unknown' } })
  })
})

describe('who may exchange, and until when', () => {
  it('refuses another client without touching the family, whatever it presents', () => {
    const { events, result } = given(family, at(second(0), started()), at(second(1), rotated(2))).when(present(1, expiring, 2, { clientId: 'other' }))
    expect({ events, result }).toEqual({ events: [], result: { kind: 'refused', why: 'foreign' } })
  })

  it.each([
    [59.999, 'exchanged'],
    [60, 'refused'],
  ])('at %s s of an idle lifetime of 60 s is %s', (time, kind) => {
    expect(given(family, at(second(0), started())).when(present(1, expiring, time)).result.kind).toBe(kind)
  })

  it('counts a spent token of an expired family as expired, not as reuse', () => {
    const history = given(family, at(second(0), started()), at(second(1), rotated(2, { idleExpiresAt: iso(61) })))
    expect(history.when(present(1, expiring, 62))).toEqual({ events: [], result: { kind: 'refused', why: 'expired' } })
  })

  it('gives a token without end one at its next exchange once the client has a maximum', () => {
    const { events } = given(family, at(second(0), started({ expiresAt: null, idleExpiresAt: null }))).when(present(1, expiring, 500))
    expect(events[0]!.data).toMatchObject({ expiresAt: iso(1500), idleExpiresAt: iso(560) })
  })

  it.each([
    ['both', iso(1000)],
    ['an idle one alone', null],
  ])('keeps its ends when the client goes back to none, at every exchange: %s', (_, expiresAt) => {
    const history = given(family, at(second(0), started({ expiresAt })))
    const { events } = history.when(present(1, forever, 10))
    expect(events[0]!.data).toMatchObject({ expiresAt, idleExpiresAt: iso(60) })
    const state = events.reduce((before, event) => family.evolve(before, event, { at: iso(10) }), history.state)
    expect(exchange(state, { ...shown, generation: 2 }, forever, second(59.999)).events[0]!.data).toMatchObject({ expiresAt, idleExpiresAt: iso(60) })
    expect(exchange(state, { ...shown, generation: 2 }, forever, second(60)).result).toEqual({ kind: 'refused', why: 'expired' })
  })

  it('has no idle end any more where the client’s settings bound its life otherwise', () => {
    const { events } = given(family, at(second(0), started({ expiresAt: null }))).when(present(1, { ...forever, absoluteSeconds: 1000 }, 10))
    expect(events[0]!.data).toMatchObject({ expiresAt: iso(1010), idleExpiresAt: null })
  })

  it('keeps an idle end that an Action set for one exchange no longer, where nothing else sets one', () => {
    const idleExpiresAt = second(30).getTime()
    const endless = given(family, at(second(0), started({ expiresAt: null, idleExpiresAt: null })))
    const { events } = endless.when((state) => exchange(state, shown, forever, second(1), { ...access, wantedEnds: { idleExpiresAt } }))
    expect(events[0]!.data).toMatchObject({ expiresAt: iso(2_592_001), idleExpiresAt: iso(30), idleOnce: true })
    const state = events.reduce((before, event) => family.evolve(before, event, { at: iso(1) }), endless.state)
    const next = exchange(state, { ...shown, generation: 2 }, forever, second(2))
    expect(next.events[0]!.data).toMatchObject({ expiresAt: iso(2_592_001), idleExpiresAt: null })
    expect(next.events[0]!.data).not.toHaveProperty('idleOnce')
    expect(next.events.reduce((before, event) => family.evolve(before, event, { at: iso(2) }), state)).not.toHaveProperty('idleOnce')
    // One that the settings bounded is shortened for as long as they end nothing.
    const bounded = given(family, at(second(0), started())).when((s) => exchange(s, shown, forever, second(1), { ...access, wantedEnds: { idleExpiresAt } }))
    expect(bounded.events[0]!.data).not.toHaveProperty('idleOnce')
  })

  it('is begun with such an end, too', () => {
    const wantedEnds = { idleExpiresAt: second(30).getTime() }
    const { events, result } = given(family).when((state) => start(state, terms, forever, second(0), wantedEnds))
    expect(events[0]!.data).toMatchObject({ idleExpiresAt: iso(30), idleOnce: true })
    expect(result).toEqual({ expiresAt: iso(2_592_000), idleExpiresAt: iso(30) })
  })
})

describe('exchange of a non-rotating token', () => {
  it('succeeds any number of times and moves the idle end', () => {
    const { events, result } = given(family, at(second(0), started({ rotating: false }))).when(present(1, expiring, 50))
    expect(result).toMatchObject({ kind: 'exchanged', generation: 1 })
    expect(events).toEqual([{ type: 'RefreshTokenExchanged', data: { ...access, generation: 1, expiresAt: iso(1000), idleExpiresAt: iso(110) } }])
  })
})

describe('an exchange', () => {
  const wanted = { accessTokenId: 'jti', audience: 'https://other', scope: ['read:x'] }

  it('records what it gave, and leaves the terms of the login as they were', () => {
    const { events } = given(family, started()).when((state) => exchange(state, shown, expiring, second(1), wanted))
    expect(events).toEqual([expect.objectContaining({ type: 'RefreshTokenRotated', data: expect.objectContaining(wanted) as object })])
    expect(given(family, started(), ...events).state).toMatchObject({ audience: 'https://api', scope: ['offline_access'], generation: 2 })
  })

  it('that may give nothing changes nothing', () => {
    const refused = given(family, started()).when((state) => exchange(state, shown, expiring, second(1), { refused: 'user-blocked' }))
    expect(refused).toEqual({ events: [], result: { kind: 'refused', why: 'user-blocked' } })
  })

  it('with a spent token is reuse, whatever else speaks against it', () => {
    const { events, result } = given(family, started(), rotated(2)).when((state) => exchange(state, shown, expiring, second(1), { refused: 'user-gone' }))
    expect(result).toEqual({ kind: 'refused', why: 'reuse' })
    expect(events).toHaveLength(1)
  })
})
