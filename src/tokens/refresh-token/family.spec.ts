import { type PersonalData, upcast } from '../../event-store/event.js'
import { at, given } from '../../event-store/testing.js'
import { exchange } from './exchange.js'
import { type ActiveFamily, family, revoke, revokeReplayed, setMetadata, start } from './family.js'
import { type FamilyEvent, type FamilyStarted, familyUpcasters } from './family.events.js'
import type { ExchangePolicy, Presented } from './judge.js'

const second = (n: number): Date => new Date(Date.UTC(2026, 0, 1) + n * 1000)
const iso = (n: number): string => second(n).toISOString()
const origin = (text: string): PersonalData => text as PersonalData

const terms: Omit<FamilyStarted, 'expiresAt' | 'idleExpiresAt'> = {
  userId: 'auth0|u',
  clientId: 'app',
  sessionId: null,
  authenticatedAt: null,
  connection: null,
  audience: 'https://api',
  scope: ['offline_access'],
  rotating: true,
  keyId: 'k',
  salt: 's',
  metadata: null,
  dpopThumbprint: null,
  predecessor: null,
}
const access = { accessTokenId: null, audience: null, scope: [] }
const expiring: ExchangePolicy = { absoluteSeconds: 1000, idleSeconds: 60, leewaySeconds: 0 }
const forever: ExchangePolicy = { absoluteSeconds: null, idleSeconds: null, leewaySeconds: 0 }
const withLeeway = (leewaySeconds: number): ExchangePolicy => ({ ...expiring, leewaySeconds })

const started = (over: Partial<FamilyStarted> = {}): FamilyEvent => ({
  type: 'FamilyStarted',
  data: { ...terms, expiresAt: iso(1000), idleExpiresAt: iso(60), ...over },
})
const rotated = (generation: number, over: object = {}): FamilyEvent => ({
  type: 'RefreshTokenRotated',
  data: { ...access, generation, expiresAt: iso(1000), idleExpiresAt: iso(1000), ...over },
})
const shown = { clientId: 'app', generation: 1, dpopThumbprint: null, confidential: false }
const present =
  (generation: number, policy: ExchangePolicy, time: number, over: Partial<Presented> = {}) =>
  (state: Parameters<typeof exchange>[0]) =>
    exchange(state, { ...shown, generation, ...over }, policy, second(time))

describe('start', () => {
  it('fixes both ends at the issue', () => {
    const { events, result } = given(family).when((state) => start(state, terms, expiring, second(0)))
    expect(events).toEqual([started()])
    expect(result.expiresAt).toBe(iso(1000))
  })

  it('keeps the idle end within the absolute one', () => {
    const { events } = given(family).when((state) => start(state, terms, { absoluteSeconds: 30, idleSeconds: 60 }, second(0)))
    expect(events[0]!.data).toMatchObject({ expiresAt: iso(30), idleExpiresAt: iso(30) })
  })

  it('sets no end when nothing expires', () => {
    const { events } = given(family).when((state) => start(state, terms, forever, second(0)))
    expect(events[0]!.data).toMatchObject({ expiresAt: null, idleExpiresAt: null })
  })

  it('cannot happen twice', () => {
    expect(() => given(family, started()).when((state) => start(state, terms, expiring, second(0)))).toThrow()
  })
})

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

