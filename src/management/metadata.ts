import { type AttachedMetadata, checkMetadata, InvalidMetadataError } from '../metadata.js'
import { typeOf } from './validation/rules.js'
import { invalidBody, refusedBody } from './validation/valid-body.js'

/**
 * What a PATCH sets on a refresh token or a session: null clears all, a member that is null is left out (spec/refresh-tokens.md §11).
 * Errors: ManagementError 400.
 */
export function metadataOf(value: Readonly<Record<string, unknown>> | null, member: string): AttachedMetadata {
  const entries = Object.entries(value ?? {}).filter(([, text]) => text !== null)
  const [wrong] = entries.filter(([, text]) => typeof text !== 'string')
  // Auth0 counts before it looks at types of a size that nobody may send.
  if (wrong && entries.length <= 25) throw invalidBody(`Expected type string but found type ${plain(wrong[1])}`, `${member}.${wrong[0].slice(0, 255)}`)
  const metadata = Object.fromEntries(entries) as AttachedMetadata
  try {
    checkMetadata(metadata)
  } catch (error) {
    if (error instanceof InvalidMetadataError) throw refusedBody(error.message)
    throw error
  }
  return metadata
}

/** The published text says number for every number. */
const plain = (value: unknown): string => typeOf(value).replace('integer', 'number')
