import type { PersonalData } from '../../event-store/event.js'
import type { PlacedEvent } from '../../event-store/stream-page.js'
import type { FamilyEvent } from './family.events.js'
import { noFacts, type ReuseFacts, withEvent } from './reuse-facts.js'

const at = (second: number): string => new Date(second * 1000).toISOString()
const place = (name: string): PersonalData => name as PersonalData

/** A recorded history: `[second, where, event]`. */
type Recorded = readonly [number, string, FamilyEvent]
const placed = (history: readonly Recorded[]): PlacedEvent<FamilyEvent>[] =>
  history.map(([second, origin, event], n) => ({
    ...event,
    streamId: 'refresh_token_family-rt_1',
    version: n + 1,
    metadata: { at: at(second), origin: place(origin) },
    position: 100 + n,
  }))
const factsOf = (
  generation: number,
  latest: number,
  ...families: readonly { history: readonly Recorded[]; rotating?: boolean; offset?: number }[]
): ReuseFacts =>
  families.reduce(
    (facts, { history, rotating = true, offset = 0 }) => placed(history).reduce((known, event) => withEvent(known, event, rotating, offset), facts),
    noFacts(generation, latest),
  )

const TERMS = { userId: 'u', clientId: 'c', sessionId: null, authenticatedAt: null, connection: null, audience: 'api', scope: ['read'], keyId: 'k', salt: 's' }
const ENDS = { expiresAt: at(9000), idleExpiresAt: at(900) }
const started = (predecessor: string | null = null): FamilyEvent => ({
  type: 'FamilyStarted',
  data: {
    ...TERMS,
    ...ENDS,
    rotating: true,
    metadata: null,
    dpopThumbprint: null,
    predecessor: predecessor === null ? null : { familyId: predecessor, initialOrigin: null },
  },
})
const access = (jti: string) => ({ accessTokenId: jti, audience: 'api', scope: ['read'], accessTokenSeconds: 60 })
const rotated = (generation: number, jti = `at${generation}`): FamilyEvent => ({ type: 'RefreshTokenRotated', data: { generation, ...ENDS, ...access(jti) } })
const repeated = (generation: number, jti: string): FamilyEvent => ({ type: 'RefreshTokenExchanged', data: { generation, ...ENDS, ...access(jti) } })
const reuse = (presentedGeneration: number, latestGeneration: number): FamilyEvent => ({
  type: 'FamilyRevoked',
  data: { reason: 'reuse', presentedGeneration, latestGeneration },
})
const METADATA: FamilyEvent = { type: 'RefreshTokenMetadataSet', data: { metadata: null } }
const jtis = ({ exchanges }: ReuseFacts): (string | null)[] => exchanges.map(({ access: { accessTokenId } }) => accessTokenId)

describe('the facts of a reuse', () => {
  it('of the first token: issued at the login, spent once, presented again', () => {
    const facts = factsOf(1, 2, {
      history: [
        [0, 'home', started()],
        [10, 'home', rotated(2)],
        [20, 'cafe', reuse(1, 2)],
      ],
    })
    expect(facts).toMatchObject({
      issued: { at: at(0), origin: 'home', position: 100 },
      spent: { at: at(10), origin: 'home', presented: 1, rotated: true, access: access('at2'), position: 101 },
      detected: { at: at(20), origin: 'cafe', position: 102 },
      exchangeCount: 1,
    })
  })

  it('of a later one: what was given before it was spent is nobody else’s', () => {
    const history: Recorded[] = [
      [0, 'home', started()],
      [10, 'home', rotated(2)],
      [20, 'home', rotated(3)],
      [25, 'home', METADATA],
      [30, 'home', rotated(4)],
      [40, 'cafe', reuse(3, 4)],
    ]
    const facts = factsOf(3, 4, { history })
    expect(facts.issued?.at).toBe(at(20))
    expect(facts.spent).toMatchObject({ at: at(30), presented: 3 })
    expect(jtis(facts)).toEqual(['at4'])
  })

  it('with repeats within the leeway: they are exchanges of the same generation', () => {
    const history: Recorded[] = [
      [0, 'home', started()],
      [10, 'home', rotated(2)],
      [12, 'cafe', repeated(2, 'again')],
      [30, 'home', rotated(3)],
      [60, 'cafe', reuse(2, 3)],
    ]
    const ofFirst = factsOf(1, 3, { history })
    expect(ofFirst.exchanges.map(({ presented, rotated: spends }) => [presented, spends])).toEqual([
      [1, true],
      [1, false],
      [2, true],
    ])
    const facts = factsOf(2, 3, { history })
    // The second generation was given twice; it was issued by the rotation.
    expect(facts.issued?.at).toBe(at(10))
    expect(jtis(facts)).toEqual(['at3'])
  })

  it('of one that comes back long after, by when it was far behind', () => {
    const history: Recorded[] = [
      [0, 'home', started()],
      ...Array.from({ length: 30 }, (_, n): Recorded => [(n + 1) * 100, 'home', rotated(n + 2)]),
      [90_000, 'cafe', reuse(1, 31)],
    ]
    const facts = factsOf(1, 31, { history })
    expect(facts.spent?.at).toBe(at(100))
    expect(facts.exchangeCount).toBe(30)
    expect(facts.detected?.at).toBe(at(90_000))
  })

  it('of n-2 within the leeway', () => {
    const history: Recorded[] = [
      [0, 'home', started()],
      [10, 'home', rotated(2)],
      [11, 'home', rotated(3)],
      [12, 'cafe', reuse(1, 3)],
    ]
    expect(factsOf(1, 3, { history })).toMatchObject({ issued: { at: at(0) }, spent: { at: at(10) }, exchangeCount: 2 })
  })

  it('of a token of the family before, which changed its kind', () => {
    const before: Recorded[] = [
      [0, 'home', started()],
      [10, 'home', rotated(2)],
      [20, 'home', rotated(3)],
      [30, 'home', { type: 'FamilyRevoked', data: { reason: 'rotation-switched', latestGeneration: 3 } }],
    ]
    const after: Recorded[] = [
      [30, 'home', started('rt_0')],
      [30, 'home', repeated(1, 'switched')],
      [40, 'home', rotated(2)],
      [50, 'cafe', reuse(0, 2)],
    ]
    const line = [{ history: before, offset: -3 }, { history: after }]
    // Its last generation counts as 0: given by the rotation to 3, spent when the families changed.
    expect(factsOf(0, 2, ...line)).toMatchObject({
      issued: { at: at(20) },
      spent: { at: at(30), presented: 0, access: { accessTokenId: 'switched' } },
      exchangeCount: 2,
    })
    expect(factsOf(-1, 2, ...line)).toMatchObject({ issued: { at: at(10) }, spent: { at: at(20), presented: -1 }, exchangeCount: 3 })
    expect(factsOf(-2, 2, ...line)).toMatchObject({ issued: { at: at(0) }, spent: { at: at(10), presented: -2 } })
  })

  it('keeps the newest of very many exchanges, and counts all', () => {
    const history: Recorded[] = [[0, 'home', started()], ...Array.from({ length: 1500 }, (_, n): Recorded => [n + 1, 'home', rotated(n + 2)])]
    const facts = factsOf(1, 1501, { history })
    expect([facts.exchanges.length, facts.exchangeCount, jtis(facts).at(-1), jtis(facts)[0]]).toEqual([1000, 1500, 'at1501', 'at502'])
    expect(facts.spent?.at).toBe(at(1))
  })
})
