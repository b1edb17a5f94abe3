import { at, given } from '../event-store/testing.js'
import { type NewKey, revoke, rotate, signingKeySet, startSigning } from './signing-key-set.js'
import type { SigningKeysEvent } from './signing-keys.events.js'

const key = (kid: string, alg: NewKey['alg'] = 'RS256'): NewKey => ({ kid, alg, publicKey: { kty: 'RSA', n: `n-${kid}`, e: 'AQAB' } })
const created = (kid: string): SigningKeysEvent => ({ type: 'SigningKeyCreated', data: key(kid) })
const started: SigningKeysEvent[] = [created('a'), created('b'), { type: 'SigningKeyRotated', data: { current: 'a', next: 'b' } }]
const rotated: SigningKeysEvent[] = [created('c'), { type: 'SigningKeyRotated', data: { current: 'b', next: 'c', previous: 'a' } }]
const roles = (...events: SigningKeysEvent[]): Record<string, string> =>
  Object.fromEntries(given(signingKeySet, ...events).state.keys.map(({ kid, status }) => [kid, status]))

describe('signing keys', () => {
  it('start with a current and a next key, once', () => {
    expect(given(signingKeySet).when((state) => startSigning(state, [key('a'), key('b')])).events).toEqual(started)
    expect(roles(...started)).toEqual({ a: 'current', b: 'next' })
    expect(given(signingKeySet, ...started).when((state) => startSigning(state, [key('x'), key('y')])).events).toEqual([])
  })

  it('start in each algorithm by itself, and rotate in all at once', () => {
    const of = given(signingKeySet, ...started).when((state) => startSigning(state, [key('x', 'PS256'), key('y', 'PS256')])).events
    expect(of).toHaveLength(3)
    expect(given(signingKeySet, ...started, ...of).when((state) => startSigning(state, [key('p', 'PS256'), key('q', 'PS256')])).events).toEqual([])
    const { events, result } = given(signingKeySet, ...started, ...of).when((state) => rotate(state, [key('c'), key('z', 'PS256')]))
    expect(result).toEqual({ nextKids: ['c', 'z'] })
    expect(roles(...started, ...of, ...events)).toEqual({ a: 'previous', b: 'current', c: 'next', x: 'previous', y: 'current', z: 'next' })
    expect(() => given(signingKeySet, ...started).when((state) => rotate(state, [key('c'), key('z', 'PS256')]))).toThrow('before there are any')
  })

  it('rotate: the next key signs, the current one only verifies', () => {
    const { events, result } = given(signingKeySet, ...started).when((state) => rotate(state, [key('c')]))
    expect(events).toEqual(rotated)
    expect(result).toEqual({ nextKids: ['c'] })
    expect(roles(...started, ...rotated)).toEqual({ a: 'previous', b: 'current', c: 'next' })
  })

  it('cannot be rotated before there are any', () => {
    expect(() => given(signingKeySet).when((state) => rotate(state, [key('c')]))).toThrow('before there are any')
  })

  it('revoke a previous key, and say so again when asked again', () => {
    const { events, result } = given(signingKeySet, ...started, ...rotated).when((state) => revoke(state, 'a'))
    expect(events).toEqual([{ type: 'SigningKeyRevoked', data: { kid: 'a' } }])
    expect(result).toBe('revoked')
    expect(roles(...started, ...rotated, ...events)).toMatchObject({ a: 'revoked' })
    expect(given(signingKeySet, ...started, ...rotated, ...events).when((state) => revoke(state, 'a'))).toEqual({ events: [], result: 'revoked' })
  })

  it.each([
    ['b', 'key in use'],
    ['c', 'key in use'],
    ['z', 'unknown key'],
  ])('refuse to revoke %s: %s', (kid, result) => {
    expect(given(signingKeySet, ...started, ...rotated).when((state) => revoke(state, kid))).toEqual({ events: [], result })
  })

  it('write no member of a key into an event but the public ones', () => {
    const withSecret = { ...key('c'), encryptedPrivateKey: 'secret', publicKey: { ...key('c').publicKey, d: 'secret' } }
    const { events } = given(signingKeySet, ...started).when((state) => rotate(state, [withSecret]))
    expect(JSON.stringify(events)).not.toContain('secret')
  })

  it('remember when a key came into each role', () => {
    const [create, rotation] = [new Date(1000), new Date(2000)]
    const { state } = given(signingKeySet, ...started.map((event) => at(create, event)), ...rotated.map((event) => at(rotation, event)))
    expect(state.keys[0]).toMatchObject({ createdAt: create.toISOString(), currentSince: create.toISOString(), currentUntil: rotation.toISOString() })
  })
})
