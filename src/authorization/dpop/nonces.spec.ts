import { RootKeys } from '../../keys/root-key.js'
import { DpopNonces } from './nonces.js'

const KEY = Buffer.alloc(32, 1)
const OTHER = Buffer.alloc(32, 2)
const STEP = 150_000
const START = STEP * 12_000_000
const nonces = new DpopNonces(new RootKeys([KEY]))

describe('a nonce', () => {
  it('is the same for a step of time, on every worker', () => {
    const nonce = nonces.current(START)
    expect(nonce).toMatch(/^[\w-]{27}$/)
    expect(new DpopNonces(new RootKeys([KEY])).current(START + STEP - 1)).toBe(nonce)
    expect(nonces.current(START + STEP)).not.toBe(nonce)
  })

  it('is good in its own step and the next', () => {
    const nonce = nonces.current(START)
    for (const now of [START, START + STEP, START + 2 * STEP - 1]) expect(nonces.expiryOf(nonce, now)).toBe(START + 2 * STEP)
    expect(nonces.expiryOf(nonce, START + 2 * STEP)).toBeUndefined()
  })

  it('is good a moment early, where a clock is behind, and no earlier', () => {
    const nonce = nonces.current(START)
    expect(nonces.expiryOf(nonce, START - STEP)).toBe(START + 2 * STEP)
    expect(nonces.expiryOf(nonce, START - STEP - 1)).toBeUndefined()
  })

  it('outlives a change of the root key, as long as that is configured', () => {
    const nonce = nonces.current(START)
    expect(new DpopNonces(new RootKeys([OTHER, KEY])).expiryOf(nonce, START)).toBe(START + 2 * STEP)
    expect(new DpopNonces(new RootKeys([OTHER])).expiryOf(nonce, START)).toBeUndefined()
  })

  it('is none in any other spelling', () => {
    const nonce = nonces.current(START)
    const changed = [...nonce].map((character, n) => nonce.slice(0, n) + (character === 'A' ? 'B' : 'A') + nonce.slice(n + 1))
    for (const text of ['', 'x', nonce.slice(1), `${nonce}=`, ` ${nonce}`, `${nonce}A`, '\u{1F600}'.repeat(9), ...changed]) {
      expect(nonces.expiryOf(text, START)).toBeUndefined()
    }
  })
})
