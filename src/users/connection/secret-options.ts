import { isDeepStrictEqual } from 'node:util'
import type { RootKeys } from '../../keys/root-key.js'
import { isSecret } from '../../secret-names.js'

type Options = Readonly<Record<string, unknown>>

/** Secret options by their place in `options`: a list of names, as JSON. */
type SecretOptions = Readonly<Record<string, unknown>>

const PURPOSE = 'connection-secrets'

/** Takes apart what may stand in events and what may not. */
export function splitOptions(options: Options): { readonly open: Options; readonly secret: SecretOptions } {
  const secret: Record<string, unknown> = {}
  return { open: withoutSecrets(options, [], secret) as Options, secret }
}

export function joinOptions(open: Options, secret: SecretOptions): Options {
  const all = structuredClone(open) as Record<string, unknown>
  for (const [place, value] of Object.entries(secret)) {
    const names = JSON.parse(place) as string[]
    const last = names.pop()!
    const parent = names.reduce((at, name) => (at[name] ??= {}) as Record<string, unknown>, all)
    parent[last] = value
  }
  return all
}

/**
 * New options with the secrets of `before` (whole options) in places that the new ones leave open: deploy tools leave out what they cannot
 * know, and trust that it stays. A secret goes with the object that it was in, or by null. `same`: no secret is another one than before.
 */
export function keepSecrets(options: Options, before: Options): { readonly options: Options; readonly same: boolean } {
  const known = splitOptions(before).secret
  const kept = Object.entries(known).filter(([place]) => isOpen(options, JSON.parse(place) as string[]))
  const whole = joinOptions(options, Object.fromEntries(kept))
  return { options: whole, same: isDeepStrictEqual(splitOptions(whole).secret, known) }
}

function isOpen(options: Options, place: readonly string[]): boolean {
  const parent = place.slice(0, -1).reduce<unknown>((at, name) => (typeof at === 'object' && at !== null ? (at as Options)[name] : undefined), options)
  return typeof parent === 'object' && parent !== null && !Object.hasOwn(parent, place.at(-1)!)
}

/** For the log: where the secrets are. */
export const secretNames = (secret: SecretOptions): string[] => Object.keys(secret).map((place) => (JSON.parse(place) as string[]).join('.'))

/** Null for none. */
export const encryptSecrets = (rootKeys: RootKeys, connectionId: string, secret: SecretOptions): string | null =>
  Object.keys(secret).length === 0 ? null : rootKeys.encrypt(PURPOSE, JSON.stringify(secret), connectionId)

export const decryptSecrets = (rootKeys: RootKeys, connectionId: string, encrypted: string | null): SecretOptions =>
  encrypted === null ? {} : (JSON.parse(rootKeys.decrypt(PURPOSE, encrypted, connectionId).toString()) as SecretOptions)

function withoutSecrets(value: unknown, place: readonly string[], secret: Record<string, unknown>): unknown {
  if (Array.isArray(value)) return value.map((item: unknown, n) => withoutSecrets(item, [...place, String(n)], secret))
  if (typeof value !== 'object' || value === null) return value
  const open = Object.entries(value).flatMap(([name, member]: [string, unknown]): [string, unknown][] => {
    const at = [...place, name]
    if (!isSecret(['options', ...at], member)) return [[name, withoutSecrets(member, at, secret)]]
    secret[JSON.stringify(at)] = member
    return []
  })
  return Object.fromEntries(open)
}
