import { createHash, timingSafeEqual } from 'node:crypto'
import { calculateJwkThumbprint, compactVerify, decodeProtectedHeader, EmbeddedJWK, errors, type JWK, type ProtectedHeaderParameters } from 'jose'
import { sameAddress } from './address.js'

/** The proof proves nothing. The message is for the client and names what is wrong (RFC 9449 §4.3). */
export class InvalidProof extends Error {}

/** The proof may be good, but its nonce is missing, none of ours, or too old (RFC 9449 §8). */
export class NonceNeeded extends Error {}

export interface ExpectedProof {
  readonly method: string
  /** The address that was called, without query and fragment. */
  readonly uri: string
  readonly algorithms: readonly string[]
  /** Milliseconds since 1970. */
  readonly now: number
  readonly nonceRequired: boolean
  /** Until when a nonce is good, in milliseconds since 1970; undefined for one that is not. */
  readonly nonceExpiry: (nonce: string) => number | undefined
  /** At a resource: the token that the proof must be for. */
  readonly accessToken?: string | undefined
}

interface CheckedProof {
  /** The key's thumbprint (RFC 7638). */
  readonly jkt: string
  readonly jti: string
  /** Milliseconds since 1970: from then on the proof is refused for its age, so its use need be remembered no longer. */
  readonly refusedFrom: number
}

/** iat may lie so far back, and so far ahead: clocks differ. */
const PAST_SECONDS = 300
const FUTURE_SECONDS = 60
const MAX_LENGTH = 8192
const MAX_JTI = 512
/** Holds 4096 bits of RSA; verifying with a longer key is work that anybody could ask for. */
const MAX_JWK_MEMBER = 684
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv']

/**
 * Checks the values of the DPoP header (RFC 9449 §4.3, spec/oauth.md §3.1). That a proof is used for the first time is for the caller to see.
 * Errors: InvalidProof; NonceNeeded.
 */
export async function checkProof(values: readonly string[], expected: ExpectedProof): Promise<CheckedProof> {
  const [proof = ''] = values
  if (values.length !== 1 || proof.includes(',')) throw new InvalidProof('There must be exactly one DPoP header.')
  if (proof.length > MAX_LENGTH) throw new InvalidProof(`The DPoP proof is longer than ${MAX_LENGTH} characters.`)
  const jwk = embeddedKey(headerOf(proof), expected.algorithms)
  const claims = await verified(proof, jwk, expected.algorithms)
  const { htm, htu, jti, ath } = claims
  if (htm !== expected.method) throw new InvalidProof('The htm of the DPoP proof is not the method of the request.')
  if (typeof htu !== 'string' || !sameAddress(htu, expected.uri)) throw new InvalidProof('The htu of the DPoP proof is not the address of the request.')
  if (typeof jti !== 'string' || jti === '' || jti.length > MAX_JTI)
    throw new InvalidProof(`The jti of the DPoP proof must be a text of 1 to ${MAX_JTI} characters.`)
  if (expected.accessToken !== undefined && !isHashOf(ath, expected.accessToken))
    throw new InvalidProof('The ath of the DPoP proof is not the hash of the access token.')
  return { jkt: await calculateJwkThumbprint(jwk), jti, refusedFrom: ageLimit(claims, expected) }
}

function headerOf(proof: string): ProtectedHeaderParameters {
  try {
    return decodeProtectedHeader(proof)
  } catch {
    throw new InvalidProof('The DPoP proof is not a JWT.')
  }
}

function embeddedKey({ typ, alg, jwk }: ProtectedHeaderParameters, algorithms: readonly string[]): JWK {
  if (typ !== 'dpop+jwt') throw new InvalidProof('The typ of the DPoP proof must be dpop+jwt.')
  if (typeof alg !== 'string' || !algorithms.includes(alg)) throw new InvalidProof(`The alg of the DPoP proof must be one of ${algorithms.join(', ')}.`)
  if (typeof jwk !== 'object' || jwk === null || Array.isArray(jwk)) throw new InvalidProof('The DPoP proof has no jwk.')
  const members = jwk as Record<string, unknown>
  if (PRIVATE_MEMBERS.some((name) => name in members)) throw new InvalidProof('The jwk of the DPoP proof must be a public key, and holds more.')
  if (Object.values(members).some((value) => typeof value === 'string' && value.length > MAX_JWK_MEMBER))
    throw new InvalidProof('The jwk of the DPoP proof is too large.')
  return jwk
}

async function verified(proof: string, jwk: JWK, algorithms: readonly string[]): Promise<Record<string, unknown>> {
  const key = await EmbeddedJWK({ alg: headerOf(proof).alg!, jwk }).catch(() => {
    // Whatever an importer has against it: the key came with the request.
    throw new InvalidProof('The jwk of the DPoP proof is not a key for its alg.')
  })
  const payload = await compactVerify(proof, key, { algorithms: [...algorithms] }).then(
    ({ payload }) => payload,
    (error: unknown) => {
      // A TypeError: the key is shorter than its algorithm allows.
      if (error instanceof TypeError) throw new InvalidProof('The jwk of the DPoP proof is not a key for its alg.')
      if (error instanceof errors.JWSSignatureVerificationFailed) throw new InvalidProof('The signature of the DPoP proof is not of its jwk.')
      if (error instanceof errors.JOSEError) throw new InvalidProof('The DPoP proof is not a JWT.')
      throw error
    },
  )
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload).toString('utf8'))
    if (typeof claims === 'object' && claims !== null && !Array.isArray(claims)) return claims as Record<string, unknown>
  } catch {
    // Signed, and no JSON.
  }
  throw new InvalidProof('The DPoP proof is not a JWT.')
}

/** With a nonce of ours its age decides and the client's clock is of no interest; without one iat does. */
function ageLimit({ iat, nonce }: Record<string, unknown>, { now, nonceRequired, nonceExpiry }: ExpectedProof): number {
  if (typeof iat !== 'number' || !Number.isFinite(iat)) throw new InvalidProof('The iat of the DPoP proof must be a number.')
  if (nonce !== undefined || nonceRequired) {
    const expiry = typeof nonce === 'string' ? nonceExpiry(nonce) : undefined
    if (expiry === undefined) throw new NonceNeeded()
    return expiry
  }
  const seconds = now / 1000
  if (iat < seconds - PAST_SECONDS) throw new InvalidProof('The iat of the DPoP proof is too long ago.')
  if (iat > seconds + FUTURE_SECONDS) throw new InvalidProof('The iat of the DPoP proof is in the future.')
  return (iat + PAST_SECONDS) * 1000
}

function isHashOf(ath: unknown, accessToken: string): boolean {
  const expected = Buffer.from(createHash('sha256').update(accessToken).digest('base64url'))
  const given = Buffer.from(typeof ath === 'string' ? ath : '')
  return given.length === expected.length && timingSafeEqual(given, expected)
}
