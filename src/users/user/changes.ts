import { isDeepStrictEqual } from 'node:util'
import type { Attributes, UserMetadata } from './attributes.js'

/** Attributes to set; null takes one away. What is not named stays. */
export type UserChanges = { readonly [K in keyof Attributes]?: Attributes[K] | null }

const METADATA = ['user_metadata', 'app_metadata'] as const

/**
 * What the wanted changes come to: only the members that are different afterwards, undefined for one that goes; and all members after that.
 * Metadata is merged at its first level, where null takes a member away (spec/management-api.md §2.7). An address that changes is unverified
 * unless the same change says otherwise.
 */
export function changedAttributes(before: Attributes, wanted: UserChanges): { changed: Readonly<Record<string, unknown>>; after: Attributes } {
  const all: Record<string, unknown> = { ...wanted }
  if (wanted.email !== undefined && wanted.email !== before.email && wanted.email_verified === undefined) all['email_verified'] = false
  for (const member of METADATA) if (wanted[member]) all[member] = merged(before[member] ?? {}, wanted[member])
  const changed: Record<string, unknown> = {}
  const after: Record<string, unknown> = { ...before }
  for (const [member, value] of Object.entries(all)) {
    const to = value === null ? undefined : value
    if (value === undefined || isDeepStrictEqual(after[member], to)) continue
    changed[member] = to
    if (to === undefined) delete after[member]
    else after[member] = to
  }
  return { changed, after }
}

const merged = (before: UserMetadata, wanted: UserMetadata): UserMetadata =>
  Object.fromEntries(Object.entries({ ...before, ...wanted }).filter(([, value]) => value !== null))
