import { at, given } from '../../event-store/testing.js'
import { exchange } from './exchange.js'
import { family } from './family.js'
import { expiring, iso, present, rotated, second, shown, started, withLeeway } from './testing.js'

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
