import { type RootKeys, SealedTextError, UnknownRootKeyError } from '../keys/root-key.js'

/** No Action can set a claim of such a name. */
export const USERINFO_CLAIMS = 'urn:evergrant:userinfo'

/** So much an access token may grow: servers before an API take headers of some 8 KB. */
const MAX_LENGTH = 4096

/**
 * What Actions put on the ID token, for /userinfo (spec/oauth.md §12): it travels with the access token, so that nothing is kept here, encrypted, since
 * it is no matter of the API's. Undefined where there is nothing, or too much to travel.
 */
export function sealUserinfoClaims(rootKeys: RootKeys, claims: Readonly<Record<string, unknown>>, subject: string): string | undefined {
  if (Object.keys(claims).length === 0) return undefined
  const sealed = rootKeys.encrypt('userinfo-claims', JSON.stringify(claims), subject)
  return sealed.length > MAX_LENGTH ? undefined : sealed
}

/** Of a token that was made under a key that is gone they are lost. */
export function openUserinfoClaims(rootKeys: RootKeys, sealed: unknown, subject: string): Record<string, unknown> {
  if (typeof sealed !== 'string') return {}
  try {
    return JSON.parse(rootKeys.decrypt('userinfo-claims', sealed, subject).toString('utf8')) as Record<string, unknown>
  } catch (error) {
    if (error instanceof SealedTextError || error instanceof UnknownRootKeyError) return {}
    throw error
  }
}
