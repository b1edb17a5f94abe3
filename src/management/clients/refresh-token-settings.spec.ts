import { refreshTokenSettings, type SettingsContext } from './refresh-token-settings.js'

const context: SettingsContext = { sentSecretMethod: false, appType: undefined, firstParty: true, strict: false, managementApi: 'https://id.example/api/v2/' }
const rotating = { rotation_type: 'rotating', expiration_type: 'expiring' } as const
const plain = { rotation_type: 'non-rotating', expiration_type: 'expiring' } as const
const forever = { rotation_type: 'non-rotating', expiration_type: 'non-expiring' } as const
const policy = { audience: 'https://api.example/', scope: [] }

describe('client.refresh_token, when it is not sent', () => {
  const endless = {
    rotation_type: 'non-rotating',
    expiration_type: 'non-expiring',
    leeway: 0,
    infinite_token_lifetime: true,
    infinite_idle_token_lifetime: true,
  }

  it('has lifetimes that depend on whether a secret method was', () => {
    for (const sent of [undefined, null]) {
      expect(refreshTokenSettings(sent, context)).toEqual({ ...endless, token_lifetime: 2_592_000, idle_token_lifetime: 1_296_000 })
      expect(refreshTokenSettings(sent, { ...context, sentSecretMethod: true })).toEqual({
        ...endless,
        token_lifetime: 31_557_600,
        idle_token_lifetime: 2_592_000,
      })
    }
  })

  it.each(['spa', 'native'])('rotates and expires for a %s application of somebody else in strict mode alone', (appType) => {
    const strict = { ...context, appType, firstParty: false, strict: true, sentSecretMethod: true }
    expect(refreshTokenSettings(undefined, strict)).toEqual({
      rotation_type: 'rotating',
      expiration_type: 'expiring',
      leeway: 0,
      token_lifetime: 2_592_000,
      infinite_token_lifetime: false,
      idle_token_lifetime: 1_296_000,
      infinite_idle_token_lifetime: false,
    })
    expect(refreshTokenSettings(undefined, { ...strict, strict: false })).toMatchObject(endless)
  })

  it('expires without rotating for other applications of somebody else in strict mode', () => {
    const strict = { ...context, appType: 'regular_web', firstParty: false, strict: true, sentSecretMethod: true }
    expect(refreshTokenSettings(undefined, strict)).toEqual({
      rotation_type: 'non-rotating',
      expiration_type: 'expiring',
      leeway: 0,
      token_lifetime: 31_557_600,
      infinite_token_lifetime: false,
      idle_token_lifetime: 2_592_000,
      infinite_idle_token_lifetime: false,
    })
  })
})

describe('client.refresh_token, when it is sent in part', () => {
  it('is completed: no leeway, infinite where nothing expires, no policies', () => {
    expect(refreshTokenSettings(rotating, context)).toEqual({
      ...rotating,
      leeway: 0,
      token_lifetime: 2_592_000,
      infinite_token_lifetime: false,
      idle_token_lifetime: 1_296_000,
      infinite_idle_token_lifetime: false,
    })
    expect(refreshTokenSettings(forever, context)).toMatchObject({ infinite_token_lifetime: true, infinite_idle_token_lifetime: true })
    expect(refreshTokenSettings({ ...rotating, policies: null }, context)).not.toHaveProperty('policies')
  })

  it('takes numbers as text, and clamps an idle lifetime that nobody named to the absolute one', () => {
    const sent = { ...rotating, token_lifetime: '3600', leeway: '5' }
    expect(refreshTokenSettings(sent, context)).toMatchObject({ token_lifetime: 3600, idle_token_lifetime: 3600, leeway: 5 })
    expect(refreshTokenSettings({ ...rotating, token_lifetime: 3600, infinite_token_lifetime: true }, context)).toMatchObject({
      idle_token_lifetime: 1_296_000,
    })
  })

  it('keeps what is of no effect now', () => {
    expect(refreshTokenSettings({ ...forever, leeway: 60, token_lifetime: 157_788_000 }, context)).toMatchObject({ leeway: 60, token_lifetime: 157_788_000 })
    const policies = [{ audience: 'https://nobody.example/', scope: ['unheard:of'] }]
    expect(refreshTokenSettings({ ...plain, policies }, context)).toMatchObject({ policies })
  })
})

describe('client.refresh_token is refused', () => {
  it.each([
    ['rotating without end', { ...rotating, expiration_type: 'non-expiring' as const }, {}, 'Rotating refresh tokens must be expiring.'],
    [
      'rotating with both lifetimes infinite',
      { ...rotating, infinite_token_lifetime: true, infinite_idle_token_lifetime: true },
      {},
      'Rotating refresh tokens must have a token lifetime or an idle token lifetime.',
    ],
    [
      'with an idle lifetime longer than the absolute one',
      { ...plain, token_lifetime: 10, idle_token_lifetime: '11' },
      {},
      'The idle token lifetime must not be longer than the token lifetime.',
    ],
    ['with two policies for one API', { ...rotating, policies: [policy, policy] }, {}, 'Each audience may have one refresh token policy only.'],
    [
      'with a policy for the Management API',
      { ...rotating, policies: [{ audience: 'https://id.example/api/v2/', scope: [] }] },
      {},
      'The Management API cannot be used in refresh token policies.',
    ],
    [
      'with policies for somebody else’s client',
      { ...rotating, policies: [policy] },
      { firstParty: false },
      'Refresh token policies are only available to first party clients.',
    ],
  ])('%s', (_, sent, over, message) => {
    expect(() => refreshTokenSettings(sent, { ...context, ...over })).toThrow(expect.objectContaining({ status: 400, message, errorCode: 'invalid_body' }))
  })

  it('but not with one lifetime infinite, or an idle lifetime that never counts', () => {
    expect(() => refreshTokenSettings({ ...rotating, infinite_token_lifetime: true, idle_token_lifetime: 3_000_000 }, context)).not.toThrow()
    expect(() => refreshTokenSettings({ ...rotating, token_lifetime: 10, idle_token_lifetime: 20, infinite_idle_token_lifetime: true }, context)).not.toThrow()
  })
})
