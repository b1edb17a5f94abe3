import { decidedScope } from './decided-scope.js'

describe('the scope of an access token', () => {
  const granted = ['openid', 'read:x']

  it('has what Actions added, once and at its end, and lacks what they took away', () => {
    expect(decidedScope(granted, { add: ['read:x', 'write:x'], remove: ['openid', 'unknown'] }, undefined)).toEqual({
      scope: ['read:x', 'write:x'],
      added: ['write:x'],
    })
  })

  it('gets nothing added at the Management API, and may lose something there', () => {
    expect(decidedScope(granted, { add: ['update:users'], remove: ['read:x'] }, { is_system: true })).toEqual({ scope: ['openid'], added: [] })
  })
})
