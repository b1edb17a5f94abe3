import type { PersonalData } from '../../event-store/event.js'
import { at, given } from '../../event-store/testing.js'
import { metadataFor } from './exchange.js'
import { type ActiveFamily, family } from './family.js'
import type { FamilyEvent, FamilyStarted } from './family.events.js'

const sealed = (text: string): PersonalData => text as PersonalData
const second = (n: number): Date => new Date(Date.UTC(2026, 0, 1) + n * 1000)
const started = (over: Partial<FamilyStarted> = {}): FamilyEvent => ({
  type: 'FamilyStarted',
  data: {
    ...{ userId: 'auth0|u', clientId: 'app', sessionId: null, authenticatedAt: null, connection: null, audience: null, scope: [], rotating: true },
    ...{ keyId: 'k', salt: 's', expiresAt: null, idleExpiresAt: null, metadata: sealed('first'), dpopThumbprint: null, predecessor: null },
    ...over,
  },
})
const use = (type: 'RefreshTokenRotated' | 'RefreshTokenExchanged', generation: number, over: object = {}): FamilyEvent => ({
  type,
  data: { accessTokenId: null, audience: null, scope: [], generation, expiresAt: null, idleExpiresAt: null, ...over },
})
const stateAfter = (...events: readonly FamilyEvent[]): ActiveFamily => {
  let found: ActiveFamily | undefined
  given(family, ...events.map((event, n) => at(second(n), event))).when((state) => {
    found = state as ActiveFamily
    return { events: [], result: undefined }
  })
  return found!
}

describe('the metadata that Actions see', () => {
  it('is what is stored, for the newest token', () => {
    const state = stateAfter(started(), use('RefreshTokenRotated', 2, { metadata: sealed('second') }))
    expect(metadataFor(state, { generation: 2 })).toBe('second')
    expect(state.metadata).toBe('second')
  })

  it('is what the exchange before has found, for the token that comes back since its answer was lost, however often', () => {
    const rotated = [started(), use('RefreshTokenRotated', 2, { metadata: sealed('second') })]
    expect(metadataFor(stateAfter(...rotated), { generation: 1 })).toBe('first')
    const again = stateAfter(...rotated, use('RefreshTokenExchanged', 2, { metadata: sealed('third') }))
    expect([again.metadata, metadataFor(again, { generation: 1 })]).toEqual(['third', 'first'])
  })

  it('is what is stored where that exchange left it, also if it is gone', () => {
    const changed = stateAfter(started(), use('RefreshTokenRotated', 2, { metadata: null }), use('RefreshTokenRotated', 3))
    expect([changed.metadata, metadataFor(changed, { generation: 2 })]).toEqual([null, null])
    expect(changed).not.toHaveProperty('metadataBefore')
  })

  it('is what an operator has set since, whoever asks', () => {
    const set: FamilyEvent = { type: 'RefreshTokenMetadataSet', data: { metadata: sealed('operator') } }
    const state = stateAfter(started(), use('RefreshTokenRotated', 2, { metadata: sealed('second') }), set)
    expect(metadataFor(state, { generation: 1 })).toBe('operator')
  })

  it('is the former family’s for a token whose family gave way', () => {
    const predecessor = { familyId: 'rt_0', initialOrigin: null }
    const state = stateAfter(started({ predecessor }), use('RefreshTokenExchanged', 1, { metadata: sealed('second') }))
    expect([metadataFor(state, { generation: 0 }), metadataFor(state, { generation: 1 })]).toEqual(['first', 'second'])
  })
})
