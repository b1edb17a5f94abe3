import { ManagementError } from '../../http/management-error.js'
import type { RefreshTokenMetadata } from '../../tokens/index.js'
import { invalidBody } from '../validation/valid-body.js'
import { typeOf } from '../validation/rules.js'

/** What a PATCH sets: null clears all, a member that is null is left out (spec/refresh-tokens.md §11). Errors: ManagementError 400. */
export function metadataOf(value: Readonly<Record<string, unknown>> | null, member: string): RefreshTokenMetadata {
  const entries = Object.entries(value ?? {}).filter(([, text]) => text !== null)
  const [wrong] = entries.filter(([, text]) => typeof text !== 'string')
  // Auth0 counts before it looks at types of a size that nobody may send.
  if (entries.length > 25) throw new ManagementError(400, TOO_MUCH, 'invalid_body')
  if (wrong) throw invalidBody(`Expected type string but found type ${plain(wrong[1])}`, `${member}.${wrong[0].slice(0, 255)}`)
  return Object.fromEntries(entries) as RefreshTokenMetadata
}

export const TOO_MUCH = 'Metadata must not exceed 25 entries. Each key and value must be ≤ 255 characters.'

/** The published text says number for every number. */
const plain = (value: unknown): string => typeOf(value).replace('integer', 'number')
