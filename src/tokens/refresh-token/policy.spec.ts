import { refreshTokenPolicy } from './policy.js'

const NEVER = { absoluteSeconds: null, idleSeconds: null }

describe("a client's refresh-token policy", () => {
  it('without settings neither rotates nor expires', () => {
    expect(refreshTokenPolicy({})).toEqual({ rotating: false, leewaySeconds: 0, ...NEVER })
    expect(refreshTokenPolicy({ refresh_token: undefined as never })).toEqual({ rotating: false, leewaySeconds: 0, ...NEVER })
  })

  it('takes rotation, leeway and both lifetimes', () => {
    const refresh_token = { rotation_type: 'rotating', expiration_type: 'expiring', leeway: 30, token_lifetime: 1000, idle_token_lifetime: 60 }
    expect(refreshTokenPolicy({ refresh_token })).toEqual({ rotating: true, leewaySeconds: 30, absoluteSeconds: 1000, idleSeconds: 60 })
  })

  it('fills in the defaults of members left out', () => {
    const refresh_token = { rotation_type: 'rotating', expiration_type: 'expiring' }
    expect(refreshTokenPolicy({ refresh_token })).toEqual({ rotating: true, leewaySeconds: 0, absoluteSeconds: 2_592_000, idleSeconds: 1_296_000 })
  })

  it('lets the infinite flags win over the lifetimes, each over its own', () => {
    const refresh_token = { rotation_type: 'non-rotating', expiration_type: 'expiring', token_lifetime: 1000, idle_token_lifetime: 60 }
    expect(refreshTokenPolicy({ refresh_token: { ...refresh_token, infinite_token_lifetime: true } })).toMatchObject({ absoluteSeconds: null, idleSeconds: 60 })
    expect(refreshTokenPolicy({ refresh_token: { ...refresh_token, infinite_idle_token_lifetime: true } })).toMatchObject({
      absoluteSeconds: 1000,
      idleSeconds: null,
    })
  })

  it('does not expire what is non-expiring, whatever lifetimes and leeway are stored', () => {
    const refresh_token = { rotation_type: 'non-rotating', expiration_type: 'non-expiring', token_lifetime: 1000, idle_token_lifetime: 60, leeway: 60 }
    expect(refreshTokenPolicy({ refresh_token })).toEqual({ rotating: false, leewaySeconds: 60, ...NEVER })
  })

  it('reads numbers that were sent as text', () => {
    const refresh_token = { rotation_type: 'rotating', expiration_type: 'expiring', token_lifetime: '2592000', leeway: '5' }
    expect(refreshTokenPolicy({ refresh_token })).toMatchObject({ absoluteSeconds: 2_592_000, leewaySeconds: 5 })
  })
})
