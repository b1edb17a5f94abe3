import { at, given } from '../../event-store/testing.js'
import type { PersonalData } from '../../event-store/event.js'
import { exchange } from './exchange.js'
import { type ActiveFamily, family } from './family.js'
import type { FamilyEvent, FamilyStarted } from './family.events.js'
import { type ExchangePolicy, judge, type Presented } from './judge.js'

const second = (n: number): Date => new Date(Date.UTC(2026, 0, 1) + n * 1000)
const iso = (n: number): string => second(n).toISOString()
const sealed = (text: string): PersonalData => text as PersonalData

const login: FamilyStarted = {
  userId: 'auth0|u',
  clientId: 'app',
  sessionId: 'session',
  authenticatedAt: iso(-5),
  connection: 'Directory',
  audience: 'https://api',
  scope: ['offline_access'],
  rotating: true,
  keyId: 'k1',
  salt: 's1',
  expiresAt: iso(1000),
  idleExpiresAt: iso(60),
  metadata: sealed('metadata'),
  dpopThumbprint: null,
  predecessor: null,
}
const access = { accessTokenId: 'jti', audience: 'https://api', scope: [] }
const successor = { familyId: 'rt_new', keyId: 'k2', salt: 's2', replaces: 'rt_old' }
const shown: Presented = { clientId: 'app', generation: 3, dpopThumbprint: null, confidential: false }
const policy = { absoluteSeconds: 50, idleSeconds: 20, leewaySeconds: 10, rotating: false }

const rotated = (generation: number): FamilyEvent => ({
  type: 'RefreshTokenRotated',
  data: { ...access, generation, expiresAt: iso(1000), idleExpiresAt: iso(1000) },
})
/** A login at 0 s whose third token is the current one since 20 s. */
const old = (over: Partial<FamilyStarted> = {}): ActiveFamily =>
  given(
    family,
    at(second(0), { type: 'FamilyStarted', data: { ...login, ...over } }, { origin: sealed('first') }),
    at(second(10), rotated(2)),
    at(second(20), rotated(3)),
  ).state as ActiveFamily

function replace(state: ActiveFamily, presented: Presented, by: ExchangePolicy) {
  const { events, starts, result } = exchange(state, presented, by, second(30), access, successor)
  return { events, born: starts!.events, result }
}

describe('a family of the other kind', () => {
  it('is in the same organization, where the old one was in one, and by the same proof of who it is', () => {
    const kept = { organizationId: 'org_1', methods: [{ name: 'https://terms.example/', at: iso(-4) }] }
    const { born } = replace(old(kept), shown, policy)
    expect(born[0]).toMatchObject({ type: 'FamilyStarted', data: kept })
  })

  it('keeps the login and its end, begins with the exchange, and names the old one, which names it', () => {
    const { events, born, result } = replace(old(), shown, policy)
    expect(events).toEqual([{ type: 'FamilyRevoked', data: { reason: 'rotation-switched', latestGeneration: 3, successorId: 'rt_new' } }])
    const ends = { expiresAt: iso(1000), idleExpiresAt: iso(50) }
    expect(result).toEqual({ kind: 'exchanged', generation: 1, ...ends })
    expect(born).toEqual([
      {
        type: 'FamilyStarted',
        data: {
          ...login,
          rotating: false,
          keyId: 'k2',
          salt: 's2',
          ...ends,
          predecessor: { familyId: 'rt_old', initialOrigin: 'first' },
          authorizedAt: iso(0),
        },
      },
      { type: 'RefreshTokenExchanged', data: { ...access, generation: 1, ...ends } },
    ])
    expect(given(family, ...born.map((event) => at(second(30), event, { origin: sealed('second') }))).state).toMatchObject({
      status: 'active',
      initialOrigin: 'first',
      lastOrigin: 'second',
      lastExchangedAt: iso(30),
    })
  })

  it('gets an absolute end now if there was none', () => {
    const { result } = replace({ ...old(), expiresAt: null, idleExpiresAt: null }, shown, policy)
    expect(result).toMatchObject({ expiresAt: iso(80), idleExpiresAt: iso(50) })
  })

  it.each([
    ['of a key that was bound', { dpopThumbprint: 'key' }, { dpopThumbprint: 'key' }, false, 'key'],
    ['to a public client’s first proof, if it rotates', { rotating: false }, { dpopThumbprint: 'key' }, true, 'key'],
    ['to none, if it does not rotate', {}, { dpopThumbprint: 'key' }, false, null],
    ['to none, of a client that authenticates', { rotating: false }, { dpopThumbprint: 'key', confidential: true }, true, null],
  ])('is bound %s', (_, of, by, rotating, key) => {
    const { born } = replace(old(of), { ...shown, ...by }, { ...policy, rotating })
    expect(born[0]!.data).toMatchObject({ rotating, dpopThumbprint: key })
  })

  it.each([
    ['was always', { ...old({ dpopThumbprint: 'key' }) }, undefined],
    ['was since its second token', { ...old(), dpopThumbprint: 'key', boundSince: 2 }, -1],
    ['becomes now', { ...old({ rotating: false }) }, 1],
  ])('remembers since when it is bound where it %s', (_, of, boundSince) => {
    const { born } = replace(of, { ...shown, dpopThumbprint: 'key' }, { ...policy, rotating: !of.rotating })
    expect((born[0]!.data as FamilyStarted).boundSince).toBe(boundSince)
  })

  it('takes the tokens from before it was bound for reuse without the key', () => {
    const { born } = replace({ ...old(), dpopThumbprint: 'key', boundSince: 2 }, { ...shown, dpopThumbprint: 'key' }, policy)
    const { state } = given(family, ...born.map((event) => at(second(30), event)))
    const without = (generation: number): string => judge(state, { ...shown, generation, ofRotating: true }, policy, second(41))
    expect([without(-2), without(-1), without(0), without(1)]).toEqual(['reuse', 'binding', 'binding', 'binding'])
  })
})

describe('a token of the old family', () => {
  const { events, born } = replace(old(), shown, policy)
  const ended = events.reduce((state, event) => family.evolve(state, event, { at: iso(30) }), old() as Parameters<typeof judge>[0])
  const now = given(family, ...born.map((event) => at(second(30), event))).state

  it('is looked for in the new one, counted back from it', () => {
    for (const [generation, counted] of [
      [3, 0],
      [1, -2],
    ] as const) {
      expect(exchange(ended, { ...shown, generation }, policy, second(31))).toEqual({
        events: [],
        result: { kind: 'succeeded', by: 'rt_new', generation: counted, ofRotating: true },
      })
    }
  })

  it('is nothing to another client', () => {
    expect(exchange(ended, { ...shown, clientId: 'other' }, policy, second(31)).result).toEqual({ kind: 'refused', why: 'foreign' })
  })

  it.each([
    [0, 40, true, 'unchanged'],
    [0, 40.001, true, 'reuse'],
    [-1, 31, true, 'reuse'],
    [0, 40.001, false, 'revoked'],
    [-1, 31, false, 'revoked'],
  ])('counted %s, at %s s, of a family that rotated: %s, is %s', (generation, time, ofRotating, verdict) => {
    expect(judge(now, { ...shown, generation, ofRotating }, policy, second(time))).toBe(verdict)
  })
})
