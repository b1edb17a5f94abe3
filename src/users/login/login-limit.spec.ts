import { loginLimit } from './login-limit.js'

const limit = (protection: object, address = '203.0.113.7') => loginLimit({ brute_force_protection: protection }, address)

describe('the limit of wrong passwords', () => {
  it('is ten from one address, unless the tenant says otherwise', () => {
    expect(loginLimit({}, '203.0.113.7')).toEqual({ failures: 10, perAddress: true })
    expect(limit({ max_attempts: 3 })).toEqual({ failures: 3, perAddress: true })
    expect(limit({ mode: 'count_per_identifier' })).toEqual({ failures: 10, perAddress: false })
  })

  it.each([[{ enabled: false }], [{ shields: ['user_notification'] }], [{ shields: [] }]])('is none with %j', (protection) =>
    expect(limit(protection)).toBeUndefined(),
  )

  it.each([
    ['203.0.113.7', ['203.0.113.7']],
    ['203.0.113.7', ['198.51.100.1', '203.0.113.0/24']],
    ['2001:db8::1', ['2001:db8::/32']],
  ])('is none for %s where %j are allowed', (address, allowlist) => expect(limit({ allowlist }, address)).toBeUndefined())

  it.each([
    ['203.0.114.7', ['203.0.113.0/24']],
    ['203.0.113.7', ['1.2.3', '203.0.113.0/99', '::/999', '']],
    ['no address', ['0.0.0.0/0']],
  ])('stays for %s where %j are allowed', (address, allowlist) => expect(limit({ allowlist }, address)).toBeDefined())
})
