import { given } from '../../event-store/testing.js'
import type { AuthorizationCodeEvent, AuthorizationCodeIssued } from './authorization-code.events.js'
import { authorizationCode, type CodeExchange, issueCode, redeemCode } from './authorization-code.js'

const terms: Omit<AuthorizationCodeIssued, 'expiresAt'> = {
  userId: 'auth0|1',
  clientId: 'c1',
  sessionId: 's1',
  connection: 'db',
  scope: ['openid'],
  audience: null,
  redirectUri: 'https://app/cb',
  redirectUriSent: true,
  nonce: null,
  challenge: { method: 'S256', value: 'hashed' },
  dpopJkt: null,
  authenticatedAt: new Date(0).toISOString(),
  maxAgeSent: false,
  silent: false,
}
const exchange: CodeExchange = { clientId: 'c1', redirectUri: 'https://app/cb', verifier: { S256: 'hashed', plain: 'verifier' }, familyId: 'f1' }
const issued = (changes: Partial<typeof terms> = {}): AuthorizationCodeEvent =>
  given(authorizationCode).when((state) => issueCode(state, { ...terms, ...changes }, new Date(0), 120)).events[0]!
const seconds = (n: number): Date => new Date(n * 1000)
const redeemed: AuthorizationCodeEvent = { type: 'AuthorizationCodeRedeemed', data: { familyId: 'f1', accessTokenId: null, audience: null, scope: ['openid'] } }

describe('an authorization code', () => {
  it('is redeemed once, by the last instant before its end', () => {
    const redeem = (at: Date) => given(authorizationCode, issued()).when((state) => redeemCode(state, exchange, at))
    expect(redeem(new Date(119_999))).toMatchObject({ events: [redeemed], result: { kind: 'redeemed', grant: terms } })
    expect(redeem(seconds(120))).toEqual({ events: [], result: { kind: 'refused', why: 'expired' } })
  })

  it('that comes again names the family that must die, and is recorded once', () => {
    const replay = given(authorizationCode, issued(), redeemed).when((state) => redeemCode(state, { ...exchange, familyId: 'f2' }, seconds(1)))
    expect(replay).toEqual({
      events: [{ type: 'AuthorizationCodeReplayed', data: { familyId: 'f1' } }],
      result: { kind: 'refused', why: 'replayed', familyId: 'f1' },
    })
    const again = given(authorizationCode, issued(), redeemed, replay.events[0]!).when((state) => redeemCode(state, exchange, seconds(2)))
    expect(again).toEqual({ events: [], result: { kind: 'refused', why: 'replayed', familyId: 'f1' } })
  })

  it('is unknown to every other client, spent or not', () => {
    const stranger = { ...exchange, clientId: 'c2' }
    expect(given(authorizationCode, issued()).when((state) => redeemCode(state, stranger, seconds(1)))).toEqual({
      events: [],
      result: { kind: 'refused', why: 'invalid' },
    })
    expect(given(authorizationCode, issued(), redeemed).when((state) => redeemCode(state, stranger, seconds(1))).events).toEqual([])
    expect(given(authorizationCode).when((state) => redeemCode(state, exchange, seconds(1))).result).toEqual({ kind: 'refused', why: 'invalid' })
  })

  it('is used up by a wrong verifier, and not by a missing one', () => {
    const wrong = given(authorizationCode, issued()).when((state) => redeemCode(state, { ...exchange, verifier: { S256: 'x', plain: 'hashed' } }, seconds(1)))
    expect(wrong).toEqual({ events: [{ type: 'AuthorizationCodeForfeited', data: {} }], result: { kind: 'refused', why: 'verifier-wrong' } })
    expect(given(authorizationCode, issued(), wrong.events[0]!).when((state) => redeemCode(state, exchange, seconds(1))).result).toEqual({
      kind: 'refused',
      why: 'invalid',
    })
    const missing = given(authorizationCode, issued()).when((state) => redeemCode(state, { ...exchange, verifier: undefined }, seconds(1)))
    expect(missing).toEqual({ events: [], result: { kind: 'refused', why: 'verifier-missing' } })
  })

  it('without a challenge takes no verifier', () => {
    const redeem = (verifier: CodeExchange['verifier']) =>
      given(authorizationCode, issued({ challenge: null })).when((state) => redeemCode(state, { ...exchange, verifier }, seconds(1))).result
    expect(redeem(exchange.verifier)).toEqual({ kind: 'refused', why: 'verifier-unexpected' })
    expect(redeem(undefined)).toMatchObject({ kind: 'redeemed' })
  })

  it('wants the redirect URI of its request again, if that named one', () => {
    const redeem = (redirectUri: string | undefined, redirectUriSent = true) =>
      given(authorizationCode, issued({ redirectUriSent })).when((state) => redeemCode(state, { ...exchange, redirectUri }, seconds(1))).result
    expect(redeem('https://app/other')).toEqual({ kind: 'refused', why: 'redirect-uri', expected: 'https://app/cb' })
    expect(redeem(undefined)).toMatchObject({ kind: 'refused', why: 'redirect-uri' })
    expect(redeem(undefined, false)).toMatchObject({ kind: 'redeemed' })
    expect(redeem('https://app/cb', false)).toMatchObject({ kind: 'redeemed' })
  })

  it('that names a key is redeemed with its proof only, and is used up by none without it', () => {
    const bound = issued({ dpopJkt: 'key' })
    const redeem = (dpopThumbprint: string | undefined, over: Partial<CodeExchange> = {}) =>
      given(authorizationCode, bound).when((state) => redeemCode(state, { ...exchange, ...over, dpopThumbprint }, seconds(1)))
    const refused = { events: [], result: { kind: 'refused', why: 'binding' } }
    expect(redeem(undefined)).toEqual(refused)
    expect(redeem('other')).toEqual(refused)
    // Nor by a wrong verifier of somebody who lacks the key.
    expect(redeem('other', { verifier: { S256: 'x', plain: 'x' } })).toEqual(refused)
    expect(redeem('key')).toMatchObject({ events: [redeemed], result: { kind: 'redeemed' } })
  })

  it('stays unspent where a proof of possession is demanded and missing', () => {
    const without = { ...exchange, possessionMissing: 'The client requires proof of possession.' }
    expect(given(authorizationCode, issued()).when((state) => redeemCode(state, without, seconds(1)))).toEqual({
      events: [],
      result: { kind: 'refused', why: 'possession', missing: 'The client requires proof of possession.' },
    })
  })
})
