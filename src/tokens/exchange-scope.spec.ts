import { entitledScope, exchangeScope, policyScope } from './exchange-scope.js'

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

describe('the scope of a client with policies', () => {
  const policy = ['read:y', 'offline_access', 'profile']

  it('is at the API of the login what that brought and what the policy adds to it', () => {
    expect(entitledScope(login, policy, true)).toEqual([...login, 'read:y'])
    expect(entitledScope(login, ['read:x'], true)).toEqual(login)
  })

  it('is elsewhere what the policy gives, with the claims that the login brought', () => {
    expect(entitledScope(login, policy, false)).toEqual(['openid', 'read:y'])
    expect(entitledScope(login, [], false)).toEqual(['openid'])
  })

  it('is cut without a word to what is asked for and would be granted today', () => {
    const entitled = entitledScope(login, policy, true)
    expect(policyScope(entitled, entitled, undefined)).toEqual(entitled)
    expect(policyScope(entitled, ['openid', 'read:y'], undefined)).toEqual(['openid', 'offline_access', 'read:y'])
    expect(policyScope(entitled, entitled, ['read:y', 'admin'])).toEqual(['read:y'])
    expect(policyScope(entitled, entitled, ['admin'])).toEqual([])
  })
})
