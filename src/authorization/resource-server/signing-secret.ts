import type { RootKeys } from '../../keys/root-key.js'

const PURPOSE = 'signing-secret'

/** The secret that HS256 tokens for an API are signed with: shared with the API, so it is kept readable, under the root key. */
export const encryptSigningSecret = (rootKeys: RootKeys, id: string, secret: string): string => rootKeys.encrypt(PURPOSE, secret, id)

export const decryptSigningSecret = (rootKeys: RootKeys, id: string, encrypted: string | null): string | undefined =>
  encrypted === null ? undefined : rootKeys.decrypt(PURPOSE, encrypted, id).toString()
