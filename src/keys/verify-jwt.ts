import { type JWTPayload, decodeProtectedHeader, errors, importJWK, jwtVerify } from 'jose'
import type { PublishedJwk, SigningKeys } from './signing-keys.js'

/** A token that is not ours, not any more, or not for this audience. `expired` tells the one case that callers may name. */
export class InvalidTokenError extends Error {
  constructor(
    message: string,
    readonly expired = false,
  ) {
    super(message)
  }
}

const imported = new Map<string, ReturnType<typeof importJWK>>()

/**
 * The claims of a JWT that this service signed with a key it still publishes (RFC 7519 §7.2). Checks signature, issuer, times, and the audience where given.
 * Errors: InvalidTokenError.
 */
export async function verifyJwt(keys: SigningKeys, token: string, expected: { readonly issuer: string; readonly audience?: string }): Promise<JWTPayload> {
  try {
    const { kid } = decodeProtectedHeader(token)
    const key = (await keys.published()).find((published) => published.kid === kid)
    if (!key) throw new InvalidTokenError('signed with an unknown key')
    const { payload } = await jwtVerify(token, await importOnce(key), { ...expected, algorithms: [key.alg] })
    return payload
  } catch (error) {
    if (error instanceof InvalidTokenError) throw error
    if (error instanceof errors.JOSEError || error instanceof TypeError) throw new InvalidTokenError(error.message, error instanceof errors.JWTExpired)
    throw error
  }
}

function importOnce(key: PublishedJwk): ReturnType<typeof importJWK> {
  let found = imported.get(key.kid)
  if (!found) imported.set(key.kid, (found = importJWK({ ...key }, key.alg)))
  return found
}
