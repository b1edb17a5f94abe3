import { exchangePolicy, refreshTokenPolicy, resourcePolicies } from './policy.js'

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

  it("lets no token of somebody else's client in strict mode lie idle for ever", () => {
    const strict = { is_first_party: false, third_party_security_mode: 'strict' }
    expect(refreshTokenPolicy(strict)).toMatchObject({ absoluteSeconds: 2_592_000, idleSeconds: 1_296_000 })
    const refresh_token = { rotation_type: 'non-rotating', expiration_type: 'non-expiring', infinite_token_lifetime: true, infinite_idle_token_lifetime: true }
    expect(refreshTokenPolicy({ ...strict, refresh_token })).toMatchObject({ absoluteSeconds: null, idleSeconds: 1_296_000 })
    for (const other of [{ is_first_party: true }, { third_party_security_mode: 'permissive' }]) {
      expect(refreshTokenPolicy({ ...strict, ...other, refresh_token })).toMatchObject(NEVER)
    }
  })

  it('reads numbers that were sent as text', () => {
    const refresh_token = { rotation_type: 'rotating', expiration_type: 'expiring', token_lifetime: '2592000', leeway: '5' }
    expect(refreshTokenPolicy({ refresh_token })).toMatchObject({ absoluteSeconds: 2_592_000, leewaySeconds: 5 })
  })
})

describe("the policy for a client's existing tokens", () => {
  const rotating = { refresh_token: { rotation_type: 'rotating', expiration_type: 'expiring' } }

  it('says whether they are to rotate, but never that a single-page application’s are not to', () => {
    expect(exchangePolicy(rotating).rotating).toBe(true)
    expect(exchangePolicy({ app_type: 'native' }).rotating).toBe(false)
    expect(exchangePolicy({ app_type: 'spa', ...rotating }).rotating).toBe(true)
    expect(exchangePolicy({ app_type: 'spa' })).not.toHaveProperty('rotating')
  })
})

describe("a client's policies for further APIs", () => {
  const policies = [{ audience: 'https://api', scope: ['read:x'] }]

  it('are none unless there are some, and the client is first-party', () => {
    expect(resourcePolicies({ is_first_party: true, refresh_token: { policies } })).toEqual(policies)
    expect(resourcePolicies({ is_first_party: false, refresh_token: { policies } })).toBeUndefined()
    for (const none of [undefined, null, []]) expect(resourcePolicies({ is_first_party: true, refresh_token: { policies: none } })).toBeUndefined()
    expect(resourcePolicies({ is_first_party: true })).toBeUndefined()
  })
})
