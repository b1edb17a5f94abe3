import { changedAttributes } from './changes.js'

describe('changes of a user', () => {
  it('come to what is different', () => {
    expect(changedAttributes({ name: 'Jane', nickname: 'j' }, { name: 'Jane', nickname: 'jane' })).toEqual({
      changed: { nickname: 'jane' },
      after: { name: 'Jane', nickname: 'jane' },
    })
  })

  it('take away what is null', () => {
    expect(changedAttributes({ name: 'Jane', nickname: 'j' }, { nickname: null, picture: null })).toEqual({
      changed: { nickname: undefined },
      after: { name: 'Jane' },
    })
  })

  it('merge metadata at its first level, where null takes a member away', () => {
    const before = { user_metadata: { a: { b: 1 }, c: 2, d: 3 } }
    expect(changedAttributes(before, { user_metadata: { a: { e: 1 }, c: null } }).after).toEqual({ user_metadata: { a: { e: 1 }, d: 3 } })
    expect(changedAttributes(before, { user_metadata: {} }).changed).toEqual({})
    expect(changedAttributes(before, { user_metadata: null }).after).toEqual({})
  })

  it('make a new address unverified, unless they say otherwise', () => {
    const before = { email: 'a@example.com', email_verified: true }
    expect(changedAttributes(before, { email: 'b@example.com' }).after).toEqual({ email: 'b@example.com', email_verified: false })
    expect(changedAttributes(before, { email: 'b@example.com', email_verified: true }).after).toEqual({ email: 'b@example.com', email_verified: true })
    expect(changedAttributes(before, { email: 'a@example.com' }).changed).toEqual({})
  })
})