describe('a family bound to a key', () => {
  const bound = started({ dpopThumbprint: 'key' })

  it.each([
    ['another key', 'other'],
    ['no proof', null],
  ])('refuses %s, changes nothing, and takes no spent token for reuse', (_, dpopThumbprint) => {
    const history = given(family, at(second(0), bound), at(second(1), rotated(2)))
    for (const generation of [1, 2]) {
      expect(history.when(present(generation, expiring, 2, { dpopThumbprint }))).toEqual({ events: [], result: { kind: 'refused', why: 'binding' } })
    }
  })

  it('rotates for its own key, and goes on to be bound', () => {
    const { events, result } = given(family, at(second(0), bound)).when(present(1, expiring, 50, { dpopThumbprint: 'key' }))
    expect(result).toMatchObject({ kind: 'exchanged', generation: 2 })
    expect(events[0]!.data).not.toHaveProperty('dpopThumbprint')
    expect(given(family, bound, ...events).state).toMatchObject({ dpopThumbprint: 'key' })
  })

  it('is what a public client makes of it with its first proof', () => {
    const { events } = given(family, started()).when(present(1, expiring, 50, { dpopThumbprint: 'key' }))
    expect(events[0]!.data).toMatchObject({ generation: 2, dpopThumbprint: 'key' })
    expect(given(family, started(), ...events).when(present(2, expiring, 51)).result).toEqual({ kind: 'refused', why: 'binding' })
  })

  describe('by a rotation', () => {
    const since3 = given(family, at(second(0), started()), at(second(1), rotated(2)), at(second(2), rotated(3, { dpopThumbprint: 'key' })))

    it.each([
      ['no proof', null],
      ['another key', 'other'],
      ['its key', 'key'],
    ])('takes what was unbound and spent for reuse with %s', (_, dpopThumbprint) => {
      for (const generation of [1, 2]) {
        const { events, result } = since3.when(present(generation, expiring, 3, { dpopThumbprint }))
        expect(result).toEqual({ kind: 'refused', why: 'reuse' })
        expect(events).toEqual([{ type: 'FamilyRevoked', data: { reason: 'reuse', latestGeneration: 3, presentedGeneration: generation } }])
      }
      expect(since3.when(present(1, withLeeway(10), 3, { dpopThumbprint })).result).toEqual({ kind: 'refused', why: 'reuse' })
    })

    it('repeats it within the leeway for its key alone', () => {
      expect(since3.when(present(2, withLeeway(10), 12, { dpopThumbprint: 'key' })).result).toMatchObject({ kind: 'exchanged', generation: 3 })
      for (const dpopThumbprint of [null, 'other']) {
        expect(since3.when(present(2, withLeeway(10), 12, { dpopThumbprint }))).toEqual({ events: [], result: { kind: 'refused', why: 'binding' } })
        expect(since3.when(present(2, withLeeway(10), 12.001, { dpopThumbprint })).result).toEqual({ kind: 'refused', why: 'reuse' })
      }
    })

    it('goes on to refuse what is bound and spent for the key', () => {
      const later = since3.when(present(3, expiring, 3, { dpopThumbprint: 'key' })).events
      const state = later.reduce((before, event) => family.evolve(before, event, { at: iso(3) }), since3.state)
      expect(exchange(state, { ...shown, generation: 3 }, expiring, second(4))).toEqual({ events: [], result: { kind: 'refused', why: 'binding' } })
      expect(exchange(state, { ...shown, generation: 2 }, expiring, second(4)).result).toEqual({ kind: 'refused', why: 'reuse' })
    })
  })

  it.each([
    ['of a client that authenticates', started(), { confidential: true }],
    ['that does not rotate', started({ rotating: false }), {}],
  ])('is none %s', (_, first, over) => {
    const { events } = given(family, first).when(present(1, expiring, 50, { dpopThumbprint: 'key', ...over }))
    expect(given(family, first, ...events).state).toMatchObject({ status: 'active', dpopThumbprint: null })
  })
})

describe('an event of an earlier shape', () => {
  it('FamilyStarted of version 1 was bound to no key and followed no family', () => {
    const { dpopThumbprint, predecessor, ...old } = started().data as FamilyStarted
    expect(upcast(familyUpcasters, 'FamilyStarted', 1, old)).toEqual(started())
    expect({ dpopThumbprint, predecessor }).toEqual({ dpopThumbprint: null, predecessor: null })
  })
})

describe('exchange of a non-rotating token', () => {
  it('succeeds any number of times and moves the idle end', () => {
    const { events, result } = given(family, at(second(0), started({ rotating: false }))).when(present(1, expiring, 50))
    expect(result).toMatchObject({ kind: 'exchanged', generation: 1 })
    expect(events).toEqual([{ type: 'RefreshTokenExchanged', data: { ...access, generation: 1, expiresAt: iso(1000), idleExpiresAt: iso(110) } }])
  })
})

