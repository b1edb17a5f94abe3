import type { RootKeys } from '../../keys/root-key.js'

const PURPOSE = 'action-secret'

/** A secret as the tables keep it: encrypted under the root key for this Action and this name, so that it opens nowhere else. */
export interface EncryptedSecret {
  readonly name: string
  readonly encrypted: string
}

export const encryptSecret = (rootKeys: RootKeys, actionId: string, name: string, value: string): EncryptedSecret => ({
  name,
  encrypted: rootKeys.encrypt(PURPOSE, value, place(actionId, name)),
})

/** By name. Errors: those of RootKeys.decrypt. */
export const decryptSecrets = (rootKeys: RootKeys, actionId: string, secrets: readonly EncryptedSecret[]): Record<string, string> =>
  Object.fromEntries(secrets.map(({ name, encrypted }) => [name, rootKeys.decrypt(PURPOSE, encrypted, place(actionId, name)).toString()]))

const place = (actionId: string, name: string): string => `${actionId}\n${name}`
