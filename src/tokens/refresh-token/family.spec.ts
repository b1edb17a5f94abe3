import { upcast } from '../../event-store/event.js'
import { at, given } from '../../event-store/testing.js'
import { type ActiveFamily, family, revoke, revokeReplayed, setMetadata, start } from './family.js'
import { type FamilyStarted, familyUpcasters } from './family.events.js'
import { expiring, forever, iso, origin, present, rotated, second, started, terms } from './testing.js'

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

describe('an event of an earlier shape', () => {
  it('FamilyStarted of version 1 was bound to no key and followed no family', () => {
    const { dpopThumbprint, predecessor, ...old } = started().data as FamilyStarted
    expect(upcast(familyUpcasters, 'FamilyStarted', 1, old)).toEqual(started())
    expect({ dpopThumbprint, predecessor }).toEqual({ dpopThumbprint: null, predecessor: null })
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
