import { type RootKeys, SealedTextError, UnknownRootKeyError } from '../keys/root-key.js'

/** An access token that only this service reads: its claims, encrypted. */
export const sealOpaque = (rootKeys: RootKeys, claims: object): string => rootKeys.encrypt('opaque-access-token', JSON.stringify(claims), 'access-token')

/** The claims, or undefined for any text that this service did not make, or made under a key that is gone. Expiry is for the caller to see. */
export function openOpaque(rootKeys: RootKeys, token: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(rootKeys.decrypt('opaque-access-token', token, 'access-token').toString('utf8')) as Record<string, unknown>
  } catch (error) {
    if (error instanceof SealedTextError || error instanceof UnknownRootKeyError) return undefined
    throw error
  }
}
