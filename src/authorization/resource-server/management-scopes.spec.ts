import { MANAGEMENT_SCOPES } from './management-scopes.js'

describe('the scopes of the Management API', () => {
  it('are each of the form that clients ask for, and none is there twice', () => {
    for (const scope of MANAGEMENT_SCOPES) expect(scope).toMatch(/^((create|read|update|delete):[a-z_]+|blacklist:tokens)$/)
    expect(new Set(MANAGEMENT_SCOPES).size).toBe(MANAGEMENT_SCOPES.length)
    // Those of the specification's list, and the second spelling that spec/sessions.md §5 accepts.
    expect(MANAGEMENT_SCOPES.filter((scope) => scope !== 'update:session')).toHaveLength(273)
    expect(MANAGEMENT_SCOPES).toContain('update:session')
  })

  it('contain what refresh tokens, sessions and signing keys need', () => {
    expect(MANAGEMENT_SCOPES).toEqual(
      expect.arrayContaining(['read:refresh_tokens', 'update:refresh_tokens', 'delete:refresh_tokens', 'delete:sessions', 'create:signing_keys', 'read:users']),
    )
  })
})
