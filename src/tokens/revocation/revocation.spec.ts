import { at, given } from '../../event-store/testing.js'
import { advance, request, revocation } from './revocation.js'
import type { RevocationEvent, RevocationRequested } from './revocation.events.js'

const asked: RevocationRequested = { selected: { clientId: 'c' }, device: null, before: '2026-01-01T00:00:00.000Z', place: 'rt_m', ended: 7 }
const requested = at(new Date(0), { type: 'RefreshTokenRevocationRequested', data: asked } as const, { actor: 'ops@clients', clientId: 'ops' })
const advanced = (place: string | null, ended: number): RevocationEvent => ({ type: 'RefreshTokenRevocationAdvanced', data: { place, ended } })
const FINISHED: RevocationEvent = { type: 'RefreshTokenRevocationFinished', data: {} }

describe('a revocation in the background', () => {
  it('is asked for once, and remembers who asked', () => {
    expect(given(revocation).when((state) => request(state, asked)).events).toEqual([requested.event])
    const { state, when } = given(revocation, requested)
    expect(when((same) => request(same, asked)).events).toEqual([])
    expect(state).toMatchObject({ status: 'running', place: 'rt_m', ended: 7, endedInPass: 7, slices: 0, context: { actor: 'ops@clients', clientId: 'ops' } })
  })

  it('goes on where the last slice ended, and counts', () => {
    const { events } = given(revocation, requested).when((state) => advance(state, 0, { place: 'rt_x', ended: 3 }))
    expect(events).toEqual([advanced('rt_x', 3)])
    expect(given(revocation, requested, ...events).state).toMatchObject({ place: 'rt_x', ended: 10, endedInPass: 10, slices: 1 })
  })

  it('reads the list once more after a pass that ended something, and is finished by one that ended nothing', () => {
    const passed = given(revocation, requested).when((state) => advance(state, 0, { place: null, ended: 0 }))
    expect(passed.events).toEqual([advanced(null, 0)])
    const again = given(revocation, requested, ...passed.events)
    expect(again.state).toMatchObject({ place: null, endedInPass: 0, ended: 7 })
    expect(again.when((state) => advance(state, 1, { place: null, ended: 1 })).events).toEqual([advanced(null, 1)])
    const { events } = again.when((state) => advance(state, 1, { place: null, ended: 0 }))
    expect(events).toEqual([FINISHED])
    expect(given(revocation, requested, ...passed.events, FINISHED).state).toMatchObject({ status: 'finished', ended: 7 })
  })

  it('takes each slice from one worker', () => {
    const late = given(revocation, requested, advanced(null, 2)).when((state) => advance(state, 0, { place: null, ended: 0 }))
    expect(late.events).toEqual([])
    expect(given(revocation, requested, advanced(null, 2), FINISHED).when((state) => advance(state, 1, { place: null, ended: 0 })).events).toEqual([])
  })
})
