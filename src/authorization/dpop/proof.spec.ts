import { createHash, generateKeyPairSync, type KeyObject, sign as signBytes } from 'node:crypto'
import { calculateJwkThumbprint, type JWK } from 'jose'
import { checkProof, type ExpectedProof, InvalidProof, NonceNeeded } from './proof.js'

const NOW = Date.UTC(2026, 0, 1)
const SECONDS = NOW / 1000
const URI = 'https://id.example.com/oauth/token'
const TOKEN = 'an-access-token'

const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const jwk = keys.publicKey.export({ format: 'jwk' }) as JWK
const privateJwk = keys.privateKey.export({ format: 'jwk' }) as JWK

const expected = (over: Partial<ExpectedProof> = {}): ExpectedProof => ({
  method: 'POST',
  uri: URI,
  algorithms: ['ES256'],
  now: NOW,
  nonceRequired: false,
  nonceExpiry: (nonce) => (nonce === 'good' ? NOW + 1000 : undefined),
  ...over,
})

interface Made {
  readonly header?: object
  readonly claims?: object
  readonly payload?: string
  readonly key?: KeyObject
  readonly hash?: string | null
}

const part = (value: object | string): string => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

/** Signed by hand: what no library would sign must be refused too. */
function proof({ header = {}, claims = {}, payload, key = keys.privateKey, hash = 'sha256' }: Made = {}): string {
  const input = `${part({ typ: 'dpop+jwt', alg: 'ES256', jwk, ...header })}.${part(payload ?? { htm: 'POST', htu: URI, iat: SECONDS, jti: 'j', ...claims })}`
  return `${input}.${signBytes(hash, Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}

/** What a refusal says, or that there is none. */
async function outcome(made: Made | readonly string[], over: Partial<ExpectedProof> = {}): Promise<string> {
  try {
    await checkProof(Array.isArray(made) ? (made as string[]) : [proof(made as Made)], expected(over))
    return 'good'
  } catch (error) {
    if (error instanceof NonceNeeded) return 'nonce needed'
    if (error instanceof InvalidProof) return error.message
    throw error
  }
}

describe('a DPoP proof', () => {
  it('tells whose it is, and until when it must be remembered', async () => {
    const checked = await checkProof([proof()], expected())
    expect(checked).toEqual({ jkt: await calculateJwkThumbprint(jwk), jti: 'j', refusedFrom: NOW + 300_000 })
    expect(await outcome({ claims: { htu: `${URI}?a=b#c`, jti: 'x'.repeat(512), more: { any: 'thing' } } })).toBe('good')
  })

  it.each([
    ['none', []],
    ['an empty header', ['']],
    ['two headers', [proof(), proof({ claims: { jti: 'k' } })]],
    ['two in one header', [`${proof()}, ${proof()}`]],
  ])('is one: %s is refused', async (name, values) => {
    const count = 'There must be exactly one DPoP header.'
    expect(await outcome(values)).toBe(name === 'an empty header' ? 'The DPoP proof is not a JWT.' : count)
  })

  it.each(['x', 'a.b.c', '..', '....', 'eyJ9.e30.x', `${part('[]')}.${part('{}')}.x`, `${part('null')}.e30.x`, '\u00e9.\u00e9.\u00e9'])(
    'is a JWT: %s is refused',
    async (text) => expect(await outcome([text])).toMatch(/^The (DPoP proof is not a JWT|typ of the DPoP proof must be dpop\+jwt)\.$/),
  )

  it('has claims', async () => {
    for (const payload of ['', 'x', '[]', '"x"', 'null', '1']) expect(await outcome({ payload })).toBe('The DPoP proof is not a JWT.')
  })

  it('is of bounded size', async () => {
    expect(await outcome({ claims: { more: 'x'.repeat(10_000) } })).toBe('The DPoP proof is longer than 8192 characters.')
    const text = proof({ claims: { more: 'x'.repeat(5000) } })
    expect(await outcome([text])).toBe('good')
  })

  it.each([[undefined], ['JWT'], ['at+jwt'], ['application/dpop+jwt'], [1], [null]])('has the type dpop+jwt: %s is refused', async (typ) => {
    expect(await outcome({ header: { typ } })).toBe('The typ of the DPoP proof must be dpop+jwt.')
  })

  it.each([[undefined], ['none'], ['HS256'], ['RS256'], ['ES384'], ['EdDSA'], ['es256'], [['ES256']], [{}]])(
    'has an algorithm that is configured: %s is refused',
    async (alg) => expect(await outcome({ header: { alg } })).toBe('The alg of the DPoP proof must be one of ES256.'),
  )

  it.each([[undefined], [null], ['x'], [[]], [1]])('brings its key: %s is refused', async (key) => {
    expect(await outcome({ header: { jwk: key } })).toBe('The DPoP proof has no jwk.')
  })

  it('brings no private key', async () => {
    const text = 'The jwk of the DPoP proof must be a public key, and holds more.'
    expect(await outcome({ header: { jwk: privateJwk } })).toBe(text)
    expect(await outcome({ header: { jwk: { kty: 'oct', k: 'c2VjcmV0' } } })).toBe(text)
    for (const name of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv']) expect(await outcome({ header: { jwk: { ...jwk, [name]: 'x' } } })).toBe(text)
  })

  it('brings a key for its algorithm', async () => {
    const text = 'The jwk of the DPoP proof is not a key for its alg.'
    const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ format: 'jwk' })
    const off = { ...jwk, y: jwk.x! }
    for (const key of [{}, { kty: 'EC' }, { kty: 'oct' }, { ...jwk, crv: 'P-384' }, p384, off, { ...jwk, x: 1 }, { ...jwk, x: '' }, { ...jwk, kty: 'RSA' }]) {
      expect(await outcome({ header: { jwk: key } })).toBe(text)
    }
    expect(await outcome({ header: { jwk: { ...jwk, x: 'A'.repeat(685) } } })).toBe('The jwk of the DPoP proof is too large.')
  })

  it('is signed by that key', async () => {
    const text = 'The signature of the DPoP proof is not of its jwk.'
    expect(await outcome({ key: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey })).toBe(text)
    const [header, , signature] = proof().split('.')
    expect(await outcome([`${header}.${part({ htm: 'POST', htu: URI, iat: SECONDS, jti: 'other' })}.${signature}`])).toBe(text)
    expect(await outcome([`${header}.${proof().split('.')[1]}.`])).toBe(text)
  })

  it('demands nothing that nobody understands', async () => {
    expect(await outcome({ header: { crit: ['x'], x: 1 } })).toBe('The DPoP proof is not a JWT.')
    expect(await outcome({ header: { crit: ['b64'], b64: false } })).not.toBe('good')
  })

  it('is for the method and the address', async () => {
    for (const htm of [undefined, 'GET', 'post', ['POST']]) {
      expect(await outcome({ claims: { htm } })).toBe('The htm of the DPoP proof is not the method of the request.')
    }
    for (const htu of [undefined, '', 'https://evil.example/oauth/token', 'https://id.example.com/userinfo', [URI], 1]) {
      expect(await outcome({ claims: { htu } })).toBe('The htu of the DPoP proof is not the address of the request.')
    }
  })

  it('has an id', async () => {
    for (const jti of [undefined, '', 1, null, 'x'.repeat(513), ['j']]) {
      expect(await outcome({ claims: { jti } })).toBe('The jti of the DPoP proof must be a text of 1 to 512 characters.')
    }
  })

  it('is fresh by its iat, which may have fractions', async () => {
    const [past, future] = ['The iat of the DPoP proof is too long ago.', 'The iat of the DPoP proof is in the future.']
    for (const [iat, result] of [
      [SECONDS - 300, 'good'],
      [SECONDS - 300.001, past],
      [SECONDS + 60, 'good'],
      [SECONDS + 60.001, future],
      [SECONDS - 0.123456, 'good'],
      [0, past],
      [-1, past],
      [1e300, future],
    ] as const) {
      expect([iat, await outcome({ claims: { iat } })]).toEqual([iat, result])
    }
    for (const iat of [undefined, null, String(SECONDS), [SECONDS]])
      expect(await outcome({ claims: { iat } })).toBe('The iat of the DPoP proof must be a number.')
    expect(await outcome({ payload: `{"htm":"POST","htu":"${URI}","jti":"j","iat":1e999}` })).toBe('The iat of the DPoP proof must be a number.')
  })

  it('is fresh by its nonce, where one is required or sent, whatever the clock of its client says', async () => {
    for (const nonceRequired of [true, false]) {
      for (const nonce of ['bad', '', 1, null]) expect(await outcome({ claims: { nonce } }, { nonceRequired })).toBe('nonce needed')
      for (const iat of [SECONDS, SECONDS - 86_400, SECONDS + 86_400]) {
        expect(await checkProof([proof({ claims: { nonce: 'good', iat } })], expected({ nonceRequired }))).toMatchObject({ refusedFrom: NOW + 1000 })
      }
      expect(await outcome({ claims: { nonce: 'good', iat: 'x' } }, { nonceRequired })).toBe('The iat of the DPoP proof must be a number.')
    }
    expect(await outcome({}, { nonceRequired: true })).toBe('nonce needed')
  })

  it('is for the access token that it comes with', async () => {
    const ath = createHash('sha256').update(TOKEN).digest('base64url')
    expect(await outcome({ claims: { ath } }, { accessToken: TOKEN })).toBe('good')
    for (const other of [undefined, '', TOKEN, `${ath}=`, ath.slice(1), createHash('sha256').update('x').digest('base64url'), [ath]]) {
      expect(await outcome({ claims: { ath: other } }, { accessToken: TOKEN })).toBe('The ath of the DPoP proof is not the hash of the access token.')
    }
  })

  it('may have another algorithm that is configured', async () => {
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-384' })
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const ed = generateKeyPairSync('ed25519')
    const all = { algorithms: ['ES256', 'ES384', 'RS256', 'PS256', 'EdDSA'] }
    const of = (key: KeyObject): JWK => key.export({ format: 'jwk' })
    expect(await outcome({ header: { alg: 'ES384', jwk: of(ec.publicKey) }, key: ec.privateKey, hash: 'sha384' }, all)).toBe('good')
    expect(await outcome({ header: { alg: 'RS256', jwk: of(rsa.publicKey) }, key: rsa.privateKey }, all)).toBe('good')
    expect(await outcome({ header: { alg: 'PS256', jwk: of(rsa.publicKey) }, key: rsa.privateKey }, all)).toBe(
      'The signature of the DPoP proof is not of its jwk.',
    )
    expect(await outcome({ header: { alg: 'EdDSA', jwk: of(ed.publicKey) }, key: ed.privateKey, hash: null }, all)).toBe('good')
    const weak = generateKeyPairSync('rsa', { modulusLength: 1024 })
    expect(await outcome({ header: { alg: 'RS256', jwk: of(weak.publicKey) }, key: weak.privateKey }, all)).toBe(
      'The jwk of the DPoP proof is not a key for its alg.',
    )
  })
})
