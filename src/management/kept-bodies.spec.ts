import { keptBody } from './kept-bodies.js'

describe('a body that may tell of a person', () => {
  it('keeps names, what is switched, and what tells of nobody', () => {
    const body = {
      ...{ connection: 'Users', user_id: 'auth0|ann@example.com', roles: ['rol_1'], created_at: '2026-01-05T10:00:00.000Z', logins_count: 3 },
      ...{ blocked: false, email_verified: true, phone_number: null },
      ...{ email: 'ann@example.com', password: 'Secret-1', user_metadata: { shoe: 41 }, identities: [{ user_id: 'x' }], last_ip: '203.0.113.1' },
    }
    expect(keptBody(body, true)).toEqual({
      ...body,
      ...{ email: '*****', password: '*****', user_metadata: '*****', identities: '*****', last_ip: '*****' },
    })
  })

  it('keeps no address in whatever place', () => {
    const body = { 'ann@example.com': true, user_id: 'ann@example.com', roles: ['ann@example.com'], id: { email: 'ann@example.com' } }
    expect(JSON.stringify(keptBody([body, 'ann@example.com'], true))).not.toContain('ann@')
  })

  it('has dates as they are answered', () => {
    expect(keptBody({ updated_at: new Date(0), birthday: new Date(0) }, true)).toEqual({ updated_at: '1970-01-01T00:00:00.000Z', birthday: '*****' })
  })
})

describe('a long body', () => {
  it('is whole up to 16 KB, and beyond says what was cut', () => {
    const filled = (length: number) => ({ name: 'x', custom: 'y'.repeat(length - JSON.stringify({ name: 'x', custom: '' }).length) })
    expect(keptBody(filled(16_384), false)).toEqual(filled(16_384))
    expect(keptBody(filled(16_385), false)).toEqual({ name: 'x', custom: '[cut: 16363 characters]' })
  })

  it('of many members or of a list is cut as a whole', () => {
    const many = Object.fromEntries(Array.from({ length: 2000 }, (_, n) => [`member${n}`, n]))
    expect(keptBody(many, false)).toEqual({ cut: `[cut: ${JSON.stringify(many).length} characters]` })
    const list = Array.from({ length: 5000 }, () => 'item')
    expect(keptBody(list, false)).toEqual({ cut: `[cut: ${JSON.stringify(list).length} characters]` })
  })
})
