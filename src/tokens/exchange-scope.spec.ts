import { exchangeScope } from './exchange-scope.js'

const login = ['openid', 'offline_access', 'read:x', 'write:x']

describe('the scope of an exchange', () => {
  it('is that of the login, as far as it would be granted today', () => {
    expect(exchangeScope(login, login, undefined)).toEqual({ scope: login })
    expect(exchangeScope(login, ['openid', 'read:x'], undefined)).toEqual({ scope: ['openid', 'offline_access', 'read:x'] })
  })

  it('is what was asked for of it', () => {
    expect(exchangeScope(login, login, ['read:x'])).toEqual({ scope: ['read:x'] })
    expect(exchangeScope(login, login, [])).toEqual({ scope: [] })
  })

  it('leaves out what belongs to no API and was not granted', () => {
    expect(exchangeScope(login, login, ['email', 'online_access', 'read:x'])).toEqual({ scope: ['read:x'] })
    expect(exchangeScope(['read:x'], ['read:x'], ['openid', 'offline_access'])).toEqual({ scope: [] })
  })

  it('is refused for what was not granted, or is not any more', () => {
    expect(exchangeScope(login, login, ['read:x', 'admin'])).toEqual({ notGranted: ['admin'] })
    expect(exchangeScope(login, ['openid', 'read:x'], ['write:x'])).toEqual({ notGranted: ['write:x'] })
  })
})
