import { confirmation, issuance, NO_PROOFS, type Proof, thumbprintOf } from './proof-of-possession.js'

const KEY: Proof = { jkt: 'thumbprint' }
const CERTIFICATE: Proof = { x5tS256: 'certificate' }

const api = (required?: boolean, over: object = {}) => ({
  identifier: 'https://api',
  ...(required !== undefined && { proof_of_possession: { mechanism: 'dpop' as const, required, ...over } }),
})
const client = (requires: boolean, method: 'none' | 'client_secret_post' = 'client_secret_post') => ({
  require_proof_of_possession: requires,
  token_endpoint_auth_method: method,
})
const kindOf = (requires: boolean, proof: boolean, at: ReturnType<typeof api> | undefined): string =>
  issuance({ client: client(requires), api: at, proofs: proof ? [KEY] : NO_PROOFS }).kind

describe('the issuance matrix (spec/oauth.md §3.2)', () => {
  it.each([
    // client requires, proof sent, for /userinfo only
    [false, false, 'bearer'],
    [false, true, 'constrained'],
    [true, false, 'refused'],
    [true, true, 'constrained'],
  ])('userinfo only: client requires %s, proof %s: %s', (requires, proof, expected) => {
    expect(kindOf(requires, proof, undefined)).toBe(expected)
  })

  it.each([
    // client requires, proof sent, API policy: none, allowed, required
    [false, false, 'bearer', 'bearer', 'refused'],
    [false, true, 'bearer', 'constrained', 'constrained'],
    [true, false, 'refused', 'refused', 'refused'],
    [true, true, 'refused', 'constrained', 'constrained'],
  ])('API: client requires %s, proof %s: %s, %s, %s', (requires, proof, none, allowed, required) => {
    expect(kindOf(requires, proof, api())).toBe(none)
    expect(kindOf(requires, proof, { identifier: 'https://api', proof_of_possession: null } as never)).toBe(none)
    expect(kindOf(requires, proof, api(true, { mechanism: 'none' }))).toBe(none)
    expect(kindOf(requires, proof, api(false))).toBe(allowed)
    expect(kindOf(requires, proof, api(true))).toBe(required)
    expect(kindOf(requires, proof, api(true, { required_for: 'all_clients' }))).toBe(required)
  })

  it('demands of public clients alone what an API requires of them alone', () => {
    const at = api(true, { required_for: 'public_clients' })
    const kind = (method: 'none' | 'client_secret_post', requires = false): string =>
      issuance({ client: client(requires, method), api: at, proofs: NO_PROOFS }).kind
    expect(kind('none')).toBe('refused')
    expect(kind('client_secret_post')).toBe('bearer')
    expect(kind('client_secret_post', true)).toBe('refused')
    expect(issuance({ client: client(false), api: at, proofs: [KEY] })).toEqual({ kind: 'constrained', proof: KEY })
  })

  it('counts the proof that the API takes, out of several', () => {
    const mtls = api(true, { mechanism: 'mtls' })
    expect(issuance({ client: client(false), api: mtls, proofs: [KEY] }).kind).toBe('refused')
    expect(issuance({ client: client(true), api: mtls, proofs: [KEY] }).kind).toBe('refused')
    expect(issuance({ client: client(true), api: mtls, proofs: [KEY, CERTIFICATE] })).toEqual({ kind: 'constrained', proof: CERTIFICATE })
    expect(issuance({ client: client(true), api: api(true), proofs: [CERTIFICATE, KEY] })).toEqual({ kind: 'constrained', proof: KEY })
  })

  it('says which side demands it', () => {
    const text = (requires: boolean, at: ReturnType<typeof api> | undefined, proofs: readonly Proof[] = NO_PROOFS): unknown => {
      const result = issuance({ client: client(requires), api: at, proofs })
      return result.kind === 'refused' && result.description
    }
    expect(text(true, undefined)).toBe('The client requires proof of possession.')
    expect(text(true, api(true))).toBe('The client requires proof of possession.')
    expect(text(true, api(), [KEY])).toBe('The client requires proof of possession, but the API "https://api" takes none.')
    expect(text(false, api(true))).toBe('The API "https://api" requires proof of possession (DPoP).')
    expect(text(false, api(true, { mechanism: 'mtls' }))).toBe('The API "https://api" requires proof of possession (mTLS).')
  })
})

it('a proof becomes a confirmation claim', () => {
  expect(confirmation(KEY)).toEqual({ jkt: 'thumbprint' })
  expect(confirmation(CERTIFICATE)).toEqual({ 'x5t#S256': 'certificate' })
  expect(thumbprintOf([CERTIFICATE, KEY])).toBe('thumbprint')
  expect(thumbprintOf([CERTIFICATE])).toBeUndefined()
})
