import type { RootKeys } from '../../keys/root-key.js'
import type { EncryptedSecrets } from './log-stream-table.js'

const PURPOSE = 'log-stream-secret'

/** Encrypts the secrets of a sink for this stream and these names, so that they open nowhere else. */
export const encryptSecrets = (rootKeys: RootKeys, id: string, secrets: Readonly<Record<string, string>>): EncryptedSecrets =>
  Object.fromEntries(Object.entries(secrets).map(([name, value]) => [name, rootKeys.encrypt(PURPOSE, value, place(id, name))]))

/** Errors: those of RootKeys.decrypt. */
export const decryptSecrets = (rootKeys: RootKeys, id: string, secrets: EncryptedSecrets): Record<string, string> =>
  Object.fromEntries(Object.entries(secrets).map(([name, encrypted]) => [name, rootKeys.decrypt(PURPOSE, encrypted, place(id, name)).toString()]))

const place = (id: string, name: string): string => `${id}\n${name}`
