import { decodeProtectedHeader, errors, importJWK, type JWK, type JWTPayload, jwtVerify } from 'jose'
import type { KeyCredential } from '../client/client.events.js'

/** Why an assertion proves nothing; for the log alone. */
export class InvalidAssertion extends Error {}

export const ASSERTION_ALGORITHMS = ['RS256', 'RS384', 'PS256', 'PS384', 'ES256', 'ES384']
const MAX_BYTES = 2048
const MAX_CLAIM = 64
const MAX_LIFETIME_SECONDS = 300
const SKEW_SECONDS = 10

export interface Assertion {
  readonly jti: string
  readonly expiresAt: Date
}

/**
 * Checks a client's assertion against its keys (RFC 7523 §3, spec/oauth.md §1.3). That it is used for the first time is for the caller to see.
 * Errors: InvalidAssertion.
 */
export async function verifyAssertion(
  assertion: string,
  expected: { readonly clientId: string; readonly issuer: string; readonly now: Date },
  credentials: readonly KeyCredential[],
): Promise<Assertion> {
  if (Buffer.byteLength(assertion) > MAX_BYTES) throw new InvalidAssertion(`longer than ${MAX_BYTES} bytes`)
  const { clientId, issuer, now } = expected
  const payload = await verifiedByOne(assertion, credentials, {
    issuer: clientId,
    subject: clientId,
    audience: [issuer, issuer.slice(0, -1), `${issuer}oauth/token`],
    clockTolerance: SKEW_SECONDS,
    currentDate: now,
    requiredClaims: ['exp', 'jti'],
  })
  const { jti, exp, iat } = payload
  const seconds = now.getTime() / 1000
  if (typeof jti !== 'string' || jti === '' || [jti, clientId].some((claim) => claim.length > MAX_CLAIM)) throw new InvalidAssertion('iss, sub or jti')
  if (jti.includes('\0')) throw new InvalidAssertion('jti')
  if (exp! > seconds + MAX_LIFETIME_SECONDS + SKEW_SECONDS) throw new InvalidAssertion('expires too late')
  if (iat !== undefined && iat > seconds + SKEW_SECONDS) throw new InvalidAssertion('issued in the future')
  return { jti, expiresAt: new Date((exp! + SKEW_SECONDS) * 1000) }
}

/** `kid` is optional: without it every key of the client is tried. */
async function verifiedByOne(assertion: string, credentials: readonly KeyCredential[], options: Parameters<typeof jwtVerify>[2]): Promise<JWTPayload> {
  const { alg, kid } = header(assertion)
  const candidates = credentials.filter((credential) => credential.alg === alg && (kid === undefined || credential.kid === kid))
  let reason = 'no key of the client fits its header'
  for (const { public_key, alg: algorithm } of candidates) {
    try {
      const { payload } = await jwtVerify(assertion, await importJWK(public_key as JWK, algorithm), { ...options, algorithms: [algorithm] })
      return payload
    } catch (error) {
      if (!(error instanceof errors.JOSEError || error instanceof TypeError)) throw error
      reason = error.message
    }
  }
  throw new InvalidAssertion(reason)
}

function header(assertion: string): { alg: string; kid: string | undefined } {
  try {
    const { alg, kid } = decodeProtectedHeader(assertion)
    if (typeof alg === 'string' && ASSERTION_ALGORITHMS.includes(alg)) return { alg, kid }
  } catch {
    // Not a JWT at all.
  }
  throw new InvalidAssertion('not a JWT with an algorithm for assertions')
}
