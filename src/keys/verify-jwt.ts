import { createSecretKey, type KeyObject } from 'node:crypto'
import { type JWTPayload, decodeProtectedHeader, errors, importJWK, jwtVerify } from 'jose'
import type { SigningKeys, VerifyingKey } from './signing-keys.js'

/** A token that is not ours, not any more, or not for this audience. `expired` tells the one case that callers may name. */
export class InvalidTokenError extends Error {
  constructor(
    message: string,
    readonly expired = false,
  ) {
    super(message)
  }
}

export interface Expected {
  readonly issuer: string
  readonly audience?: string
}

const imported = new Map<string, ReturnType<typeof importJWK>>()

/**
 * The claims of a JWT that this service signed with a key it still publishes (RFC 7519 §7.2). Checks signature, issuer, times, and the audience where given.
 * The key alone says which algorithm the token must have: a header that names another one is refused (RFC 8725 §3.1).
 * Errors: InvalidTokenError.
 */
export function verifyJwt(keys: SigningKeys, token: string, expected: Expected): Promise<JWTPayload> {
  return orInvalid(async () => {
    const { kid } = decodeProtectedHeader(token)
    const key = kid === undefined ? undefined : await keys.verifying(kid)
    if (!key) throw new InvalidTokenError('signed with an unknown key')
    return (await jwtVerify(token, await importOnce(key), { ...expected, algorithms: [key.alg] })).payload
  })
}

/** The claims of a JWT that was signed with a shared secret (HS256), with the same checks. Errors: InvalidTokenError. */
export function verifyJwtWithSecret(secret: string | Buffer, token: string, expected: Expected): Promise<JWTPayload> {
  return orInvalid(async () => {
    const key: KeyObject = createSecretKey(typeof secret === 'string' ? Buffer.from(secret) : secret)
    return (await jwtVerify(token, key, { ...expected, algorithms: ['HS256'] })).payload
  })
}

/** Whether the token's own header says that a shared secret signed it; who relies on it verifies it. */
export function claimsSecret(token: string): boolean {
  try {
    return decodeProtectedHeader(token).alg === 'HS256'
  } catch {
    return false
  }
}

async function orInvalid(verified: () => Promise<JWTPayload>): Promise<JWTPayload> {
  try {
    return await verified()
  } catch (error) {
    if (error instanceof InvalidTokenError) throw error
    if (error instanceof errors.JOSEError || error instanceof TypeError) throw new InvalidTokenError(error.message, error instanceof errors.JWTExpired)
    throw error
  }
}

function importOnce({ kid, alg, jwk }: VerifyingKey): ReturnType<typeof importJWK> {
  let found = imported.get(kid)
  if (!found) imported.set(kid, (found = importJWK({ ...jwk }, alg)))
  return found
}