describe('what the family remembers', () => {
  it('keeps when and from where it was last used, if it can expire', () => {
    const { state } = given(family, at(second(0), started(), { origin: origin('first') }), at(second(5), rotated(2), { origin: origin('second') }))
    expect(state).toMatchObject({ initialOrigin: 'first', lastOrigin: 'second', lastExchangedAt: iso(5), startedAt: iso(0), rotatedAt: iso(5) })
  })

  it('keeps neither if it cannot', () => {
    const ends = { expiresAt: null, idleExpiresAt: null }
    const { state } = given(family, at(second(0), started(ends), { origin: origin('first') }), at(second(5), rotated(2, ends), { origin: origin('second') }))
    expect(state).toMatchObject({ generation: 2, lastOrigin: 'first', lastExchangedAt: null })
  })
})

describe('revoke', () => {
  it('ends an active family and keeps what recognises its tokens', () => {
    const history = given(family, at(second(0), started()), at(second(9), { type: 'FamilyRevoked', data: { reason: 'client', latestGeneration: 1 } }))
    expect(history.state).toEqual({
      status: 'revoked',
      userId: 'auth0|u',
      clientId: 'app',
      keyId: 'k',
      salt: 's',
      rotating: true,
      generation: 1,
      revokedAt: iso(9),
      reason: 'client',
      successorId: null,
    })
    expect(history.when(present(1, expiring, 10)).result).toEqual({ kind: 'refused', why: 'revoked' })
  })

  it('changes nothing the second time, or for a family that never was', () => {
    const ended = given(family, started(), { type: 'FamilyRevoked', data: { reason: 'api', latestGeneration: 1 } })
    expect(ended.when((state) => revoke(state, 'client', second(1)))).toEqual({ events: [], result: false })
    expect(given(family).when((state) => revoke(state, 'client', second(1)))).toEqual({ events: [], result: false })
  })
})

describe('a family that has expired', () => {
  const history = given(family, at(second(0), started()))

  it('is revoked by nothing, from the very instant on', () => {
    expect(history.when((state) => revoke(state, 'client', second(59.999))).result).toBe(true)
    expect(history.when((state) => revoke(state, 'client', second(60)))).toEqual({ events: [], result: false })
  })

  it('dies with its code all the same, for the access tokens that were born with it', () => {
    expect(history.when(revokeReplayed).result).toBe(true)
  })
})

describe('setMetadata', () => {
  const metadata = origin('sealed')

  it('replaces the metadata and survives rotation', () => {
    const { state } = given(family, started(), { type: 'RefreshTokenMetadataSet', data: { metadata } }, rotated(2), rotated(3))
    expect((state as ActiveFamily).metadata).toBe(metadata)
  })

  it('finds no family that is expired, revoked or unknown', () => {
    expect(given(family, started()).when((state) => setMetadata(state, metadata, second(60)))).toEqual({ events: [], result: false })
    expect(given(family).when((state) => setMetadata(state, metadata, second(0)))).toEqual({ events: [], result: false })
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

describe('a code that comes back', () => {
  it('ends the family that it brought', () => {
    expect(given(family, started()).when(revokeReplayed).events).toEqual([{ type: 'FamilyRevoked', data: { reason: 'code-replayed', latestGeneration: 1 } }])
  })

  it('keeps a family from ever working that has not started yet', () => {
    const { events } = given(family).when(revokeReplayed)
    expect(events).toEqual([{ type: 'FamilyBarred', data: {} }])
    const barred = given(family, ...events)
    expect(barred.when((state) => start(state, terms, expiring, second(0))).events).toEqual([])
    expect(barred.when(present(1, expiring, 1)).result).toEqual({ kind: 'refused', why: 'unknown' })
    expect(barred.when(revokeReplayed).events).toEqual([])
  })
})
