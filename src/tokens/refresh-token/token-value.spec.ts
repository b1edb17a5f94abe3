import { RootKeys } from '../../keys/root-key.js'
import { isGenuine, newFamilyId, newSalt, parseRefreshToken, refreshToken } from './token-value.js'

const keys = new RootKeys([Buffer.alloc(32, 1)])
const secret = { keyId: keys.newestId, salt: newSalt() }
const familyId = newFamilyId()
const token = refreshToken(keys, secret, familyId, 7)

it('is recognised with its family and generation', () => {
  const parsed = parseRefreshToken(token)!
  expect(parsed).toMatchObject({ familyId, generation: 7 })
  expect(isGenuine(keys, secret, parsed)).toBe(true)
})

it('is the same text each time it is derived', () => {
  expect(refreshToken(keys, secret, familyId, 7)).toBe(token)
})

it('differs by generation, family and salt', () => {
  const others = [
    refreshToken(keys, secret, familyId, 8),
    refreshToken(keys, secret, newFamilyId(), 7),
    refreshToken(keys, { ...secret, salt: newSalt() }, familyId, 7),
  ]
  expect(new Set([token, ...others]).size).toBe(4)
})

it('cannot be made from what is stored: another root key makes other tokens', () => {
  const other = new RootKeys([Buffer.alloc(32, 2)])
  expect(isGenuine(other, { ...secret, keyId: other.newestId }, parseRefreshToken(token)!)).toBe(false)
})

it('stays recognised after the root key was rotated', () => {
  const rotated = new RootKeys([Buffer.alloc(32, 9), Buffer.alloc(32, 1)])
  expect(isGenuine(rotated, secret, parseRefreshToken(token)!)).toBe(true)
})

it('is unknown as soon as any one character is another', () => {
  for (let n = 0; n < token.length; n++) {
    const altered = token.slice(0, n) + (token[n] === 'A' ? 'B' : 'A') + token.slice(n + 1)
    const parsed = parseRefreshToken(altered)
    expect(parsed !== undefined && parsed.familyId === familyId && isGenuine(keys, secret, parsed)).toBe(false)
  }
})

it.each(['', ' ', 'v1.', token.slice(0, -1), `${token}A`, ` ${token}`, `${token}\n`, token.replace('v1', 'v2'), 'v1.' + '='.repeat(70)])(
  'does not read %j',
  (text) => {
    expect(parseRefreshToken(text)).toBeUndefined()
  },
)
