import { given } from '../../event-store/testing.js'
import { mark, refreshTokenMark } from './mark.js'
import type { MarkScope } from './mark.events.js'
import { markKey, scopeOf } from './mark-key.js'

const scope: MarkScope = { kind: 'user', userId: 'auth0|ada' }
const time = (second: number): Date => new Date(Date.UTC(2026, 0, 1, 0, 0, second))
const revoked = (second: number) => ({
  type: 'RefreshTokensRevoked' as const,
  data: { scope, before: time(second).toISOString(), reason: 'api-bulk' as const },
})

describe('a mark', () => {
  it('ends what began until then', () => {
    expect(given(refreshTokenMark).when((state) => mark(state, scope, 'api-bulk', time(5)))).toEqual({ events: [revoked(5)], result: true })
  })

  it('is made anew for what began after the last one', () => {
    const { events } = given(refreshTokenMark, revoked(5)).when((state) => mark(state, scope, 'api-bulk', time(6)))
    expect(events).toEqual([revoked(6)])
    expect(given(refreshTokenMark, revoked(5), ...events).state).toEqual({ status: 'marked', ...revoked(6).data })
  })

  it.each([5, 4])('is not made for what the last one has ended (second %d of 5)', (second) => {
    expect(given(refreshTokenMark, revoked(5)).when((state) => mark(state, scope, 'user-deleted', time(second)))).toEqual({ events: [], result: false })
  })
})

describe('the scope of a selection', () => {
  it.each<[Parameters<typeof scopeOf>[0], MarkScope]>([
    [{ userId: 'u' }, { kind: 'user', userId: 'u' }],
    [{ clientId: 'c' }, { kind: 'client', clientId: 'c' }],
    [
      { userId: 'u', clientId: 'c' },
      { kind: 'user-client', userId: 'u', clientId: 'c' },
    ],
    [
      { userId: 'u', clientId: 'c', audience: 'a' },
      { kind: 'grant', userId: 'u', clientId: 'c', audience: 'a' },
    ],
    [
      { userId: 'u', clientId: 'c', audience: null },
      { kind: 'grant', userId: 'u', clientId: 'c', audience: null },
    ],
    [
      { userId: 'u', sessionId: 's' },
      { kind: 'session', userId: 'u', sessionId: 's' },
    ],
  ])('%j', (selection, expected) => expect(scopeOf(selection)).toEqual(expected))

  it.each([
    {},
    { audience: 'a' },
    { userId: 'u', audience: 'a' },
    { clientId: 'c', audience: 'a' },
    { sessionId: 's' },
    { userId: 'u', clientId: 'c', sessionId: 's' },
  ])('there is none for %j', (selection) => expect(() => scopeOf(selection)).toThrow('one mark'))
})

describe('the key of a scope', () => {
  const scopes: MarkScope[] = [
    { kind: 'user', userId: 'a' },
    { kind: 'client', clientId: 'a' },
    { kind: 'user', userId: '1:a' },
    { kind: 'user-client', userId: 'a', clientId: 'b' },
    { kind: 'user-client', userId: 'a1:b', clientId: '' },
    { kind: 'user-client', userId: '', clientId: 'a1:b' },
    { kind: 'user-client', userId: 'a","b', clientId: 'c' },
    { kind: 'user-client', userId: 'a', clientId: 'b","c' },
    { kind: 'session', userId: 'a', sessionId: 'b' },
    { kind: 'grant', userId: 'a', clientId: 'b', audience: null },
    { kind: 'grant', userId: 'a', clientId: 'b', audience: '-' },
    { kind: 'grant', userId: 'a', clientId: 'b', audience: '' },
    { kind: 'grant', userId: 'ä', clientId: 'b', audience: '😀' },
    { kind: 'user', userId: 'ä'.repeat(50) },
    { kind: 'user', userId: 'ä'.repeat(51) },
    { kind: 'grant', userId: 'u'.repeat(300), clientId: 'c'.repeat(300), audience: 'a'.repeat(2400) },
  ]

  it('is the same each time, and no other scope has it', () => {
    const keys = scopes.map(markKey)
    expect(new Set(keys).size).toBe(scopes.length)
    expect(scopes.map(markKey)).toEqual(keys)
    for (const key of keys) expect(Buffer.byteLength(key)).toBeLessThan(400)
  })
})
